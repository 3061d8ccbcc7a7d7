package event

import (
	"context"
	"time"
)

// slack is how far clocks may differ: the newest event may come from another computer.
const slack = 24 * time.Hour

// Health says whether something has happened in the future: the clock is wrong now, or was ahead before.
func (l *Log) Health(ctx context.Context) []Finding {
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
