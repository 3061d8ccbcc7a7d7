package admin

import (
	"context"
	"strings"
	"time"

	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
)

// Attempts are the tries to enroll, the newest first.
func (a *API) Attempts(ctx context.Context, in *AttemptsIn) (*Attempts, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	now := a.DB.Now()
	q := enroll.AttemptQuery{Open: in.Open, Person: in.Person, Step: in.Step, Limit: in.Limit}
	if in.Stuck {
		q.Limit = 1000 // which of them are stuck is said by Describe
	}
	if in.Hours > 0 {
		q.Since = now.Add(-time.Duration(in.Hours) * time.Hour)
	}
	found, err := r.Enroll.Attempts(ctx, q)
	if err != nil {
		return nil, err
	}
	view := &Attempts{Attempts: make([]Attempt, 0, len(found))}
	for _, one := range found {
		row := viewAttempt(one, now)
		if (!in.Stuck || row.Stuck) && len(view.Attempts) < in.Limit {
			view.Attempts = append(view.Attempts, row)
		}
	}
	view.Funnel, err = a.funnel(ctx, r)
	return view, err
}

// Attempt is one try with what happened in it, found by its id or by the reference that its person reads out.
func (a *API) Attempt(ctx context.Context, in *AttemptIn) (*AttemptDetail, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	for _, q := range []enroll.AttemptQuery{{ID: in.ID, Limit: 1}, {Ref: strings.ToUpper(in.ID), Limit: 1}} {
		found, err := r.Enroll.Attempts(ctx, q)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			continue
		}
		happened, err := a.events(ctx, event.Query{Attempt: found[0].ID, Limit: 500})
		if err != nil {
			return nil, err
		}
		return &AttemptDetail{Attempt: viewAttempt(found[0], a.DB.Now()), Events: happened.Events}, nil
	}
	return nil, &Error{Code: NotFound}
}

func viewAttempt(a enroll.Attempt, now time.Time) Attempt {
	state := enroll.Describe(a, now)
	return Attempt{
		ID: a.ID, Reference: a.Ref, Step: a.Step, Stuck: state.Stuck(), Page: a.Page, Reason: a.Reason,
		State: state.Code, StateReason: state.Reason, Next: state.Next,
		Identifier: a.Identifier, Person: a.Person, PersonName: a.Name, ManagedAccount: a.ManagedAccount,
		ProductName: a.Product, OSVersion: a.OSVersion, Language: a.Language, Origin: a.Origin,
		Enrollment: a.Enrollment, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}
