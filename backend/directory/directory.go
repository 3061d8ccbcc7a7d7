package directory

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// What happened to the people of the local directory.
const (
	Added           event.Kind = "person.added"
	Removed         event.Kind = "person.removed"
	Locked          event.Kind = "person.locked"
	Unlocked        event.Kind = "person.unlocked"
	PasswordSet     event.Kind = "person.password_set"
	CodeMade        event.Kind = "person.code_made"
	CodeUsed        event.Kind = "person.code_used"
	AccountOverride event.Kind = "person.managed_account_set"
)

// Errors that a person can do something about, each with a text of the portal.
var (
	ErrIdentifier      = errors.New("directory: not an identifier that a person could have")
	ErrUnavailable     = errors.New("directory: cannot be reached")
	ErrBusy            = errors.New("directory: too many sign-ins at once")
	ErrPasswordExpired = errors.New("directory: the password has expired")
	ErrDisabled        = errors.New("directory: the account is switched off")
	ErrNotAllowed      = errors.New("directory: not a member of the group that may enroll")
	ErrCodeUnknown     = errors.New("directory: enrollment code unknown")
	ErrCodeUsed        = errors.New("directory: enrollment code used or expired")
)

// Errors of the administrator's side.
var (
	ErrUnknown          = errors.New("directory: no such person")
	ErrExists           = errors.New("directory: the person exists already")
	ErrNoManagedAccount = errors.New("directory: no Managed Apple Account for this person")
	ErrPassword         = errors.New("directory: a password has 1 to 256 characters")
	ErrTwice            = errors.New("directory: the person is in the list twice")
	ErrPasswords        = errors.New("directory: too many passwords at once")
	ErrAddress          = errors.New("directory: a Managed Apple Account is NAME@DOMAIN")
)

// WrongError says that identifier and password do not belong together.
type WrongError struct {
	Left int // tries before a pause
}

func (e *WrongError) Error() string {
	return fmt.Sprintf("directory: account or password is not right, %d tries left", e.Left)
}

// LockedError says that there were too many wrong tries.
type LockedError struct {
	Until time.Time
	Wait  time.Duration // from now on
}

func (e *LockedError) Error() string {
	return "directory: too many tries, locked until " + e.Until.UTC().Format(time.RFC3339)
}

// Where a person was found.
const (
	FromLocal = "local"
	FromLDAP  = "ldap"
	FromCode  = "code"
)

// Person is somebody who has proved who they are.
type Person struct {
	Identifier     string // folded
	Name           string
	ManagedAccount string // set for this person, or the value of the directory's attribute; may be empty
	Source         string // FromLocal, FromLDAP or FromCode
	// Groups are the names of those of the settings' groups that the person is in, in their order.
	Groups []string
}

// Proof is what a person brings: a password or a code.
type Proof struct {
	Identifier string
	Password   string
	Code       string
	Attempt    string // a code that was spent on this attempt may be shown again for it: people tap twice
	Address    netip.Addr
}

// LogValue keeps the secrets of a proof out of the log.
func (p Proof) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("identifier_length", len(p.Identifier)), slog.String("address", p.Address.String()))
}

// String keeps the secrets of a proof out of error texts.
func (p Proof) String() string { return "[proof]" }

// Directory is the people.
type Directory struct {
	db       *db.DB
	settings *settings.Store
	events   *event.Log
	log      *slog.Logger
	hasher   *hasher
	turns    *turns
	limits   *limits
	lines    chan struct{} // one for each open connection to the LDAP server
}

// New is a directory on d.
func New(d *db.DB, st *settings.Store, l *event.Log, log *slog.Logger) *Directory {
	return &Directory{
		db: d, settings: st, events: l, log: log,
		hasher: newHasher(), turns: newTurns(), limits: newLimits(), lines: make(chan struct{}, maxLines),
	}
}
