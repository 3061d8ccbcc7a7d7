package mdm

import (
	"context"
	"fmt"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Retire takes work off phones: each removes the enrollment profile, and with it what came by it and nothing else, when it
// next connects. Its acknowledgement is the proof. It says for how many that is new.
func (s *Server) Retire(ctx context.Context, profileIdentifier string, ids ...string) (int, error) {
	return s.Enqueue(ctx, Filter{IDs: ids}, EndManagement(profileIdentifier))
}

// Stay takes [Server.Retire] back for those phones that have not answered yet, and says how many there were. One that has
// fetched the command already may obey it all the same.
func (s *Server) Stay(ctx context.Context, ids ...string) (int, error) {
	n := 0
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		n = 0
		for _, id := range ids {
			p, err := find(tx, id)
			switch {
			case err != nil:
				return err
			case !p.found:
				return fmt.Errorf("%s: %w", id, ErrUnknown)
			}
			withdrawn, err := tx.Exec(`
				UPDATE commands SET state = $1, waiting = NULL, answered_at = $2
				WHERE waiting = $3 AND ends`, string(CommandCancelled), db.Millis(tx.Now), id)
			if err != nil {
				return err
			}
			if withdrawn == 0 {
				continue
			}
			n++
			err = s.events.Add(tx, event.Event{Kind: Staying, Actor: event.Actor(ctx), Enrollment: id, Attempt: p.attempt, Person: p.person})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("let phones stay: %w", err)
	}
	return n, nil
}
