package mdm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// ErrNotArchived says that a record cannot be erased before it was archived.
var ErrNotArchived = errors.New("mdm: only archived records can be erased")

// Receipt is what remains of records that were erased. It has nothing about anybody.
type Receipt struct {
	ID     string
	At     time.Time
	Actor  string
	Phones int
}

// Overdue are archived records whose time to be brought back is over, at most so many.
func (s *Server) Overdue(ctx context.Context, most int) (ids []string, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		ids, err = column(tx, `
			SELECT id FROM enrollments WHERE stage = 'archived' AND archived_at > 0 AND archived_at < $1 AND NOT kept ORDER BY archived_at LIMIT $2`,
			db.Millis(tx.Now.Add(-ArchivedFor)), most)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for archived records past their time: %w", err)
	}
	return ids, nil
}

// archivedAttempt is the attempt that an archived record came from.
func (s *Server) archivedAttempt(tx *db.Tx, id string) (string, error) {
	p, err := find(tx, id)
	switch {
	case err != nil:
		return "", err
	case !p.found:
		return "", fmt.Errorf("%s: %w", id, ErrUnknown)
	case p.stage != StageArchived:
		return "", fmt.Errorf("%s: %w", id, ErrNotArchived)
	}
	return p.attempt, nil
}

// Purge erases archived records with all that this room keeps of them. Other rooms erase their part in erase, which is
// told the id and the attempt that the record came from. A receipt remains.
func (s *Server) Purge(tx *db.Tx, ids []string, erase func(tx *db.Tx, id, attempt string) error) (Receipt, error) {
	r := Receipt{ID: db.NewID(), At: tx.Now, Actor: event.Actor(tx.Context()), Phones: len(ids)}
	for _, id := range ids {
		attempt, err := s.archivedAttempt(tx, id)
		if err != nil {
			return r, err
		}
		if _, err := tx.Exec(`UPDATE devices SET former = '' WHERE former = $1`, id); err != nil {
			return r, fmt.Errorf("forget who came after: %w", err)
		}
		if err := s.Erase(tx, id); err != nil {
			return r, err
		}
		if err := erase(tx, id, attempt); err != nil {
			return r, err
		}
	}
	if len(ids) == 0 {
		return r, nil
	}
	_, err := tx.Exec(`INSERT INTO receipts (id, at, actor, phones) VALUES ($1, $2, $3, $4)`, r.ID, db.Millis(r.At), r.Actor, r.Phones)
	if err != nil {
		return r, fmt.Errorf("keep the receipt: %w", err)
	}
	return r, s.events.Add(tx, event.Event{Kind: Purged, Params: map[string]string{"count": strconv.Itoa(r.Phones), "receipt": r.ID}})
}

// Receipts are those of the records that were erased, the newest first.
func (s *Server) Receipts(ctx context.Context) ([]Receipt, error) {
	var list []Receipt
	err := s.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := tx.Rows(`SELECT id, at, actor, phones FROM receipts ORDER BY at DESC, id DESC LIMIT 200`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r Receipt
			var at int64
			if err := rows.Scan(&r.ID, &at, &r.Actor, &r.Phones); err != nil {
				return err
			}
			r.At = db.Time(at)
			list = append(list, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list receipts: %w", err)
	}
	return list, nil
}
