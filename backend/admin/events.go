package admin

import (
	"context"
	"strings"
	"time"

	"example.org/gatehouse/backend/event"
)

// Events are a part of what happened.
func (a *API) Events(ctx context.Context, in *EventsIn) (*Events, error) {
	since, err := moment("since", in.Since)
	if err != nil {
		return nil, err
	}
	return a.events(ctx, event.Query{
		Attempt: in.Attempt, Enrollment: in.Enrollment, Person: in.Person, Kind: event.Kind(in.Kind),
		After: in.After, Before: in.Before, Since: since, Newest: in.Newest, Limit: in.Limit,
	})
}

func (a *API) events(ctx context.Context, q event.Query) (*Events, error) {
	happened, err := a.Config.Events.List(ctx, q)
	if err != nil {
		return nil, err
	}
	view := &Events{Events: make([]Event, 0, len(happened)), Latest: q.After}
	for _, e := range happened {
		view.Events = append(view.Events, viewEvent(e))
		view.Latest = max(view.Latest, e.Seq)
	}
	return view, nil
}

func viewEvent(e event.Event) Event {
	return Event{
		Seq: e.Seq, ID: e.ID, At: e.At, Kind: string(e.Kind), Actor: e.Actor,
		Attempt: e.Attempt, Enrollment: e.Enrollment, Person: e.Person, Params: params(e.Params),
	}
}

// News waits until something happens after the cursor, or the time is up.
func (a *API) News(ctx context.Context, in *NewsIn) (*News, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Wait)*time.Second)
	defer cancel()
	defer context.AfterFunc(a.ctx, cancel)() // nobody waits for a server that stops
	latest, err := a.Config.Events.Wait(ctx, in.After)
	if err != nil {
		return nil, err
	}
	return &News{Latest: latest, Changed: latest > in.After}, nil
}

// VerifyEvents compares the whole trail with its chain.
func (a *API) VerifyEvents(ctx context.Context, in *VerifyEventsIn) (*EventsVerdict, error) {
	v, err := a.Config.Events.Verify(ctx, strings.ToLower(strings.TrimSpace(in.Body.Noted)))
	if err != nil {
		return nil, err
	}
	view := &EventsVerdict{
		OK: v.Broken == nil && (v.Noted == nil || *v.Noted), Events: v.Events, Forgotten: v.Forgotten, Waiting: v.Waiting,
		Began: v.Began, Head: v.Head, NotedFound: v.Noted,
	}
	if b := v.Broken; b != nil {
		view.Broken = &EventsBreak{Fault: b.Fault, Place: b.Place}
		if b.Event.Seq > 0 {
			e := viewEvent(b.Event)
			view.Broken.Event = &e
		}
	}
	return view, nil
}
