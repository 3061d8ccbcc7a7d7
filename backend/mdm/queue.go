package mdm

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

// Filter chooses enrollments that commands go to: some by name, or all that are enrolled.
type Filter struct {
	IDs []string
	All bool
}

// CommandRecord is a command and what became of it.
type CommandRecord struct {
	UUID        string
	Enrollment  string
	RequestType string
	State       CommandState
	Actor       string
	QueuedAt    time.Time
	SentAt      time.Time
	AnsweredAt  time.Time
	ExpiresAt   time.Time
	Reason      string // what the phone said when it could not
}

// queueStep bounds how many phones one transaction queues for, so that others get their turn.
const queueStep = 250

// Enqueue queues commands for the phones of the filter, wakes them, and says for how many there is something new. A
// question that is still open is not asked twice. A phone that is not enrolled is passed over; an unknown one is
// ErrUnknown, before anything is queued for those after it. Of several commands those are left out that the settings
// forbid; one alone is ErrForbidden then.
func (s *Server) Enqueue(ctx context.Context, f Filter, commands ...Command) (int, error) {
	n := 0
	for after, ids := "", f.IDs; ; {
		step, err := s.step(ctx, f.All, after, ids)
		if err != nil {
			return n, fmt.Errorf("queue commands: %w", err)
		}
		if len(step) == 0 {
			return n, nil
		}
		queued := 0
		err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
			queued, err = s.enqueue(tx, step, commands, f.All)
			return err
		})
		if err != nil {
			return n, fmt.Errorf("queue commands: %w", err)
		}
		n += queued
		after = step[len(step)-1]
		if !f.All {
			ids = ids[len(step):]
		}
	}
}

// step is the next few enrollments to queue for.
func (s *Server) step(ctx context.Context, all bool, after string, ids []string) ([]string, error) {
	if !all {
		return ids[:min(len(ids), queueStep)], nil
	}
	var step []string
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Rows(`
			SELECT id FROM enrollments WHERE id > $1 AND stage = $2 ORDER BY id LIMIT $3`, after, string(StageEnrolled), queueStep)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			step = append(step, id)
		}
		return rows.Err()
	})
	return step, err
}

// enqueue queues commands for some phones. Of many that are not named, only the number goes into the record.
func (s *Server) enqueue(tx *db.Tx, ids []string, commands []Command, many bool) (n int, err error) {
	if commands, err = s.permitted(tx, commands); err != nil {
		return 0, err
	}
	actor := event.Actor(tx.Context())
	counts := make([]int, len(commands))
	for _, id := range ids {
		p, err := find(tx, id)
		if err != nil {
			return 0, err
		}
		if !p.found {
			return 0, fmt.Errorf("%s: %w", id, ErrUnknown)
		}
		if p.stage != StageEnrolled {
			continue
		}
		isNew := false
		for i, c := range commands {
			uuid, err := queue(tx, id, c, actor)
			if err != nil {
				return 0, err
			}
			if uuid == "" {
				continue
			}
			isNew = true
			counts[i]++
			if many {
				continue
			}
			kind := Queued
			if c.ends {
				kind = Retiring
			}
			err = s.events.Add(tx, event.Event{
				Kind: kind, Actor: actor, Enrollment: id, Attempt: p.attempt, Person: p.person,
				Params: map[string]string{"type": c.requestType, "command": uuid},
			})
			if err != nil {
				return 0, err
			}
		}
		if isNew {
			n++
		}
		if err := s.wake(tx, id); err != nil {
			return 0, err
		}
	}
	for i, c := range commands {
		if !many || counts[i] == 0 {
			continue
		}
		err := s.events.Add(tx, event.Event{Kind: Queued, Actor: actor, Params: map[string]string{"type": c.requestType, "count": strconv.Itoa(counts[i])}})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}

// permitted are the commands that the settings allow, with no more questions than they allow.
func (s *Server) permitted(tx *db.Tx, commands []Command) ([]Command, error) {
	p, err := s.privacy(tx)
	if err != nil {
		return nil, err
	}
	var all []Command
	for _, c := range commands {
		if c, ok := c.within(p); ok {
			all = append(all, c)
		}
	}
	if len(all) == 0 && len(commands) > 0 {
		return nil, &ErrForbidden{RequestType: commands[0].requestType, Reason: "the settings say that phones are not asked for this"}
	}
	return all, nil
}

// queue adds a command and gives its UUID, or "" if the same question, or the end of the management, is open already.
func queue(tx *db.Tx, id string, c Command, actor string) (string, error) {
	if c.asks || c.ends {
		var open int
		err := tx.Row(`
			SELECT COUNT(*) FROM commands WHERE waiting = $1 AND request_type = $2 AND ends = $3 AND expires_at > $4`,
			id, c.requestType, c.ends, db.Millis(tx.Now)).Scan(&open)
		if err != nil {
			return "", fmt.Errorf("look into the queue: %w", err)
		}
		if open > 0 {
			return "", nil
		}
	}
	uuid := db.NewID()
	body, err := c.encode(uuid)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(`
		INSERT INTO commands (uuid, enrollment, waiting, request_type, ends, state, actor, queued_at, sent_at, answered_at, expires_at, reason, body)
		VALUES ($1, $2, $2, $3, $4, $5, $6, $7, 0, 0, $8, '', $9)`,
		uuid, id, c.requestType, c.ends, string(CommandPending), actor, db.Millis(tx.Now), db.Millis(tx.Now.Add(c.lives)), body)
	if err != nil {
		return "", fmt.Errorf("queue command: %w", err)
	}
	return uuid, nil
}

// Cancel takes an open command out of the queue. One that a phone already has may be carried out all the same.
func (s *Server) Cancel(ctx context.Context, uuid string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		var id, requestType string
		err := tx.Row(`
			UPDATE commands SET state = $1, waiting = NULL, answered_at = $2
			WHERE uuid = $3 AND waiting IS NOT NULL
			RETURNING enrollment, request_type`,
			string(CommandCancelled), db.Millis(tx.Now), uuid).Scan(&id, &requestType)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("cancel command %s: %w", uuid, ErrUnknown)
		}
		if err != nil {
			return fmt.Errorf("cancel command: %w", err)
		}
		return s.events.Add(tx, event.Event{
			Kind: Cancelled, Actor: event.Actor(ctx), Enrollment: id, Params: map[string]string{"type": requestType, "command": uuid},
		})
	})
}

// Commands lists the commands of an enrollment, the newest first, at most 200.
func (s *Server) Commands(ctx context.Context, id string) ([]CommandRecord, error) {
	var list []CommandRecord
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Rows(`
			SELECT uuid, enrollment, request_type, state, actor, queued_at, sent_at, answered_at, expires_at, reason
			FROM commands
			WHERE enrollment = $1
			ORDER BY uuid DESC
			LIMIT 200`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c CommandRecord
			var queued, sent, answered, expires int64
			if err := rows.Scan(&c.UUID, &c.Enrollment, &c.RequestType, &c.State, &c.Actor, &queued, &sent, &answered, &expires, &c.Reason); err != nil {
				return err
			}
			c.QueuedAt, c.SentAt, c.AnsweredAt, c.ExpiresAt = db.Time(queued), db.Time(sent), db.Time(answered), db.Time(expires)
			list = append(list, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list commands: %w", err)
	}
	return list, nil
}

// Apps lists the apps under management on a phone.
func (s *Server) Apps(ctx context.Context, id string) ([]App, error) {
	var list []App
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Rows(`
			SELECT identifier, name, version, status FROM managed_apps WHERE enrollment = $1 ORDER BY identifier`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var a App
			if err := rows.Scan(&a.Identifier, &a.Name, &a.Version, &a.Status); err != nil {
				return err
			}
			list = append(list, a)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list managed apps: %w", err)
	}
	return list, nil
}

// expire ends the commands that nobody fetched in time.
func expire(tx *db.Tx) (int64, error) {
	n, err := tx.Exec(`
		UPDATE commands SET state = $1, waiting = NULL, answered_at = $2
		WHERE waiting IS NOT NULL AND expires_at <= $2`, string(CommandExpired), db.Millis(tx.Now))
	if err != nil {
		return 0, fmt.Errorf("expire commands: %w", err)
	}
	return n, nil
}
