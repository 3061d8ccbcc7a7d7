package move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

// Removal is what the last step does.
type Removal struct {
	Batch string // by which it is undone
	// Count is how many records were removed, Archived how many former enrollments of the same phones were put away here.
	Count, Archived int
	// Elsewhere is how many of them the newest list of the old management still has: there they are to be deleted.
	Elsewhere int
}

// Remove takes the records from the list whose phones have moved: those with these ids, or all. Where such a phone was
// enrolled here before, and its person or an administrator said so, that former record is archived with it. A trial says
// what it would do.
func (a *Assistant) Remove(ctx context.Context, trial bool, ids ...string) (out Removal, err error) {
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		out = Removal{Batch: db.NewID()}
		board, err := a.board(tx)
		if err != nil {
			return err
		}
		var moved []Entry
		var former []string
		for _, e := range board.Entries {
			if e.Code != StateMoved || len(ids) > 0 && !slices.Contains(ids, e.ID) {
				continue
			}
			moved = append(moved, e)
			if e.Phone != nil && e.Phone.Former != "" && e.Phone.Same == mdm.SameYes {
				former = append(former, e.Phone.Former)
			}
			if e.GoneAt.IsZero() {
				out.Elsewhere++
			}
		}
		if out.Count = len(moved); out.Count == 0 {
			return nil
		}
		archived, err := a.MDM.ArchiveIn(tx, nil, former...)
		if err != nil {
			return err
		}
		if out.Archived = archived.Count; out.Archived > 0 {
			out.Batch = archived.ID
		}
		for _, e := range moved {
			r := e.Record
			r.RemovedAt, r.Batch = tx.Now, out.Batch
			if e.Phone != nil {
				r.Enrollment = e.Phone.ID
			}
			if err := save(tx, r); err != nil {
				return err
			}
		}
		if trial {
			return errTrial
		}
		return a.Events.Add(tx, event.Event{Kind: Removed, Params: map[string]string{"count": strconv.Itoa(out.Count), "batch": out.Batch}})
	})
	if err != nil && !errors.Is(err, errTrial) {
		return Removal{}, fmt.Errorf("remove previous records: %w", err)
	}
	return out, nil
}

// Restore brings back what was removed together, and says how many records.
func (a *Assistant) Restore(ctx context.Context, batch string) (count int, err error) {
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		count = 0
		all, err := records(tx)
		if err != nil {
			return err
		}
		for _, r := range all {
			if r.Batch != batch || r.RemovedAt.IsZero() {
				continue
			}
			r.RemovedAt, r.Batch = time.Time{}, ""
			if r.Settled == "" {
				r.Enrollment = ""
			}
			if err := save(tx, r); err != nil {
				return err
			}
			count++
		}
		if count == 0 {
			return ErrUndone
		}
		if _, err := a.MDM.UndoIn(tx, batch); err != nil && !errors.Is(err, mdm.ErrNoBatch) {
			return err
		}
		return a.Events.Add(tx, event.Event{Kind: Restored, Params: map[string]string{"count": strconv.Itoa(count), "batch": batch}})
	})
	if err != nil {
		return 0, fmt.Errorf("bring previous records back: %w", err)
	}
	return count, nil
}
