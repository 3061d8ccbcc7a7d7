package mdm

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// What can become of a clean-up.
const (
	CleanupReport = "report" // nothing was done: it says what would be
	CleanupDone   = "done"
	CleanupBraked = "braked" // nothing was done: it would have been too much at once
)

// Cleanup is one automatic clean-up, or the report of what it would do.
type Cleanup struct {
	ID         string
	At         time.Time
	Outcome    string
	Rule       Rule
	Most       int // per cent of all records that it may take
	Records    int // that there were, without archived ones
	Proposed   int // how many of them the rule takes
	Woken      int // how many silent phones were called first; of a report, how many would be
	Kept       int // pinned, and so left alone
	Batch      string
	Left       int // how many of the batch are still archived
	AcceptedAt time.Time
	AcceptedBy string
}

var (
	// ErrNoReport says that there is no such report to accept.
	ErrNoReport = errors.New("mdm: no such report")
	// ErrReportOld says that a report is too old to be accepted: what it shows may not be so any more.
	ErrReportOld = errors.New("mdm: this report is more than a day old")
)

const (
	// reportLives is how long a report can be accepted.
	reportLives = 24 * time.Hour
	// rewake is how long a clean-up leaves a phone alone that was called: called every day, it would never count as
	// called in vain.
	rewake = 2
	// cleanupSlack is how much earlier than a day or a week after the last one a clean-up may begin.
	cleanupSlack = 30 * time.Minute
)

// accepted is what somebody accepts: a rule and its brake, as they are stored and compared.
type accepted struct {
	Rule Rule
	Most int
}

func (a accepted) String() string {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // plain numbers
	}
	return string(text)
}

// PlanCleanup says what an automatic clean-up by this rule would do. Its report is kept: only a rule whose report was
// accepted ever runs.
func (s *Server) PlanCleanup(ctx context.Context, r Rule, most int) (c Cleanup, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		c = Cleanup{Outcome: CleanupReport, Rule: r, Most: most}
		if err := s.survey(tx, &c); err != nil {
			return err
		}
		call, err := s.callable(tx, r)
		if err != nil {
			return err
		}
		c.Woken = len(call)
		return keepCleanup(tx, &c)
	})
	if err != nil {
		return Cleanup{}, fmt.Errorf("plan a clean-up: %w", err)
	}
	return c, nil
}

// AcceptCleanup lets clean-ups do from now on what a report says, every day or week.
func (s *Server) AcceptCleanup(ctx context.Context, id, every string) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := oneCleanup(tx, `id = $1 AND outcome = 'report'`, id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("%s: %w", id, ErrNoReport)
		case err != nil:
			return err
		case tx.Now.Sub(c.At) > reportLives:
			return fmt.Errorf("%s: %w", id, ErrReportOld)
		}
		_, err = tx.Exec(`UPDATE cleanups SET accepted_at = $1, accepted_by = $2 WHERE id = $3`, db.Millis(tx.Now), event.Actor(tx.Context()), id)
		if err != nil {
			return err
		}
		err = s.events.Add(tx, event.Event{Kind: CleanupAccepted, Params: map[string]string{"count": strconv.Itoa(c.Proposed)}})
		if err != nil {
			return err
		}
		return s.settings.ChangeIn(tx, false, func(now *settings.Settings) error {
			now.Cleanup.Automatic, now.Cleanup.Rule, now.Cleanup.Most = true, settings.CleanupRule(c.Rule), c.Most
			if every != "" {
				now.Cleanup.Every = every
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("accept a clean-up: %w", err)
	}
	return nil
}

// CleanupState is how automatic clean-up stands.
type CleanupState struct {
	Settings settings.Cleanup
	Accepted *Cleanup  // the report of its rule that was accepted; nil: nobody has
	Braked   *Cleanup  // the run that was too much; nil: there was none since a report was accepted
	NextAt   time.Time // when it is due; zero while it does not run
	Runs     []Cleanup // the newest first
}

// Runs says whether it runs by itself.
func (c CleanupState) runs() bool {
	return c.Settings.Automatic && c.Accepted != nil && c.Braked == nil
}

// historyShown is how many runs are listed.
const historyShown = 30

// CleanupState is how automatic clean-up stands.
func (s *Server) CleanupState(ctx context.Context) (c CleanupState, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err = s.cleanupState(tx)
		return err
	})
	if err != nil {
		return CleanupState{}, fmt.Errorf("look at automatic clean-up: %w", err)
	}
	return c, nil
}

func (s *Server) cleanupState(tx *db.Tx) (CleanupState, error) {
	now, err := s.settings.In(tx)
	if err != nil {
		return CleanupState{}, err
	}
	c := CleanupState{Settings: now.Cleanup}
	rule := accepted{Rule(now.Cleanup.Rule), now.Cleanup.Most}
	last, err := oneCleanup(tx, `outcome = 'report' AND rule = $1 AND accepted_at > 0 ORDER BY accepted_at DESC, id DESC LIMIT 1`, rule.String())
	switch {
	case err == nil:
		c.Accepted = &last
	case !errors.Is(err, sql.ErrNoRows):
		return c, err
	}
	if c.Runs, err = cleanups(tx, `outcome IN ('done', 'braked') ORDER BY id DESC LIMIT $1`, historyShown); err != nil {
		return c, err
	}
	if len(c.Runs) > 0 && c.Runs[0].Outcome == CleanupBraked && c.Accepted != nil && !c.Runs[0].At.Before(c.Accepted.AcceptedAt) {
		c.Braked = &c.Runs[0]
	}
	if c.runs() {
		c.NextAt = tx.Now
		if len(c.Runs) > 0 && c.Runs[0].Outcome == CleanupDone {
			span := 24 * time.Hour
			if now.Cleanup.Every == "week" {
				span *= 7
			}
			c.NextAt = c.Runs[0].At.Add(span)
		}
	}
	return c, nil
}

// allowed is how many records a run may put away. What an accepted report has shown may go in the first run after it.
func (c CleanupState) allowed(records int) int {
	most := (records*c.Settings.Most + 99) / 100
	if len(c.Runs) == 0 || c.Runs[0].At.Before(c.Accepted.AcceptedAt) {
		return max(most, c.Accepted.Proposed)
	}
	return most
}

// CleanUp does what the settings ask for, if it is due: it calls silent phones first, and puts away what the accepted rule
// proposes, unless that is more than may go at once. It gives nil when there was nothing to do yet.
func (s *Server) CleanUp(ctx context.Context) (*Cleanup, error) {
	var call []string
	var due bool
	err := s.db.View(ctx, func(tx *db.Tx) error {
		state, err := s.cleanupState(tx)
		if due = err == nil && state.due(tx.Now); !due {
			return err
		}
		call, err = s.callable(tx, state.Accepted.Rule)
		return err
	})
	if err != nil || !due {
		return nil, wrapped("look whether to clean up", err)
	}
	woken, err := s.Wake(ctx, call...)
	if err != nil {
		return nil, err
	}
	var run *Cleanup
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		run, err = s.cleanUp(tx, woken)
		return err
	})
	return run, wrapped("clean up", err)
}

func wrapped(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (c CleanupState) due(now time.Time) bool {
	return c.runs() && !now.Before(c.NextAt.Add(-cleanupSlack))
}

// cleanUp judges. Whether it is due is asked again: another process may have been faster, or the settings are others now.
func (s *Server) cleanUp(tx *db.Tx, woken int) (*Cleanup, error) {
	state, err := s.cleanupState(tx)
	if err != nil || !state.due(tx.Now) {
		return nil, err
	}
	run := &Cleanup{Outcome: CleanupDone, Rule: state.Accepted.Rule, Most: state.Settings.Most, Woken: woken}
	if err := s.survey(tx, run); err != nil {
		return nil, err
	}
	if run.Proposed > state.allowed(run.Records) {
		run.Outcome = CleanupBraked
		err := s.events.Add(tx, event.Event{Kind: CleanupStopped, Params: map[string]string{"count": strconv.Itoa(run.Proposed)}})
		if err != nil {
			return nil, err
		}
		return run, keepCleanup(tx, run)
	}
	if run.Proposed > 0 {
		b, err := s.ArchiveIn(tx, &run.Rule)
		if err != nil {
			return nil, err
		}
		run.Batch, run.Proposed = b.ID, b.Count
	}
	return run, keepCleanup(tx, run)
}

// survey counts what a rule looks at.
func (s *Server) survey(tx *db.Tx, c *Cleanup) error {
	err := tx.Row(`SELECT COUNT(*) FROM enrollments WHERE stage <> 'archived'`).Scan(&c.Records)
	if err != nil {
		return err
	}
	if c.Proposed, err = s.count(tx, ListQuery{Rule: &c.Rule, Share: Proposed}); err != nil {
		return err
	}
	c.Kept, err = s.count(tx, ListQuery{Rule: &c.Rule, Share: Pins})
	return err
}

// callable are the silent phones that a clean-up calls before it judges them, without those that were called lately.
func (s *Server) callable(tx *db.Tx, r Rule) ([]string, error) {
	all, err := s.ids(tx, ListQuery{Rule: &r, Share: Waking})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	lately, err := s.ids(tx, ListQuery{Rule: &r, Share: Waking, Filter: []Condition{{"woken_at", Within, strconv.Itoa(rewake)}}})
	called := map[string]bool{}
	for _, id := range lately {
		called[id] = true
	}
	return slices.DeleteFunc(all, func(id string) bool { return called[id] }), err
}

func keepCleanup(tx *db.Tx, c *Cleanup) error {
	c.ID, c.At = db.NewID(), tx.Now
	_, err := tx.Exec(`
		INSERT INTO cleanups (id, at, outcome, rule, records, proposed, woken, kept, batch, accepted_at, accepted_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '')`,
		c.ID, db.Millis(c.At), c.Outcome, accepted{c.Rule, c.Most}.String(), c.Records, c.Proposed, c.Woken, c.Kept, c.Batch)
	return err
}

func oneCleanup(tx *db.Tx, where string, args ...any) (Cleanup, error) {
	list, err := cleanups(tx, where, args...)
	if err == nil && len(list) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return Cleanup{}, err
	}
	return list[0], nil
}

func cleanups(tx *db.Tx, where string, args ...any) ([]Cleanup, error) {
	rows, err := tx.Rows(`
		SELECT id, at, outcome, rule, records, proposed, woken, kept, batch, accepted_at, accepted_by,
			(SELECT COUNT(*) FROM enrollments e WHERE e.batch = cleanups.batch AND e.batch <> '' AND e.stage = 'archived')
		FROM cleanups
		WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Cleanup
	for rows.Next() {
		var c Cleanup
		var at, acceptedAt int64
		var rule string
		err := rows.Scan(&c.ID, &at, &c.Outcome, &rule, &c.Records, &c.Proposed, &c.Woken, &c.Kept, &c.Batch, &acceptedAt, &c.AcceptedBy, &c.Left)
		if err != nil {
			return nil, err
		}
		var a accepted
		if err := json.Unmarshal([]byte(rule), &a); err != nil {
			return nil, fmt.Errorf("read the rule of a clean-up: %w", err)
		}
		c.Rule, c.Most, c.At, c.AcceptedAt = a.Rule, a.Most, db.Time(at), db.Time(acceptedAt)
		list = append(list, c)
	}
	return list, rows.Err()
}
