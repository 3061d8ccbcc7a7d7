package mdm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

var (
	// ErrOtherPerson says that the two enrollments belong to two people: an administrator has to release the record.
	ErrOtherPerson = errors.New("mdm: the enrollments belong to two people")
	// ErrLink says that an enrollment cannot continue another: it is the same, began earlier, or that one is continued already.
	ErrLink = errors.New("mdm: the enrollment cannot continue this one")
)

// carryOver is what a record takes from the one that it continues. What is not here stays with the former record: commands
// and their answers, push data, apps, what the phone told, and everything about the person.
var carryOver = []struct {
	name string
	// released says whether it is carried over to another person too: what describes the phone is, what may describe its
	// former person is not.
	released bool
	carry    func(next, former *Enrollment)
}{
	{"nickname", false, func(next, former *Enrollment) {
		if next.Remarks.Nickname == "" {
			next.Remarks.Nickname = former.Remarks.Nickname
		}
	}},
	{"notes", false, func(next, former *Enrollment) {
		switch both := next.Remarks.Notes + "\n\n" + former.Remarks.Notes; {
		case next.Remarks.Notes == "":
			next.Remarks.Notes = former.Remarks.Notes
		case former.Remarks.Notes != "" && !strings.Contains(next.Remarks.Notes, former.Remarks.Notes) && len([]rune(both)) <= NotesLength:
			next.Remarks.Notes = both
		}
	}},
	{"tags", true, func(next, former *Enrollment) {
		all := next.Remarks.with(RemarksChange{Tag: former.Remarks.Tags}).Tags
		next.Remarks.Tags = all[:min(len(all), TagsMost)]
	}},
	{"fields", true, func(next, former *Enrollment) {
		for i, text := range former.Remarks.Fields {
			if next.Remarks.Fields[i] == "" {
				next.Remarks.Fields[i] = text
			}
		}
	}},
	{"pin", true, func(next, former *Enrollment) {
		if next.Kept.Reason == "" {
			next.Kept = former.Kept
		}
		former.Kept = Keep{} // it moves: the former record may be cleared
	}},
}

// Link says that an enrollment is the phone of a former one, and carries over what people wrote about it. When the two
// belong to two people, an administrator has to release the record.
func (s *Server) Link(ctx context.Context, id, formerID string, release bool) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		next, err := get(tx, id)
		if err != nil {
			return err
		}
		former, err := get(tx, formerID)
		if err != nil {
			return err
		}
		if next.Person != former.Person && !release {
			return ErrOtherPerson
		}
		if id == formerID || !former.AuthenticatedAt.Before(next.AuthenticatedAt) {
			return ErrLink // what begins later cannot be continued by it, so no circle can close
		}
		var others int
		err = tx.Row(`SELECT COUNT(*) FROM devices WHERE former = $1 AND same = 'yes' AND enrollment <> $2`, formerID, id).Scan(&others)
		if err != nil {
			return err
		}
		if others > 0 {
			return ErrLink
		}
		if _, err := tx.Exec(`UPDATE devices SET former = $1, same = 'yes' WHERE enrollment = $2`, formerID, id); err != nil {
			return err
		}
		if err := s.carry(tx, next, former); err != nil {
			return err
		}
		return s.events.Add(tx, event.Event{
			Kind: Linked, Enrollment: id, Attempt: next.Attempt, Person: next.Person, Params: map[string]string{"former": formerID},
		})
	})
	if err != nil {
		return fmt.Errorf("link %s to %s: %w", id, formerID, err)
	}
	return nil
}

// carry moves what carryOver lists.
func (s *Server) carry(tx *db.Tx, next, former Enrollment) error {
	before, pin := next, former.Kept.Reason
	for _, c := range carryOver {
		if c.released || next.Person == former.Person {
			c.carry(&next, &former)
		}
	}
	if len(before.Remarks.difference(next.Remarks)) > 0 {
		n, _, err := remarksOf(tx, next.ID)
		if err != nil {
			return err
		}
		if err := writeRemarks(tx, next.ID, n, next.Remarks); err != nil {
			return err
		}
	}
	if pin == "" {
		return nil
	}
	if _, err := s.keepRecord(tx, next.ID, next.Kept.Reason); err != nil {
		return err
	}
	_, err := s.keepRecord(tx, former.ID, "")
	return err
}

// Unlink says that an enrollment is not the phone of a former one. What was carried over stays: somebody may have changed
// it since.
func (s *Server) Unlink(ctx context.Context, id string) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		e, err := get(tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE devices SET former = '', same = 'no' WHERE enrollment = $1`, id); err != nil {
			return err
		}
		return s.events.Add(tx, event.Event{
			Kind: Unlinked, Enrollment: id, Attempt: e.Attempt, Person: e.Person, Params: map[string]string{"former": e.Former},
		})
	})
	if err != nil {
		return fmt.Errorf("unlink %s: %w", id, err)
	}
	return nil
}

// continueFormer carries over what belongs to the phone that its person recognized when it enrolled.
func (s *Server) continueFormer(tx *db.Tx, id string, g Grant) error {
	if g.Same != SameYes || g.Former == "" || g.Former == id {
		return nil
	}
	former, err := get(tx, g.Former)
	if errors.Is(err, ErrUnknown) || err == nil && former.Person != g.Person {
		return nil // it was erased meanwhile
	}
	if err != nil {
		return err
	}
	next, err := get(tx, id)
	if err != nil {
		return err
	}
	return s.carry(tx, next, former)
}
