package mdm

import "time"

// Stage is what is stored of an enrollment's state. What an administrator sees is said by [Server.Describe].
type Stage string

// The stages.
const (
	StageAuthenticated Stage = "authenticated"
	StageEnrolled      Stage = "enrolled"
	StageRemoved       Stage = "removed"
	StageArchived      Stage = "archived"
)

// How an enrollment ended.
const (
	EndedByCheckOut = "checkout" // the phone said goodbye
	EndedByUs       = "command"  // the enrollment profile was removed on our request
)

// Enrollment is one phone under management.
type Enrollment struct {
	ID             string // Apple's EnrollmentID
	Attempt        string
	Person         string // user identifier
	PersonName     string
	ManagedAccount string
	// Former is the enrollment before this one, of the same person and model, or "".
	Former string
	// Group is the group that the person chose when the phone enrolled.
	Group string
	// Same is what the person said when asked whether it is the phone of Former: SameYes, SameNo, SameUnsure, or "" when
	// nobody asked and it is a guess.
	Same              string
	Stage             Stage
	Device            Device
	Push              Evidence
	LastSeenAt        time.Time
	IdentityExpiresAt time.Time
	AuthenticatedAt   time.Time
	EnrolledAt        time.Time
	EndedAt           time.Time
	EndedBy           string
	RetiringAt        time.Time // since when work is to be taken off it; zero: it is not
	ArchivedAt        time.Time
	Batch             string    // with which it was archived
	FailedAt          time.Time // when it could not carry out a command, if it has not carried out another of that type since
	Remarks           Remarks
	Kept              Keep
}

// Keep is a pin: the record is never proposed for clearing. The zero Keep is none.
type Keep struct {
	Reason string
	By     string
	At     time.Time
}

// Device is what the phone told about itself. Pointers are nil as long as it did not say.
type Device struct {
	ProductName       string // iPhone17,2
	Model             string // iPhone 16 Pro Max
	ModelNumber       string
	Name              string // what its owner calls it
	OSVersion         string
	OSExtra           string // rapid security response, "(a)"
	Build             string
	Capacity          *int64 // bytes
	Available         *int64 // bytes
	Battery           *int64 // per cent
	PasscodePresent   *bool
	PasscodeCompliant *bool
	Encryption        *int64 // Apple's HardwareEncryptionCaps: 3 is all there is
	UserEnrollment    *bool
	InformationAt     time.Time
	SecurityAt        time.Time
	StatusAt          time.Time // last news by declarative management
}

// Evidence is what pushing taught us.
type Evidence struct {
	Reachable bool      // we have a push token
	TokenAt   time.Time // when the phone told it
	SentAt    time.Time // last attempt
	Outcome   string    // its outcome, see package apns
	Reason    string
	GoneAt    time.Time // since when nobody listens, if Apple said so
	DueAt     time.Time // next attempt
}

// App is an app under management.
type App struct{ Identifier, Name, Version, Status string }

// Facts are what declarative management reports about a device. Only what is not empty is stored.
type Facts struct {
	ProductName, Model, OSVersion, Build string
	PasscodePresent, PasscodeCompliant   *bool
}
