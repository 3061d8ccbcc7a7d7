//go:build unix

package admin

import (
	"errors"
	"syscall"
)

// isFull says that a disk has no room left.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
