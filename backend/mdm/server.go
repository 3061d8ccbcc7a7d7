package mdm

import (
	"context"
	"errors"
	"log/slog"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/settings"
)

// The events of an enrollment.
const (
	Authenticated event.Kind = "enrollment.authenticated"
	Enrolled      event.Kind = "enrollment.enrolled"
	Renewed       event.Kind = "enrollment.renewed"   // the phone has a new identity certificate
	SignedIn      event.Kind = "enrollment.signed_in" // the person signed in again; the phone has a new token
	Left          event.Kind = "enrollment.removed"
	Returned      event.Kind = "enrollment.returned"
	Turned        event.Kind = "enrollment.refused"  // a message that was not the phone's to send
	Retiring      event.Kind = "enrollment.retiring" // work is to be taken off the phone
	Staying       event.Kind = "enrollment.staying"  // that was taken back
	Queued        event.Kind = "command.queued"
	Answered      event.Kind = "command.answered"
	Cancelled     event.Kind = "command.cancelled"
	Remarked      event.Kind = "enrollment.remarked" // somebody wrote about it: name, notes, tags, own fields
	PutAway       event.Kind = "enrollment.archived"
	Restored      event.Kind = "enrollment.restored"
	Purged        event.Kind = "enrollment.purged"
	Pinned        event.Kind = "enrollment.kept" // never to be cleared
	Unpinned      event.Kind = "enrollment.not_kept"
	Linked        event.Kind = "enrollment.linked" // it is the phone of a former enrollment, as an administrator says
	Unlinked      event.Kind = "enrollment.unlinked"
	// Somebody has accepted what clean-ups will do; one was too much at once.
	CleanupAccepted event.Kind = "cleanup.accepted"
	CleanupStopped  event.Kind = "cleanup.stopped"

	PushGone    event.Kind = "push.gone"
	PushRefused event.Kind = "push.refused"
)

// ErrTokenUnknown is what [Tokens.Grant] says of a token that is unknown, expired or revoked.
var ErrTokenUnknown = errors.New("mdm: token unknown, expired or revoked")

// ErrUnknown says that there is no such enrollment or command.
var ErrUnknown = errors.New("mdm: no such enrollment")

// Grant is what a bearer token stands for: a person who signed in, in one attempt to enroll.
type Grant struct {
	Attempt        string
	Person         string
	Name           string
	ManagedAccount string
	// Enrollment is set once the token belongs to one.
	Enrollment string
	// Nickname is what the person calls the phone, Group the group they chose. Same is what they said when asked whether
	// the phone is the one of the enrollment Former: one of the Same constants, or "" when nobody asked.
	Nickname, Group, Same, Former string
}

// What a person says about a phone that may be one we know.
const (
	SameYes    = "yes"
	SameNo     = "no"
	SameUnsure = "unsure"
)

// Tokens knows the bearer tokens and follows the attempts. It stands upstairs, in enroll.
type Tokens interface {
	// Grant says whose token this is, or ErrTokenUnknown.
	Grant(tx *db.Tx, token string) (Grant, error)
	// Enrolling says that Authenticate was accepted with this token: the attempt has a certificate and an enrollment.
	Enrolling(tx *db.Tx, token, attempt, enrollmentID string) error
	// Enrolled says that the first TokenUpdate came: the attempt is done.
	Enrolled(tx *db.Tx, attempt, enrollmentID string) error
	// SignInAgain gives the value of WWW-Authenticate that sends this phone's person to the sign-in page. Of a phone that
	// is not enrolled yet only the attempt is known. ErrTokenUnknown: that is forgotten too.
	SignInAgain(tx *db.Tx, attempt, enrollmentID string) (challenge string, err error)
	// Left says that the phone has gone: its tokens are worth nothing from now on.
	Left(tx *db.Tx, enrollmentID string) error
}

// Declarations answers declarative management. It stands upstairs, in ddm.
type Declarations interface {
	Answer(tx *db.Tx, enrollmentID, endpoint string, data []byte) (status int, body []byte, err error)
	// Forget drops what a phone reported in a former life.
	Forget(tx *db.Tx, enrollmentID string) error
}

// Config is what a Server stands on.
type Config struct {
	DB           *db.DB
	PKI          *pki.Authority
	APNS         *apns.Client
	Events       *event.Log
	Tokens       Tokens
	Declarations Declarations
	// Settings say what phones are asked for; nil asks for all there is.
	Settings *settings.Store
	Log      *slog.Logger
}

// Server is the far end of the protocol.
type Server struct {
	db           *db.DB
	pki          *pki.Authority
	apns         *apns.Client
	events       *event.Log
	tokens       Tokens
	declarations Declarations
	settings     *settings.Store
	log          *slog.Logger

	due     chan struct{} // one signal: somebody is to be woken
	reading chan struct{} // slots for reading large messages
	large   chan struct{} // slots for taking large messages apart
	refused *refusals
}

// New puts the server together. It asks apns to guard the topic that phones listen to.
func New(c Config) *Server {
	s := &Server{
		db: c.DB, pki: c.PKI, apns: c.APNS, events: c.Events, tokens: c.Tokens, declarations: c.Declarations, settings: c.Settings, log: c.Log,
		due: make(chan struct{}, 1), reading: make(chan struct{}, 8), large: make(chan struct{}, 2), refused: newRefusals(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.settings != nil {
		s.settings.Follow(s.Minimize)
	}
	s.apns.Guard(func(tx *db.Tx, oldTopic, newTopic string) error {
		n, err := s.Enrolled(tx)
		if err != nil || n == 0 {
			return err
		}
		return &apns.ErrTopicChanged{Have: oldTopic, Got: newTopic, Enrollments: n}
	})
	return s
}

// Health says what is wrong with reaching the phones, and which of them somebody should look at.
func (s *Server) Health(ctx context.Context) []event.Finding {
	var f []event.Finding
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		f, err = s.needs(tx)
		return err
	})
	if err != nil {
		s.log.ErrorContext(ctx, "health of enrollments not known", "err", err)
		return []event.Finding{{Code: "enrollments_unreadable", Level: event.Broken}}
	}
	return f
}
