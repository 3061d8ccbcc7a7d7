package admin

import (
	"context"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

const (
	// week is how far back the overview tells when we were away.
	week = 7 * 24 * time.Hour
	// month is how far back the list of gaps goes unless told otherwise.
	month = 30 * 24 * time.Hour
)

// Gaps are the times at which phones could not reach us.
func (a *API) Gaps(ctx context.Context, in *GapsIn) (*Gaps, error) {
	since, err := moment("since", in.Since)
	if err != nil {
		return nil, err
	}
	if since.IsZero() {
		since = a.DB.Now().Add(-month)
	}
	return a.gaps(ctx, since)
}

func (a *API) gaps(ctx context.Context, since time.Time) (*Gaps, error) {
	var away event.Absence
	err := a.DB.View(ctx, func(tx *db.Tx) (err error) {
		away, err = event.Absences(tx, since, tx.Now)
		return err
	})
	if err != nil {
		return nil, err
	}
	view := &Gaps{Gaps: make([]Gap, 0, len(away.Gaps)), Since: since, Began: away.Began}
	for _, g := range away.Gaps {
		long := int64(g.Until.Sub(g.From) / time.Second)
		view.Gaps = append(view.Gaps, Gap{From: g.From, Until: g.Until, Seconds: long, Reason: g.Reason})
		if g.Reason != event.ClockSet {
			view.Seconds += long
		}
	}
	return view, nil
}

// moment reads a time that was asked for; zero when it was left out.
func moment(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, fieldError(field, "not_time", err)
	}
	return at, nil
}
