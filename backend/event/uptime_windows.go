package event

import (
	"time"

	"golang.org/x/sys/windows"
)

// uptime is how long the computer has been on, sleep included. It cannot be set.
func uptime() time.Duration { return windows.DurationSinceBoot() }
