//go:build !linux && !darwin && !windows

package event

import "time"

var started = time.Now() //nolint:forbidigo // never stored nor compared with a stored time: only how far it has moved on counts

// uptime is how long the program has run, by the clock that cannot be set. Whether it counts sleep depends on the system.
func uptime() time.Duration { return time.Since(started) }
