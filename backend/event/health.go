package event

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"example.org/gatehouse/backend/db"
)

// slack is how far clocks may differ: the newest event may come from another computer.
const slack = 24 * time.Hour

// Health says whether somebody else wrote in the trail, whether something has happened in the future, which is the clock's
// fault now or was before, and whether phones could not reach us lately.
func (l *Log) Health(ctx context.Context) []Finding {
	return slices.Concat(l.trailHealth(ctx), l.clockHealth(ctx), l.presenceHealth(ctx))
}

// trailHealth looks at the end of the chain, where it goes on. Only Verify looks at all of it.
func (l *Log) trailHealth(ctx context.Context) []Finding {
	err := l.db.View(ctx, func(tx *db.Tx) error {
		_, err := l.endOf(tx)
		return err
	})
	if errors.Is(err, ErrBroken) || errors.Is(err, db.ErrSealed) {
		return []Finding{{Code: "trail_broken", Level: Broken}}
	}
	return nil
}

const (
	lately = 24 * time.Hour
	// worthSaying is how long we must have been away for somebody to hear of it.
	worthSaying = time.Hour
)

func (l *Log) presenceHealth(ctx context.Context) []Finding {
	var a Absence
	err := l.db.View(ctx, func(tx *db.Tx) (err error) {
		a, err = Absences(tx, tx.Now.Add(-lately), tx.Now)
		return err
	})
	if err != nil {
		return nil // a database that cannot be read has a finding of its own
	}
	var away time.Duration
	var until time.Time
	for _, g := range a.Gaps {
		if g.Reason != ClockSet {
			away += g.Until.Sub(g.From)
			until = g.Until
		}
	}
	if away < worthSaying {
		return nil
	}
	return []Finding{{Code: "server_was_away", Level: Attention, Params: map[string]string{
		"count": strconv.Itoa(int(away.Round(time.Hour) / time.Hour)), "until": until.UTC().Format(time.RFC3339),
	}}}
}

func (l *Log) clockHealth(ctx context.Context) []Finding {
	newest, err := l.List(ctx, Query{Newest: true, Limit: 1})
	if err != nil || len(newest) == 0 {
		return nil // a database that cannot be read has a finding of its own
	}
	now := l.db.Now()
	if !now.Before(newest[0].At.Add(-slack)) {
		return nil
	}
	return []Finding{{Code: "clock.ahead_before", Level: Attention, Params: map[string]string{
		"now": now.UTC().Format(time.RFC3339), "newest": newest[0].At.UTC().Format(time.RFC3339),
	}}}
}
