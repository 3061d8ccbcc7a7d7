package backend

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// What can be in the way of a start, beside the errors of package db. Each message says what to do.
var (
	// ErrHeld says that another process serves this data folder; see [HeldError].
	ErrHeld = errors.New("another Gatehouse is already running on this data folder")
	// ErrFolder says that the data folder cannot be used.
	ErrFolder = errors.New("the data folder cannot be used")
	// ErrClock says that this computer's clock cannot be right. With it, certificates would be made that no phone accepts.
	ErrClock = errors.New("the clock of this computer is wrong")
	// ErrAdminAddress refuses to serve the screens in clear text to other computers.
	ErrAdminAddress = errors.New("the admin address must be on this computer, for example 127.0.0.1:8444")
	// ErrKey says that the sealing key does not open what the database keeps sealed.
	ErrKey = errors.New("the sealing key does not belong to this database; put back the key that was used before")
)

// HeldError leads to the process that holds the data folder.
type HeldError struct {
	Data    string
	Running Running // zero while that process is still starting
}

func (e *HeldError) Error() string {
	if e.Running.PID == 0 {
		return fmt.Sprintf("%s (%s)", ErrHeld, e.Data)
	}
	return fmt.Sprintf("%s (%s): process %d, screens at %s", ErrHeld, e.Data, e.Running.PID, e.Running.Admin)
}

// Is makes it an [ErrHeld].
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// ListenError says that an address cannot be listened on.
type ListenError struct {
	Purpose string // "phones" or "screens"
	Addr    string
	Err     error
}

func (e *ListenError) Error() string {
	if e.Taken() {
		return fmt.Sprintf("listen for %s on %s: another program uses this port; stop it or choose another port", e.Purpose, e.Addr)
	}
	return fmt.Sprintf("listen for %s: %v", e.Purpose, e.Err)
}

func (e *ListenError) Unwrap() error { return e.Err }

// Taken says whether another program has the port.
func (e *ListenError) Taken() bool {
	return errors.Is(e.Err, syscall.EADDRINUSE) || windowsTaken(e.Err)
}

// windowsTaken knows WSAEADDRINUSE, which is not EADDRINUSE there.
func windowsTaken(err error) bool {
	var no syscall.Errno
	const wsaeAddrInUse = 10048
	return errors.As(err, &no) && no == wsaeAddrInUse
}

func wrongClock(now, evidence time.Time, what string) error {
	return fmt.Errorf("%w: it says %s, but %s is of %s; set the clock and start again",
		ErrClock, now.Format(time.DateTime), what, evidence.Format(time.DateTime))
}
