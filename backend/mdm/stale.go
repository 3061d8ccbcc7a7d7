package mdm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Rule says after how many days a record may be cleared, for each way in which a phone can be gone; 0 is never. Of silence
// only the time counts in which phones could reach us.
type Rule struct {
	Waiting         int // began to enroll and never finished
	Silent          int // quiet, and woken in vain or not to be woken
	ProbablyRemoved int // Apple says that nobody listens, and it was silent for so long
	MustEnrollAgain int // its identity expired so long ago
	Removed         int // it left so long ago
}

// Share says which of the records that a rule looks at.
type Share string

// The shares of a rule.
const (
	Proposed Share = "proposed" // may be cleared
	Waking   Share = "waking"   // silent for long enough, but nobody has woken it in vain yet
	Pins     Share = "kept"     // would be proposed, or woken, if it were not pinned
)

// stale asks for a share of what a rule looks at.
func (w *where) stale(r Rule, share Share) {
	m := w.moment
	calendar := func(days int) string { return w.arg(db.Millis(m.Now.Add(-time.Duration(days) * 24 * time.Hour))) }
	heard := func(days int) string { return w.arg(db.Millis(m.before(time.Duration(days) * 24 * time.Hour))) }
	var gone []string
	if r.Waiting > 0 {
		gone = append(gone, `e.stage = 'authenticated' AND e.last_seen_at < `+heard(r.Waiting))
	}
	if r.Removed > 0 {
		gone = append(gone, `e.stage = 'removed' AND e.ended_at < `+calendar(r.Removed))
	}
	if r.MustEnrollAgain > 0 {
		gone = append(gone, `e.stage = 'enrolled' AND e.identity_expires_at > 0 AND e.identity_expires_at < `+calendar(r.MustEnrollAgain))
	}
	if r.ProbablyRemoved > 0 {
		gone = append(gone, `e.stage = 'enrolled' AND e.last_seen_at < `+heard(r.ProbablyRemoved)+` AND `+w.stateCode()+` = 5`)
	}
	silent := `1 = 0`
	if r.Silent > 0 {
		from := heard(r.Silent)
		deaf := `(e.token_at = 0 OR e.outcome = 'refused')`
		gone = append(gone, `e.stage = 'enrolled' AND e.last_seen_at < `+from+` AND (`+w.stateCode()+` = 4 OR `+w.stateCode()+` IN (2, 3) AND `+deaf+`)`)
		silent = `e.stage = 'enrolled' AND e.last_seen_at < ` + from + ` AND ` + w.stateCode() + ` IN (2, 3) AND NOT ` + deaf
	}
	any := `1 = 0`
	for _, g := range gone {
		any += ` OR ` + g
	}
	switch share {
	case Waking:
		w.numbers = append(w.numbers, test{text: `NOT e.kept`}, test{text: `(` + silent + `)`})
	case Pins:
		w.numbers = append(w.numbers, test{text: `e.kept`}, test{text: `(` + any + ` OR ` + silent + `)`})
	default:
		w.numbers = append(w.numbers, test{text: `NOT e.kept`}, test{text: `(` + any + `)`})
	}
}

// Summary is what a rule would do.
type Summary struct {
	Proposed     map[string]int // by state
	Waking, Kept int
}

// Stale says what a rule would do. Nothing changes.
func (s *Server) Stale(ctx context.Context, r Rule) (sum Summary, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		sum = Summary{Proposed: map[string]int{}}
		m, err := s.moment(tx)
		if err != nil {
			return err
		}
		w := &where{moment: m}
		w.stale(r, Proposed)
		statement, args := w.use(`
			SELECT x.code, COUNT(*)
			FROM (SELECT ` + w.stateCode() + ` AS code FROM enrollments e WHERE ` + strings.Join(walked(w.numbers), ` AND `) + `) x
			GROUP BY x.code`)
		err = tally(tx, func(code string, n int) {
			i, _ := strconv.Atoi(code)
			sum.Proposed[Codes()[i-1]] = n
		}, statement, args...)
		if err != nil {
			return err
		}
		if sum.Waking, err = s.count(tx, ListQuery{Rule: &r, Share: Waking}); err != nil {
			return err
		}
		sum.Kept, err = s.count(tx, ListQuery{Rule: &r, Share: Pins})
		return err
	})
	if err != nil {
		return Summary{}, fmt.Errorf("look for stale records: %w", err)
	}
	return sum, nil
}

// WakeStale calls the phones that a rule must not judge before somebody has woken them in vain, and says how many.
func (s *Server) WakeStale(ctx context.Context, r Rule) (int, error) {
	ids, err := s.IDs(ctx, ListQuery{Rule: &r, Share: Waking})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return s.Wake(ctx, ids...)
}

// Batch is records that were archived together.
type Batch struct {
	ID       string
	At       time.Time
	Actor    string
	Count    int // how many there were
	Left     int // how many are still archived
	UndoneAt time.Time
}

// Archive puts records away for [ArchivedFor]: those that are named, or all that a rule proposes at this moment. Their open
// commands are cancelled. It is one transaction: all or none, and two that do it at once do not both find the same.
func (s *Server) Archive(ctx context.Context, r *Rule, ids ...string) (b Batch, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		b, err = s.ArchiveIn(tx, r, ids...)
		return err
	})
	if err != nil {
		return Batch{}, fmt.Errorf("archive records: %w", err)
	}
	return b, nil
}

// ArchiveIn is Archive as a part of a larger deed.
func (s *Server) ArchiveIn(tx *db.Tx, r *Rule, ids ...string) (b Batch, err error) {
	b = Batch{ID: db.NewID(), At: tx.Now, Actor: event.Actor(tx.Context())}
	if r != nil {
		b.Count, err = s.archiveStale(tx, *r, b.ID)
	} else {
		b.Count, err = archiveNamed(tx, b.ID, ids)
	}
	if err != nil || b.Count == 0 {
		return b, err
	}
	b.Left = b.Count
	return b, s.archived(tx, b)
}

func (s *Server) archiveStale(tx *db.Tx, r Rule, batch string) (int, error) {
	m, err := s.moment(tx)
	if err != nil {
		return 0, err
	}
	w := &where{moment: m}
	w.stale(r, Proposed)
	statement, args := w.use(`
		UPDATE enrollments AS e SET archived_from = e.stage, stage = 'archived', archived_at = ` + w.arg(db.Millis(tx.Now)) + `, batch = ` + w.arg(batch) + `
		WHERE ` + strings.Join(walked(w.numbers), ` AND `))
	n, err := tx.Exec(statement, args...)
	return int(n), err
}

func archiveNamed(tx *db.Tx, batch string, ids []string) (int, error) {
	count := 0
	for _, id := range ids {
		n, err := tx.Exec(`
			UPDATE enrollments SET archived_from = stage, stage = 'archived', archived_at = $1, batch = $2
			WHERE id = $3 AND stage <> 'archived'`, db.Millis(tx.Now), batch, id)
		if err != nil {
			return 0, err
		}
		count += int(n)
	}
	return count, nil
}

// archived does what belongs to archiving: nobody waits for these phones any more.
func (s *Server) archived(tx *db.Tx, b Batch) error {
	for _, step := range []struct {
		statement string
		args      []any
	}{
		{`
			UPDATE commands SET state = $1, waiting = NULL, answered_at = $2
			WHERE waiting IN (SELECT id FROM enrollments WHERE batch = $3 AND batch <> '')`, []any{string(CommandCancelled), db.Millis(tx.Now), b.ID}},
		{`
			UPDATE pushes SET due_at = 0
			WHERE due_at > 0 AND enrollment IN (SELECT id FROM enrollments WHERE batch = $1 AND batch <> '')`, []any{b.ID}},
		{`INSERT INTO batches (id, at, actor, count, undone_at) VALUES ($1, $2, $3, $4, 0)`, []any{b.ID, db.Millis(b.At), b.Actor, b.Count}},
	} {
		if _, err := tx.Exec(step.statement, step.args...); err != nil {
			return err
		}
	}
	return s.noteBatch(tx, PutAway, b.ID, b.Count)
}

// noteBatch tells about a batch: one event, and for a few phones one on the timeline of each.
func (s *Server) noteBatch(tx *db.Tx, kind event.Kind, batch string, n int) error {
	params := map[string]string{"batch": batch, "count": strconv.Itoa(n)}
	if n > few/50 {
		return s.events.Add(tx, event.Event{Kind: kind, Params: params})
	}
	statement := `SELECT id FROM enrollments WHERE batch = $1 AND batch <> ''`
	ids, err := column(tx, statement, batch)
	if err != nil {
		return err
	}
	for _, id := range ids {
		p, err := find(tx, id)
		if err != nil {
			return err
		}
		if err := s.events.Add(tx, event.Event{Kind: kind, Enrollment: id, Attempt: p.attempt, Person: p.person, Params: params}); err != nil {
			return err
		}
	}
	return nil
}

// ErrNoBatch says that there is nothing left of a batch to undo.
var ErrNoBatch = errors.New("mdm: no such batch, or nothing of it is archived any more")

const unarchive = `UPDATE enrollments SET stage = archived_from, archived_at = 0, archived_from = ''`

// Undo brings back what is still archived of a batch, and says how many.
func (s *Server) Undo(ctx context.Context, batch string) (n int, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err = s.UndoIn(tx, batch)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("undo a batch: %w", err)
	}
	return n, nil
}

// UndoIn is Undo as a part of a larger deed.
func (s *Server) UndoIn(tx *db.Tx, batch string) (int, error) {
	changed, err := tx.Exec(unarchive+` WHERE batch = $1 AND batch <> '' AND stage = 'archived'`, batch)
	if err != nil {
		return 0, err
	}
	n := int(changed)
	if n == 0 {
		return 0, ErrNoBatch
	}
	if _, err := tx.Exec(`UPDATE batches SET undone_at = $1 WHERE id = $2`, db.Millis(tx.Now), batch); err != nil {
		return 0, err
	}
	if err := s.noteBatch(tx, Restored, batch, n); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`UPDATE enrollments SET batch = '' WHERE batch = $1 AND batch <> ''`, batch)
	return n, err
}

// Restore brings back archived records, and says how many there were among these.
func (s *Server) Restore(ctx context.Context, ids ...string) (count int, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		count = 0
		for _, id := range ids {
			n, err := tx.Exec(unarchive+`, batch = '' WHERE id = $1 AND stage = 'archived'`, id)
			if err != nil {
				return err
			}
			p, err := find(tx, id)
			if err != nil {
				return err
			}
			if !p.found {
				return fmt.Errorf("%s: %w", id, ErrUnknown)
			}
			if n == 0 {
				continue
			}
			count++
			if err := s.events.Add(tx, event.Event{Kind: Restored, Enrollment: id, Attempt: p.attempt, Person: p.person}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("restore records: %w", err)
	}
	return count, nil
}

// Batches are the batches of which something can still be undone, the newest first.
func (s *Server) Batches(ctx context.Context) ([]Batch, error) {
	var list []Batch
	err := s.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := tx.Rows(`
			SELECT b.id, b.at, b.actor, b.count, COUNT(*)
			FROM batches b JOIN enrollments e ON e.batch = b.id AND e.batch <> ''
			WHERE b.undone_at = 0 AND e.stage = 'archived'
			GROUP BY b.id, b.at, b.actor, b.count
			ORDER BY b.at DESC
			LIMIT 100`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var b Batch
			var at int64
			if err := rows.Scan(&b.ID, &at, &b.Actor, &b.Count, &b.Left); err != nil {
				return err
			}
			b.At = db.Time(at)
			list = append(list, b)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	return list, nil
}
