package mdm

import (
	"context"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

const (
	// askMost is how many phones are asked at a time by the clock: the others wait for the next time, so that not all of
	// them call at once.
	askMost = 2000
	// askHeard: a phone that was not heard for so long is not asked by the clock. Clean-up calls those; one that comes back
	// is asked then.
	askHeard = 30 * 24 * time.Hour
)

// Inventory are the questions that tell what a phone is like: those that one is asked when it has enrolled.
func Inventory() []Command { return []Command{DeviceInformation(), SecurityInfo()} }

// AskAround asks the phones anew whose inventory is older than the settings want it, and says how many there were. In
// quiet hours it asks nobody. Nobody is asked twice: not while a question is open, nor before the same time has passed
// since the last one, however it was answered.
func (s *Server) AskAround(ctx context.Context) (int, error) {
	ctx = event.WithActor(ctx, "system")
	asked := 0
	for asked < askMost {
		var some int
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			ids, err := s.unheardOf(tx, queueStep)
			if err != nil || len(ids) == 0 {
				some = 0
				return err
			}
			some, err = s.enqueue(tx, ids, Inventory(), true)
			return err
		})
		if err != nil {
			return asked, fmt.Errorf("ask phones what they are like: %w", err)
		}
		if some == 0 {
			break
		}
		asked += some
	}
	return asked, nil
}

// unheardOf are phones that are to be asked now, those first whose inventory is the oldest.
func (s *Server) unheardOf(tx *db.Tx, most int) ([]string, error) {
	now, err := s.settings.In(tx)
	if err != nil {
		return nil, err
	}
	before, ok := now.Inventory.Before(tx.Now)
	if !ok || now.Inventory.Quiet(tx.Now.Local()) {
		return nil, nil
	}
	// In a CASE the stage, which most share, does not keep SQLite from the index of the inventories.
	return column(tx, `
		SELECT e.id FROM enrollments e
		WHERE CASE WHEN e.stage = $1 THEN 1 ELSE 0 END = 1 AND e.information_at < $2 AND e.last_seen_at >= $3
			AND e.token_at > 0 AND e.gone_at = 0 AND e.outcome <> 'refused'
			AND NOT EXISTS (
				SELECT 1 FROM commands c
				WHERE c.enrollment = e.id AND c.request_type = 'DeviceInformation'
					AND (c.waiting IS NOT NULL AND c.expires_at > $4 OR c.queued_at >= $2))
		ORDER BY e.information_at, e.n
		LIMIT $5`, string(StageEnrolled), db.Millis(before), db.Millis(tx.Now.Add(-askHeard)), db.Millis(tx.Now), most)
}
