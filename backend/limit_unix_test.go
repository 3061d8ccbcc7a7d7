//go:build unix

package backend_test

import (
	"os"
	"os/signal"
	"syscall"
)

// fillDisk is the signal on which the disk of a child is full.
const fillDisk = syscall.SIGUSR1

// diskCanFill plays a full disk from the signal on, or from now on: no file may grow beyond a page.
func diskCanFill(now bool) {
	signal.Ignore(syscall.SIGXFSZ) // so that a write fails, as on a full disk
	limit := func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}); err != nil {
			panic(err)
		}
	}
	if now {
		limit()
		return
	}
	full := make(chan os.Signal, 1)
	signal.Notify(full, fillDisk)
	go func() {
		<-full
		limit()
	}()
}
