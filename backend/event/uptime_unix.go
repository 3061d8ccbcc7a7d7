//go:build linux || darwin

package event

import (
	"time"

	"golang.org/x/sys/unix"
)

// uptime is how long the computer has been on, sleep included. It cannot be set.
func uptime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(sinceBoot, &t); err != nil {
		panic(err) // every kernel that Go runs on has this clock
	}
	return time.Duration(t.Nano())
}
