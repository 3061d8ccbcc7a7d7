//go:build unix

package backend_test

import (
	"os/signal"
	"strconv"
	"syscall"
)

// childLimit names how large a file of the child may grow: its disk is full then.
const childLimit = "GATEHOUSE_TEST_FILE_SIZE"

func limitFiles(bytes string) error {
	if bytes == "" {
		return nil
	}
	n, err := strconv.ParseUint(bytes, 10, 64)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ) // so that a write fails, as on a full disk
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
}
