package admin

import (
	"context"
	"time"

	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

const (
	// today is how far back the funnel looks.
	today = 24 * time.Hour
	// shown is how many attempts the overview lists.
	shown = 20
)

// Version says which program this is.
func (a *API) Version(ctx context.Context, _ *None) (*Version, error) {
	schema, err := a.DB.SchemaVersion(ctx)
	return &Version{Version: a.Config.Version, Commit: a.Commit, Schema: schema}, err
}

// Overview is how the server is and what needs a person.
func (a *API) Overview(ctx context.Context, _ *None) (*Overview, error) {
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	house := a.House.State()
	view := &Overview{
		State: house.State, StateReason: house.Reason, Demo: house.Demo,
		Organization: now.Organization.Name, URL: now.URL,
		PublicAddress: house.PublicAddr, AdminAddress: house.AdminAddr, StartedAt: house.StartedAt,
		Counts: Counts{States: map[string]int{}}, Findings: []Finding{}, Funnel: []FunnelStep{}, Attempts: []Attempt{},
	}
	newest, err := a.Config.Events.List(ctx, event.Query{Newest: true, Limit: 1})
	if err != nil {
		return nil, err
	}
	for _, e := range newest {
		view.Latest = e.Seq
	}
	r, err := a.rooms()
	if err != nil {
		return view, nil //nolint:nilerr // before the set-up there is no more to say
	}
	if view.TLS, err = serverCertificate(ctx, r); err != nil {
		return nil, err
	}
	if view.Push, err = a.push(ctx, r); err != nil {
		return nil, err
	}
	if err := a.addAttempts(ctx, r, view); err != nil {
		return nil, err
	}
	if view.Counts, err = a.counts(ctx, r); err != nil {
		return nil, err
	}
	if view.Away, err = a.gaps(ctx, a.DB.Now().Add(-week)); err != nil {
		return nil, err
	}
	if view.Cleaned, err = a.lastCleaned(ctx, r); err != nil {
		return nil, err
	}
	if view.Moving, err = r.Mover.Begun(ctx); err != nil {
		return nil, err
	}
	view.Findings = needs(a.lately(ctx, r))
	return view, nil
}

// needs are the findings that need a person; what is in order is for the doctor's own list.
func needs(all []Finding) []Finding {
	list := []Finding{}
	for _, f := range all {
		if f.Level != string(event.Good) {
			list = append(list, f)
		}
	}
	return list
}

// addAttempts fills in the funnel and the attempts that have not come to their end.
func (a *API) addAttempts(ctx context.Context, r Rooms, view *Overview) error {
	now := a.DB.Now()
	open, err := r.Enroll.Attempts(ctx, enroll.AttemptQuery{Since: now.Add(-today), Open: true, Limit: shown})
	if err != nil {
		return err
	}
	for _, attempt := range open {
		view.Attempts = append(view.Attempts, viewAttempt(attempt, now))
	}
	view.Funnel, err = a.funnel(ctx, r)
	return err
}

// funnel counts the attempts of the last day by the step they have reached.
func (a *API) funnel(ctx context.Context, r Rooms) ([]FunnelStep, error) {
	now := a.DB.Now()
	attempts, err := r.Enroll.Attempts(ctx, enroll.AttemptQuery{Since: now.Add(-today), Limit: 1000})
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	var funnel []FunnelStep
	for i, step := range []string{enroll.StepKnocked, enroll.StepSignedIn, enroll.StepOffered, enroll.StepIdentified, enroll.StepDone} {
		at[step] = i
		funnel = append(funnel, FunnelStep{Step: step})
	}
	for _, attempt := range attempts {
		step := &funnel[at[attempt.Step]]
		step.Count++
		if enroll.Describe(attempt, now).Stuck() {
			step.Stuck++
		}
	}
	return funnel, nil
}

func (a *API) counts(ctx context.Context, r Rooms) (Counts, error) {
	states, err := r.MDM.Counts(ctx)
	if err != nil {
		return Counts{}, err
	}
	people, err := r.Directory.List(ctx)
	if err != nil {
		return Counts{}, err
	}
	c := Counts{States: states, People: len(people)}
	for state, n := range states {
		c.Total += n
		if state != mdm.Removed && state != mdm.Archived {
			c.Phones += n
		}
	}
	open, err := r.Enroll.Attempts(ctx, enroll.AttemptQuery{Open: true, Since: a.DB.Now().Add(-today), Limit: 1000})
	c.Waiting = len(open)
	return c, err
}
