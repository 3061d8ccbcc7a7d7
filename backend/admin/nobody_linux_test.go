package admin_test

import (
	"runtime"
	"syscall"
	"testing"
)

// asNobody runs f with the rights of a user who owns nothing: the tests of CI are root's, who is forbidden nothing.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	runtime.LockOSThread() // the rights are those of a thread
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setfsuid(syscall.Getuid()); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}
