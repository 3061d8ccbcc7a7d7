package enroll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// The steps of an attempt, in their order.
const (
	StepKnocked    = "knocked"    // the phone has asked; its person has not signed in yet
	StepSignedIn   = "signed_in"  // the person has proved who they are, and is at the pages or done with them
	StepOffered    = "offered"    // the phone has the profile
	StepIdentified = "identified" // the phone has its certificate and said Authenticate
	StepDone       = "done"       // the phone is enrolled, or signed in again
)

// What can be wrong with the session in an address of the sign-in pages.
var (
	ErrSessionUnknown = errors.New("enroll: session unknown")
	ErrSessionUsed    = errors.New("enroll: session already used")
	ErrSessionExpired = errors.New("enroll: session expired")
	// ErrNotReady says that no phone could finish: the server is not set up, or has no push certificate.
	ErrNotReady = errors.New("enroll: not ready for phones")
	// ErrNotSignedIn says that the session is one where nobody has signed in.
	ErrNotSignedIn = errors.New("enroll: nobody has signed in here")
	// ErrOtherPerson is an [ErrSessionUsed]: somebody else has signed in here, or has to.
	ErrOtherPerson = fmt.Errorf("%w: by another person", ErrSessionUsed)
)

// Attempt is one try to enroll, or to sign in again. What the phone said about itself may be missing or wrong; nothing
// in it identifies the phone.
type Attempt struct {
	ID string
	// Ref is the short reference that a person can read out, "K7-31Q".
	Ref string
	// Step is how far the attempt came, Reason what went wrong last.
	Step, Reason string
	// Language, Product, Build and OSVersion are from the signed MachineInfo.
	Language, Product, Build, OSVersion string
	// Origin says whose signature MachineInfo bears, "apple", "anchor" or "unknown".
	Origin string
	// Identifier, Person, Name and ManagedAccount are known from the sign-in on.
	Identifier, Person, Name, ManagedAccount string
	// Enrollment is known from Authenticate on. When the phone was asked to sign in again, it is known from the start.
	Enrollment           string
	CreatedAt, UpdatedAt time.Time

	// Chosen is the language that the person chose on a page; empty: none.
	Chosen string
	// Groups are those that the person is in, Group the one they chose or the only one.
	Groups []string
	Group  string
	// Nickname is what the person calls the phone.
	Nickname string
	// Same is what the person says about the enrollment Former: mdm.SameYes, SameNo or SameUnsure; empty: not answered.
	Same, Former string
	// Answered are the pages of the sheet that the person has answered. What they hold may be there before, from a start
	// that led nowhere.
	Answered []string
	// Page is the page where the person is.
	Page string

	// Proven and Spent are of the session that the attempt was found by: somebody has signed in there, and it is theirs
	// alone; somebody has signed in there and went on under another address.
	Proven, Spent bool
}

// Again says whether this is a sign-in of a phone that is enrolled already.
func (a Attempt) Again() bool { return a.Origin == originAgain }

// originAgain stands in the place of a signature where there was none: the phone had proved itself by its identity.
const originAgain = "enrolled"

// AccessToken proves a sign-in. It prints as "[token]".
type AccessToken string

func (AccessToken) String() string       { return "[token]" }
func (AccessToken) GoString() string     { return "[token]" }
func (AccessToken) LogValue() slog.Value { return slog.StringValue("[token]") }

// sessionLife is how long a person has for the sign-in, and then for each page; portal text done.stuck promises that
// answers are remembered as long.
const sessionLife = 15 * time.Minute

// Session finds the attempt of a session in an address of the sign-in pages. Its errors come with the attempt, where
// there is one, so that a page can speak the right language and show the reference.
func (s *Server) Session(ctx context.Context, session string) (Attempt, error) {
	var a Attempt
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		a, err = attemptOf(tx, session)
		return err
	})
	return a, err
}

// Note remembers why a person could not go on, "password" or "locked": where people get stuck. The attempt stays open.
func (s *Server) Note(ctx context.Context, session, reason string) error {
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		a, err := attemptOf(tx, session)
		if a.ID == "" {
			return err
		}
		return s.note(tx, a, reason)
	})
	if err != nil {
		return fmt.Errorf("note on an attempt: %w", err)
	}
	return nil
}

// note writes a reason once, however often it keeps the person from going on: a sign-in page may be sent for ever.
func (s *Server) note(tx *db.Tx, a Attempt, reason string) error {
	reason = clean(reason, 200)
	if a.Reason == reason {
		return nil
	}
	a.Reason = reason
	if err := save(tx, a); err != nil {
		return err
	}
	return s.stuck(tx, a)
}

// stuck tells that somebody could not go on.
func (s *Server) stuck(tx *db.Tx, a Attempt) error {
	return s.Events.Add(tx, event.Event{
		Kind: Stuck, Actor: "person", Attempt: a.ID, Enrollment: a.Enrollment, Person: a.Person,
		Params: map[string]string{"ref": a.Ref, "step": a.Step, "reason": a.Reason},
	})
}

// AttemptQuery chooses attempts. Empty fields choose all.
type AttemptQuery struct {
	ID, Ref, Step, Person, Enrollment string
	// Open leaves out those that are done.
	Open  bool
	Since time.Time
	// Limit is the most to return; 0 is 200.
	Limit int
}

// Attempts lists the chosen attempts, the newest first.
func (s *Server) Attempts(ctx context.Context, q AttemptQuery) ([]Attempt, error) {
	var list []Attempt
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		list, err = s.In(tx, q)
		return err
	})
	return list, err
}

// In is Attempts inside a transaction.
func (s *Server) In(tx *db.Tx, q AttemptQuery) ([]Attempt, error) {
	if q.Limit <= 0 {
		q.Limit = 200
	}
	list, err := attempts(tx, q)
	if err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	return list, nil
}

// OnErase adds somebody upstairs who keeps something of attempts, to be told when one is erased.
func (s *Server) OnErase(erase func(tx *db.Tx, attempt string) error) {
	s.erasers = append(s.erasers, erase)
}

// Erase removes all traces of an attempt: of a rehearsal, which leaves nothing behind, of one that led nowhere, and of one
// whose phone is cleared.
func (s *Server) Erase(tx *db.Tx, attempt string) error {
	for _, erase := range s.erasers {
		if err := erase(tx, attempt); err != nil {
			return err
		}
	}
	for _, statement := range []string{
		`DELETE FROM tokens WHERE attempt = $1`,
		`DELETE FROM sessions WHERE attempt = $1`,
		`DELETE FROM attempts WHERE id = $1`,
	} {
		if _, err := tx.Exec(statement, attempt); err != nil {
			return fmt.Errorf("erase attempt: %w", err)
		}
	}
	return nil
}
