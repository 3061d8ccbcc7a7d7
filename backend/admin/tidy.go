package admin

import (
	"context"
	"errors"
	"time"

	"example.org/gatehouse/backend/mdm"
)

// tidyEvery is how often archived records are looked at whose time is over, and how often the list may be due.
const tidyEvery = 10 * time.Minute

// Run erases archived records 30 days after they were put away, cleans up if the settings say so, and writes the list of phones to the folder of the
// settings, until ctx ends. Among several processes one does it.
func (a *API) Run(ctx context.Context) error {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := a.tidy(ctx); err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "archived records not erased", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *API) tidy(ctx context.Context) error {
	r, err := a.rooms()
	if err != nil {
		return nil //nolint:nilerr // before the set-up there is nothing to tidy
	}
	mine, err := a.DB.Lease(ctx, "admin.tidy", tidyEvery)
	if err != nil || !mine {
		return err
	}
	a.stood(ctx, a.standing(ctx, r))
	if run, err := r.MDM.CleanUp(ctx); err != nil {
		a.Log.ErrorContext(ctx, "automatic clean-up not done", "err", err)
	} else if run != nil {
		a.Log.InfoContext(ctx, "automatic clean-up", "outcome", run.Outcome, "records", run.Proposed, "woken", run.Woken, "batch", run.Batch)
	}
	for ctx.Err() == nil {
		ids, err := r.MDM.Overdue(ctx, purgeStep)
		if err != nil || len(ids) == 0 {
			return err
		}
		_, err = a.purge(ctx, r, ids, false)
		if err != nil && !errors.Is(err, mdm.ErrNotArchived) { // one of them called meanwhile
			return err
		}
	}
	return ctx.Err()
}
