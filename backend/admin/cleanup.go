package admin

import (
	"context"
	"time"

	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

// CleanupState is how automatic clean-up stands. It runs only by a rule whose report somebody has accepted.
type CleanupState struct {
	State      string       `json:"state" enum:"off,not_accepted,on,stopped" doc:"switched off; nobody has accepted what the rule of the settings would do; runs; the last one would have been too much and waits for somebody"`
	Rule       StaleRule    `json:"rule"`
	Every      string       `json:"every" enum:"day,week"`
	Most       int          `json:"most" doc:"per cent of all records that one clean-up may take"`
	AcceptedAt time.Time    `json:"accepted_at,omitzero"`
	AcceptedBy string       `json:"accepted_by,omitempty"`
	NextAt     time.Time    `json:"next_at,omitzero" doc:"when it is due"`
	Runs       []CleanupRun `json:"runs" doc:"at most 30, the newest first"`
}

// CleanupRun is one automatic clean-up.
type CleanupRun struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at,omitzero"`
	Outcome  string    `json:"outcome" enum:"done,braked" doc:"braked: nothing was put away, it would have been too much at once"`
	Records  int       `json:"records" doc:"how many there were"`
	Proposed int       `json:"proposed" doc:"how many were put away, or would have been"`
	Woken    int       `json:"woken" doc:"silent phones that were called first"`
	Kept     int       `json:"kept" doc:"pinned, and so left alone"`
	Batch    string    `json:"batch,omitempty" doc:"to undo it"`
	Left     int       `json:"left" doc:"how many of the batch are still archived"`
}

func viewRun(c mdm.Cleanup) CleanupRun {
	return CleanupRun{c.ID, c.At, c.Outcome, c.Records, c.Proposed, c.Woken, c.Kept, c.Batch, c.Left}
}

// Cleanup is how automatic clean-up stands.
func (a *API) Cleanup(ctx context.Context, _ *None) (*CleanupState, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	c, err := r.MDM.CleanupState(ctx)
	if err != nil {
		return nil, err
	}
	view := &CleanupState{
		State: "on", Rule: StaleRule(c.Settings.Rule), Every: c.Settings.Every, Most: c.Settings.Most, NextAt: c.NextAt, Runs: []CleanupRun{},
	}
	if c.Accepted != nil {
		view.AcceptedAt, view.AcceptedBy = c.Accepted.AcceptedAt, c.Accepted.AcceptedBy
	}
	switch {
	case !c.Settings.Automatic:
		view.State = "off"
	case c.Accepted == nil:
		view.State = "not_accepted"
	case c.Braked != nil:
		view.State = "stopped"
	}
	for _, run := range c.Runs {
		view.Runs = append(view.Runs, viewRun(run))
	}
	return view, nil
}

// PlanCleanupIn asks what automatic clean-up would do.
type PlanCleanupIn struct {
	Body struct {
		Rule *StaleRule `json:"rule,omitempty" doc:"absent: that of the settings"`
		Most int        `json:"most,omitempty" minimum:"0" maximum:"100" doc:"per cent of all records that one clean-up may take; 0: that of the settings"`
	}
}

// CleanupReport is what automatic clean-up would do. It can be accepted for a day.
type CleanupReport struct {
	ID          string       `json:"id"`
	At          time.Time    `json:"at,omitzero"`
	Rule        StaleRule    `json:"rule"`
	Most        int          `json:"most"`
	Records     int          `json:"records" doc:"how many there are"`
	Proposed    int          `json:"proposed" doc:"how many it would put away"`
	Waking      int          `json:"waking" doc:"silent phones that it would call first"`
	Kept        int          `json:"kept" doc:"pinned, and so left alone"`
	Enrollments []Enrollment `json:"enrollments" doc:"those that it would put away, with the evidence; at most 500"`
}

// mostReported is how many phones a report shows one by one.
const mostReported = 500

// PlanCleanup says what automatic clean-up would do. Nothing changes.
func (a *API) PlanCleanup(ctx context.Context, in *PlanCleanupIn) (*CleanupReport, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	rule, most := mdm.Rule(now.Cleanup.Rule), now.Cleanup.Most
	if in.Body.Rule != nil {
		rule = *in.Body.Rule.rule()
	}
	if in.Body.Most > 0 {
		most = in.Body.Most
	}
	c, err := r.MDM.PlanCleanup(ctx, rule, most)
	if err != nil {
		return nil, err
	}
	page, err := r.MDM.List(ctx, mdm.ListQuery{Rule: &rule, Share: mdm.Proposed, Sort: "last_seen_at", Limit: mostReported})
	if err != nil {
		return nil, err
	}
	view := &CleanupReport{
		ID: c.ID, At: c.At, Rule: StaleRule(c.Rule), Most: c.Most, Records: c.Records, Proposed: c.Proposed, Waking: c.Woken, Kept: c.Kept,
		Enrollments: []Enrollment{},
	}
	for _, e := range page.Enrollments {
		view.Enrollments = append(view.Enrollments, viewEnrollment(e, page.Moment))
	}
	return view, nil
}

// AcceptCleanupIn accepts a report.
type AcceptCleanupIn struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Every string `json:"every,omitempty" enum:"day,week" doc:"absent: as the settings say"`
	}
}

// AcceptCleanup switches automatic clean-up on, by the rule of a report.
func (a *API) AcceptCleanup(ctx context.Context, in *AcceptCleanupIn) (*CleanupState, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if err := r.MDM.AcceptCleanup(ctx, in.ID, in.Body.Every); err != nil {
		return nil, err
	}
	return a.Cleanup(ctx, &None{})
}

// StopCleanup switches automatic clean-up off.
func (a *API) StopCleanup(ctx context.Context, _ *None) (*CleanupState, error) {
	if _, err := a.rooms(); err != nil {
		return nil, err
	}
	err := a.Config.Settings.Change(ctx, false, func(s *settings.Settings) error {
		s.Cleanup.Automatic = false
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Cleanup(ctx, &None{})
}

// lastCleaned is the last clean-up that put something away in the last week, while it can be undone.
func (a *API) lastCleaned(ctx context.Context, r Rooms) (*CleanupRun, error) {
	c, err := r.MDM.CleanupState(ctx)
	if err != nil {
		return nil, err
	}
	for _, run := range c.Runs {
		if run.Left > 0 && a.DB.Now().Sub(run.At) < week {
			return new(viewRun(run)), nil
		}
	}
	return nil, nil //nolint:nilnil // there was none
}
