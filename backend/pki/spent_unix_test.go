//go:build unix

package pki

import (
	"time"

	"golang.org/x/sys/unix"
)

// spent is the processor time that fn costs this process.
func spent(fn func()) time.Duration {
	before := cpu()
	fn()
	return cpu() - before
}

func cpu() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
