package mdm

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

const (
	pushBatch    = 100 // rows claimed at a time
	pushParallel = 16  // pushes under way at a time, all on one connection
	// claimTime is longer than a batch can take; should the process die, another takes the rows then.
	claimTime = 5 * time.Minute
	// lookAgain is how often rows of other processes are looked for.
	lookAgain = time.Second
	// tidyEvery is how often commands that have run out are ended, and phones asked anew what they are like.
	tidyEvery  = 10 * time.Minute
	laterFirst = 30 * time.Second
	laterMost  = time.Hour
	// certificateMost: a new certificate should be used soon after somebody brought it.
	certificateMost = 5 * time.Minute
)

// acceptedPauses: a push that Apple took says nothing about the phone. While a command waits, the phone is called again,
// ever more rarely; Apple keeps the last call for a phone that is off.
var acceptedPauses = []time.Duration{6 * time.Hour, 24 * time.Hour, 72 * time.Hour, 168 * time.Hour}

// wanted is a row of pushes that is due.
type wanted struct {
	id    string
	push  apns.Push
	token time.Time
	tries int
	// outcome is of the last try.
	outcome apns.Outcome
}

// Run wakes phones and tidies the queue until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	tidied := s.db.Now()
	for {
		n, err := s.push(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "phones not woken", "err", err)
		}
		if now := s.db.Now(); now.Sub(tidied) >= tidyEvery {
			tidied = now
			s.tidy(ctx)
		}
		if n == pushBatch && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.due:
		case <-look.C:
		}
	}
}

func (s *Server) tidy(ctx context.Context) {
	mine, err := s.db.Lease(ctx, "mdm.tidy", tidyEvery)
	if err == nil && mine {
		err = s.db.Update(ctx, func(tx *db.Tx) error {
			_, err := expire(tx)
			return err
		})
		if err == nil && s.settings != nil {
			_, err = s.AskAround(ctx)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "queue not tidied", "err", err)
	}
}

// push sends one batch of what is due and says how many.
func (s *Server) push(ctx context.Context) (int, error) {
	batch, err := s.claim(ctx)
	if err != nil {
		return 0, err
	}
	var group errgroup.Group
	group.SetLimit(pushParallel)
	for _, w := range batch {
		group.Go(func() error { return s.call(ctx, w) })
	}
	return len(batch), group.Wait()
}

// claim takes due rows, so that no other process sends the same push.
func (s *Server) claim(ctx context.Context) ([]wanted, error) {
	var batch []wanted
	err := s.db.Claim(ctx, func(tx *db.Tx) error {
		batch = nil
		rows, err := tx.Rows(`
			UPDATE pushes SET claimed_until = $1
			WHERE enrollment IN (
				SELECT enrollment FROM pushes
				WHERE due_at > 0 AND due_at <= $2 AND claimed_until <= $2
				ORDER BY due_at
				LIMIT $3)
			AND claimed_until <= $2
			RETURNING enrollment, topic, token, magic, token_at, tries, outcome`,
			db.Millis(tx.Now.Add(claimTime)), db.Millis(tx.Now), pushBatch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var w wanted
			var at int64
			if err := rows.Scan(&w.id, &w.push.Topic, &w.push.Token, &w.push.Magic, &at, &w.tries, &w.outcome); err != nil {
				return err
			}
			w.token = db.Time(at)
			batch = append(batch, w)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("claim due pushes: %w", err)
	}
	return batch, nil
}

// call wakes one phone and keeps what Apple answered.
func (s *Server) call(ctx context.Context, w wanted) error {
	if w.tries > 0 && w.outcome == apns.Accepted { // what was not accepted has not been said
		needed, err := s.stillNeeded(ctx, w.id)
		if err != nil || !needed {
			return err
		}
	}
	sent := s.db.Now()
	r, err := s.apns.Send(ctx, w.push)
	if ctx.Err() != nil && (err != nil || r.Outcome == apns.Later) {
		return s.release(context.WithoutCancel(ctx), w.id) // we stop: whoever runs next sends it
	}
	if err != nil {
		return err // the claim runs out, and somebody tries again
	}
	return s.db.Update(context.WithoutCancel(ctx), func(tx *db.Tx) error { return s.evidence(tx, w, r, sent) })
}

// release gives a claimed row back.
func (s *Server) release(ctx context.Context, id string) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE pushes SET claimed_until = 0 WHERE enrollment = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("release a push: %w", err)
	}
	return nil
}

// stillNeeded: a repeated call has a reason only while a command waits. It clears the row if none does.
func (s *Server) stillNeeded(ctx context.Context, id string) (needed bool, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		needed, err = hasOpen(tx, id)
		if err != nil || needed {
			return err
		}
		_, err = tx.Exec(`UPDATE pushes SET due_at = 0, claimed_until = 0, tries = 0 WHERE enrollment = $1`, id)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for a reason to wake: %w", err)
	}
	return needed, nil
}

func hasOpen(tx *db.Tx, id string) (bool, error) {
	var n int
	err := tx.Row(`SELECT COUNT(*) FROM commands WHERE waiting = $1 AND expires_at > $2`, id, db.Millis(tx.Now)).Scan(&n)
	return n > 0, err
}

// evidence stores what came of a push, and when to try again. It counts for the token that was called, and not against
// a wish to wake that came up meanwhile.
func (s *Server) evidence(tx *db.Tx, w wanted, r apns.Result, sent time.Time) error {
	gone := r.Outcome == apns.Gone && r.Since.After(w.token)
	var due, goneAt int64
	var kind event.Kind
	switch {
	case r.Outcome == apns.Accepted:
		due = db.Millis(tx.Now.Add(acceptedPauses[min(w.tries, len(acceptedPauses)-1)]))
	case gone:
		kind, goneAt = PushGone, db.Millis(r.Since)
	case r.Outcome == apns.Refused:
		kind = PushRefused
	case r.Outcome == apns.BadCertificate:
		due = db.Millis(tx.Now.Add(min(laterFirst<<min(w.tries, 10), certificateMost)))
	default: // Later, and a 410 that speaks of an older token
		due = db.Millis(tx.Now.Add(min(laterFirst<<min(w.tries, 10), laterMost)))
	}
	n, err := tx.Exec(`
		UPDATE pushes SET
			due_at = CASE WHEN due_at > $1 THEN due_at ELSE $2 END,
			claimed_until = 0, tries = $3, sent_at = $1, outcome = $4, reason = $5, gone_at = $6
		WHERE enrollment = $7 AND token_at = $8`,
		db.Millis(sent), due, w.tries+1, string(r.Outcome), text(r.Reason), goneAt, w.id, db.Millis(w.token))
	if err != nil {
		return fmt.Errorf("keep the push service's answer: %w", err)
	}
	if n == 0 {
		_, err := tx.Exec(`UPDATE pushes SET claimed_until = 0 WHERE enrollment = $1`, w.id)
		return err // the phone has told a new token meanwhile
	}
	if err := showPush(tx, w.id); err != nil || kind == "" {
		return err
	}
	p, err := find(tx, w.id)
	if err != nil {
		return err
	}
	return s.events.Add(tx, event.Event{
		Kind: kind, Actor: "system", Enrollment: w.id, Attempt: p.attempt, Person: p.person,
		Params: map[string]string{"reason": r.Reason, "since": stamp(r.Since)},
	})
}

// wake plans a push for now. A token that Apple turned down is left alone until the phone tells a new one.
func (s *Server) wake(tx *db.Tx, id string) error {
	n, err := tx.Exec(`
		UPDATE pushes SET due_at = $1, tries = 0 WHERE enrollment = $2 AND outcome <> 'refused' AND gone_at = 0`,
		db.Millis(tx.Now), id)
	if err != nil {
		return fmt.Errorf("plan a push: %w", err)
	}
	if n > 0 {
		tx.AfterCommit(s.signal)
	}
	return nil
}

// wakeIfOpen wakes a phone for the commands that wait for it.
func (s *Server) wakeIfOpen(tx *db.Tx, id string) error {
	open, err := hasOpen(tx, id)
	if err != nil || !open {
		return err
	}
	return s.wake(tx, id)
}

// signal tells the push loop of this process that somebody is due. One is enough.
func (s *Server) signal() {
	select {
	case s.due <- struct{}{}:
	default:
	}
}

// Wake calls phones, and says how many can be called: enrolled, with a token that Apple has not turned down.
func (s *Server) Wake(ctx context.Context, ids ...string) (int, error) {
	n := 0
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		n = 0
		for _, id := range ids {
			p, err := find(tx, id)
			if err != nil {
				return err
			}
			if !p.found {
				return fmt.Errorf("%s: %w", id, ErrUnknown)
			}
			called, err := tx.Exec(`
				UPDATE pushes SET due_at = $1, tries = 0 WHERE enrollment = $2 AND outcome <> 'refused'`, db.Millis(tx.Now), id)
			if err != nil {
				return err
			}
			n += int(called)
		}
		tx.AfterCommit(s.signal)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("wake phones: %w", err)
	}
	return n, nil
}
