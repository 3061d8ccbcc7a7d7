package move

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// What happens in a move.
const (
	Imported event.Kind = "move.imported"
	Matched  event.Kind = "move.matched"
	Invited  event.Kind = "move.invited"
	Reminded event.Kind = "move.reminded"
	Settled  event.Kind = "move.settled" // somebody said that it has moved
	Dropped  event.Kind = "move.left_out"
	Reopened event.Kind = "move.reopened" // what was said was taken back
	Removed  event.Kind = "move.removed"
	Restored event.Kind = "move.restored"
	Closed   event.Kind = "move.closed"
)

// Errors that an administrator can do something about.
var (
	ErrNone     = errors.New("move: there is no move")
	ErrUnknown  = errors.New("move: no such record")
	ErrNobody   = errors.New("move: nobody is known whose phone this is")
	ErrPhone    = errors.New("move: no phone of this person is enrolled under this id, or another record has it")
	ErrDeadline = errors.New("move: letters say until when")
	ErrProfile  = errors.New("move: letters say which profile to remove")
	ErrUndone   = errors.New("move: nothing was removed under this name, or it was brought back")
)

// Config is what the assistant stands on.
type Config struct {
	DB        *db.DB
	Events    *event.Log
	Settings  *settings.Store
	Text      *text.Store
	Directory *directory.Directory
	MDM       *mdm.Server
	Enroll    *enroll.Server
}

// Assistant helps with a move.
type Assistant struct{ Config }

// New is the assistant of a house.
func New(c Config) *Assistant { return &Assistant{c} }

// Kind is how a phone was managed before.
type Kind string

// The kinds.
const (
	ByProfile Kind = "profile" // a profile of the old kind for personal phones: Jamf's Personal Device Profile
	ByUser    Kind = "user"    // User Enrollment
	ByOther   Kind = "other"   // a personal phone, some other way
	ByCompany Kind = "company" // the organization's own; such lines are left out
)

// Record is a phone of the old list.
type Record struct {
	ID      string
	Source  string // which list it is from
	Number  string // what the old management calls the record
	Name    string
	Model   string
	OS      string
	Email   string // this and the next two as the old list has them
	Account string
	Full    string
	Kind    Kind
	SeenAt  time.Time // there
	// GoneAt is since when the old management does not have the phone any more; zero: the newest list has it.
	GoneAt time.Time
	// Person is whose phone it is, by How; else Guess may be, by Guessed. Sure is how sure that is, in per cent.
	Person, How    string
	Guess, Guessed string
	Sure           int
	InvitedAt      time.Time
	RemindedAt     time.Time
	Settled        string // SettledMoved or LeftOut
	Enrollment     string // the phone here that it is: somebody said so, or it was so when it was removed
	RemovedAt      time.Time
	Batch          string

	listedAt time.Time
}

// What people say about a record, against which no evidence is heard.
const (
	SettledMoved = "moved"
	LeftOut      = "left_out" // it will not move, and is not counted
)

// Terms are what the letters say.
type Terms struct {
	OldProfile string    // what the old profile is called on a phone
	Deadline   time.Time // zero: not said yet
}

// theOne is the key of the one move that there is.
const theOne = "move"

// terms are those of the move, and whether there is one.
func terms(tx *db.Tx) (Terms, bool, error) {
	var t Terms
	var deadline int64
	err := tx.Row(`SELECT old_profile, deadline FROM moves WHERE id = $1`, theOne).Scan(&t.OldProfile, &deadline)
	if errors.Is(err, sql.ErrNoRows) {
		return t, false, nil
	}
	t.Deadline = db.Time(deadline)
	return t, err == nil, err
}

// Begun says whether there is a move.
func (a *Assistant) Begun(ctx context.Context) (begun bool, err error) {
	err = a.DB.View(ctx, func(tx *db.Tx) error {
		_, begun, err = terms(tx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look whether there is a move: %w", err)
	}
	return begun, nil
}

// SetTerms says what the letters are to say.
func (a *Assistant) SetTerms(ctx context.Context, t Terms) error {
	t.OldProfile = strings.TrimSpace(t.OldProfile)
	if !fits(t.OldProfile) {
		return fmt.Errorf("set the terms of the move: %w", ErrProfile)
	}
	err := a.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE moves SET old_profile = $1, deadline = $2 WHERE id = $3`, t.OldProfile, db.Millis(t.Deadline), theOne)
		if err == nil && n == 0 {
			return ErrNone
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("set the terms of the move: %w", err)
	}
	return nil
}

// maxWords is how long a cell of the old list may be, in letters.
const maxWords = 250

// fits says whether words may be kept: not too long, and nothing in them that nobody can see.
func fits(s string) bool {
	return utf8.RuneCountInString(s) <= maxWords && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// Settle says of records that they have moved, or will not, whatever the evidence; "" takes back what was said. Moved with
// a phone says which one it is.
func (a *Assistant) Settle(ctx context.Context, as, phone string, ids ...string) error {
	err := a.DB.Update(ctx, func(tx *db.Tx) error {
		for _, id := range ids {
			r, err := record(tx, id)
			if err != nil {
				return err
			}
			if phone != "" {
				if err := a.free(tx, r, phone); err != nil {
					return err
				}
			}
			r.Settled, r.Enrollment, r.RemovedAt, r.Batch = as, phone, time.Time{}, ""
			if err := save(tx, r); err != nil {
				return err
			}
			kind := map[string]event.Kind{SettledMoved: Settled, LeftOut: Dropped, "": Reopened}[as]
			err = a.Events.Add(tx, event.Event{Kind: kind, Person: r.Person, Enrollment: phone})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle records of the move: %w", err)
	}
	return nil
}

// free says whether a phone is one of the record's person and no other record has it.
func (a *Assistant) free(tx *db.Tx, r Record, phone string) error {
	phones, err := mdm.Phones(tx, r.Person)
	if err != nil {
		return err
	}
	for _, p := range phones {
		if p.ID != phone || p.Stage != mdm.StageEnrolled {
			continue
		}
		var n int
		if err := tx.Row(`SELECT COUNT(*) FROM move_records WHERE enrollment = $1 AND id <> $2`, phone, r.ID).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", phone, ErrPhone)
}

// Close ends the move: nothing of it stays but that it was. It says how many records were erased.
func (a *Assistant) Close(ctx context.Context) (count int, err error) {
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		board, err := a.board(tx)
		if err != nil {
			return err
		}
		count = len(board.Entries)
		for _, statement := range []string{`DELETE FROM move_records`, `DELETE FROM moves`} {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		return a.Events.Add(tx, event.Event{Kind: Closed, Params: map[string]string{
			"total": strconv.Itoa(board.Total), "moved": strconv.Itoa(board.Moved),
		}})
	})
	if err != nil {
		return 0, fmt.Errorf("close the move: %w", err)
	}
	return count, nil
}

// Forget erases the records that are this phone: it is purged.
func (a *Assistant) Forget(tx *db.Tx, enrollment string) error {
	_, err := tx.Exec(`DELETE FROM move_records WHERE enrollment = $1 AND enrollment <> ''`, enrollment)
	if err != nil {
		return fmt.Errorf("forget a record of the move: %w", err)
	}
	return nil
}
