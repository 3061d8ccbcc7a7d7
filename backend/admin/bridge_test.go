package admin

import "context"

// WriteStanding does now what the loop does every few minutes.
func (a *API) WriteStanding(ctx context.Context) []Finding {
	r, err := a.rooms()
	if err != nil {
		panic(err)
	}
	a.stood(ctx, a.standing(ctx, r))
	return a.standingFinding(ctx)
}

// Tidy does now what the loop does every few minutes.
func (a *API) Tidy(ctx context.Context) error { return a.tidy(ctx) }
