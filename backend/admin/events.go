package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/export"
)

// Events are a part of what happened.
func (a *API) Events(ctx context.Context, in *EventsIn) (*Events, error) {
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	q.Attempt, q.Enrollment, q.Person = in.Attempt, in.Enrollment, in.Person
	q.After, q.Before, q.Newest, q.Limit = in.After, in.Before, in.Newest, in.Limit
	return a.events(ctx, q)
}

func (v TrailView) query() (q event.Query, err error) {
	q = event.Query{Kind: event.Kind(v.Kind), Actor: v.Actor, Text: v.Text}
	if q.Since, err = moment("since", v.Since); err != nil {
		return q, err
	}
	q.Until, err = moment("until", v.Until)
	return q, err
}

// TrailExported is the event of a trail that left the house.
const TrailExported event.Kind = "trail.exported"

// ExportEventsIn asks for the trail as a file, as somebody looks at it.
type ExportEventsIn struct {
	Body struct {
		TrailView
		Format string            `json:"format" enum:"csv,tsv,xlsx,json,xml"`
		Words  map[string]string `json:"words,omitempty" doc:"headings, by the name of the column"`
		// Local is for people: titles for headings, and dates as the language has them.
		Local    bool   `json:"local,omitempty" doc:"for a person who opens it in a spreadsheet"`
		Language string `json:"language,omitempty" maxLength:"35" doc:"BCP 47, for local"`
		TimeZone string `json:"time_zone,omitempty" maxLength:"60" doc:"IANA name, for local; UTC when absent" example:"Europe/Berlin"`
	}
}

// trailStep is how many events are read at once: a file of a long trail holds up nobody.
const trailStep = 1000

// ExportEvents writes the trail as a file, the oldest event first. Facts are JSON.
func (a *API) ExportEvents(ctx context.Context, in *ExportEventsIn) (*attachment, error) {
	q, err := in.Body.query()
	if err != nil {
		return nil, err
	}
	format, err := export.Parse(in.Body.Format)
	if err != nil {
		return nil, fieldError("format", "not_choice", err)
	}
	options := export.Options{}
	if in.Body.Local {
		zone, err := time.LoadLocation(in.Body.TimeZone)
		if err != nil {
			return nil, fieldError("time_zone", "not_choice", err)
		}
		options = export.For(in.Body.Language, zone)
	}
	table := export.Table{Name: "events", Row: "event"}
	for _, name := range []string{"seq", "at", "kind", "actor", "person", "enrollment", "attempt", "params", "id"} {
		title := in.Body.Words[name]
		if title == "" {
			title = name
		}
		table.Columns = append(table.Columns, export.Column{Name: name, Title: title})
	}
	count := 0
	table.Rows = a.eventRows(ctx, q, &count)
	name := "events-" + a.DB.Now().Format("2006-01-02") + "." + in.Body.Format
	f, err := spool(name, kinds[format], func(w io.Writer) error { return export.Write(w, format, table, options) })
	if err != nil {
		return nil, err
	}
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		return a.Config.Events.Add(tx, event.Event{Kind: TrailExported, Params: map[string]string{"format": in.Body.Format, "count": strconv.Itoa(count)}})
	})
	if err != nil {
		return nil, errors.Join(err, f.content.Close())
	}
	return f, nil
}

func (a *API) eventRows(ctx context.Context, q event.Query, count *int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for q.Limit = trailStep; ; {
			some, err := a.Config.Events.List(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range some {
				facts, err := json.Marshal(params(e.Params))
				q.After = e.Seq
				*count++
				if !yield([]any{e.Seq, e.At, string(e.Kind), e.Actor, e.Person, e.Enrollment, e.Attempt, string(facts), e.ID}, err) || err != nil {
					return
				}
			}
			if len(some) < trailStep {
				return
			}
		}
	}
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
