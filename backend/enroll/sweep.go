package enroll

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// How long what led nowhere stays to look at. Attempts that are done stay: they are where an enrollment begins.
const (
	keepKnocked = 24 * time.Hour
	// keepUnanswered is for those that nobody ever tried to sign in to: anybody can make as many as they like.
	keepUnanswered = sessionLife + time.Hour
	sweepStep      = 500 // unanswered attempts that one transaction forgets
	keepStuck      = 90 * 24 * time.Hour
	sweepEvery     = time.Minute
)

// Run sweeps until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "attempts not swept", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// sweep deletes sessions, tokens and attempts past their time, and counts the open ones for the limit.
func (s *Server) sweep(ctx context.Context) error {
	for more := true; more; {
		err := s.DB.Update(ctx, func(tx *db.Tx) error {
			n, err := s.forgetUnanswered(tx, tx.Now.Add(-keepUnanswered), sweepStep)
			more = n == sweepStep
			return err
		})
		if err != nil {
			return err
		}
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		if err := s.forgetStuck(tx); err != nil {
			return err
		}
		for _, rubbish := range []struct {
			statement string
			before    time.Time
		}{
			{`DELETE FROM sessions WHERE expires_at < $1`, tx.Now.Add(-keepKnocked)}, // until then the page can say "expired"
			{`DELETE FROM tokens WHERE expires_at > 0 AND expires_at < $1`, tx.Now},
			{`DELETE FROM attempts WHERE step = 'knocked' AND updated_at < $1`, tx.Now.Add(-keepKnocked)},
		} {
			if _, err := tx.Exec(rubbish.statement, db.Millis(rubbish.before)); err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.DB.View(ctx, func(tx *db.Tx) error {
		var open int
		if err := tx.Row(`SELECT COUNT(*) FROM attempts WHERE step = 'knocked' AND updated_at > $1`,
			db.Millis(tx.Now.Add(-sessionLife))).Scan(&open); err != nil {
			return fmt.Errorf("count open attempts: %w", err)
		}
		s.limit.counted(open)
		return nil
	})
}

// forgetStuck removes attempts of people who never got to the end, a few at a time, with what others keep of them.
func (s *Server) forgetStuck(tx *db.Tx) error {
	rows, err := tx.Rows(`
		SELECT id FROM attempts
		WHERE step IN ('signed_in', 'offered', 'identified') AND updated_at < $1
		LIMIT $2`, db.Millis(tx.Now.Add(-keepStuck)), sweepStep)
	if err != nil {
		return fmt.Errorf("find attempts that led nowhere: %w", err)
	}
	ids, err := idsOf(rows)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.Erase(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// forgetUnanswered removes attempts that began before a time and that nobody tried to sign in to, the oldest first, with
// all traces: a stranger who knocks all day leaves nothing behind. It says how many.
func (s *Server) forgetUnanswered(tx *db.Tx, before time.Time, limit int) (int, error) {
	rows, err := tx.Rows(`
		SELECT id FROM attempts
		WHERE step = 'knocked' AND updated_at < $1 AND person = '' AND reason = ''
		ORDER BY updated_at
		LIMIT $2`, db.Millis(before), limit)
	if err != nil {
		return 0, fmt.Errorf("find unanswered attempts: %w", err)
	}
	ids, err := idsOf(rows)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := errors.Join(s.Events.Forget(tx, id, ""), s.Erase(tx, id)); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

func idsOf(rows *sql.Rows) ([]string, error) {
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, errors.Join(rows.Err(), rows.Close())
}

// Health says where people got stuck in the last day.
func (s *Server) Health(ctx context.Context) []event.Finding {
	var list []event.Finding
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Rows(`
			SELECT step, COUNT(*) FROM attempts
			WHERE step IN ('signed_in', 'offered', 'identified') AND updated_at BETWEEN $1 AND $2
			GROUP BY step ORDER BY step`,
			db.Millis(tx.Now.Add(-24*time.Hour)), db.Millis(tx.Now.Add(-sessionLife)))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var step string
			var n int
			if err := rows.Scan(&step, &n); err != nil {
				return err
			}
			list = append(list, event.Finding{
				Code: "attempts_stuck", Level: event.Attention,
				Params: map[string]string{"step": step, "count": strconv.Itoa(n)},
			})
		}
		return rows.Err()
	})
	if err != nil {
		s.Log.ErrorContext(ctx, "attempts not examined", "err", err)
	}
	return list
}
