package event_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

func add(t *testing.T, d *db.DB, l *event.Log, events ...event.Event) {
	t.Helper()
	for _, e := range events {
		if err := d.Update(t.Context(), func(tx *db.Tx) error { return l.Add(tx, e) }); err != nil {
			t.Fatal(err)
		}
	}
}

func kinds(list []event.Event) []string {
	got := []string{}
	for _, e := range list {
		got = append(got, string(e.Kind))
	}
	return got
}

func TestListChooses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := event.New(d)
		add(t, d, l,
			event.Event{Kind: "one", Actor: "phone", Attempt: "a", Params: map[string]string{"model": "iPhone17,2"}},
			event.Event{Kind: "two", Attempt: "a", Enrollment: "e"},
			event.Event{Kind: "three", Enrollment: "e", Person: "anna@example.org"},
			event.Event{Kind: "four", Attempt: "b"},
		)
		for _, c := range []struct {
			name  string
			query event.Query
			want  []string
		}{
			{"everything", event.Query{}, []string{"one", "two", "three", "four"}},
			{"newest two", event.Query{Newest: true, Limit: 2}, []string{"four", "three"}},
			{"an attempt", event.Query{Attempt: "a"}, []string{"one", "two"}},
			{"an enrollment of an attempt", event.Query{Attempt: "a", Enrollment: "e"}, []string{"two"}},
			{"a person", event.Query{Person: "anna@example.org"}, []string{"three"}},
			{"a kind", event.Query{Kind: "four"}, []string{"four"}},
			{"nobody", event.Query{Attempt: "x"}, []string{}},
			{"from tomorrow on", event.Query{Since: d.Now().Add(24 * time.Hour)}, []string{}},
		} {
			list, err := l.List(t.Context(), c.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, kinds(list)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
		list, err := l.List(t.Context(), event.Query{Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		if got := list[0]; got.Params["model"] != "iPhone17,2" || got.Actor != "phone" || list[1].Actor != "system" {
			t.Errorf("first event: got %+v; second actor %q, want system", got, list[1].Actor)
		}
		rest, err := l.List(t.Context(), event.Query{After: list[1].Seq})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"three", "four"}, kinds(rest)); diff != "" {
			t.Errorf("after the cursor (-want +got):\n%s", diff)
		}
	})
}

func TestEventOfAFailedDeedNeverHappened(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := event.New(d)
		_ = d.Update(t.Context(), func(tx *db.Tx) error {
			return errors.Join(l.Add(tx, event.Event{Kind: "lost"}), errors.New("no"))
		})
		if list, err := l.List(t.Context(), event.Query{}); err != nil || len(list) != 0 {
			t.Errorf("events after a failed deed: got %v, %v; want none", kinds(list), err)
		}
	})
}

func TestWaitWakesForNews(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := event.New(d)
		add(t, d, l, event.Event{Kind: "old"})
		cursor, err := l.Wait(t.Context(), 0)
		if err != nil || cursor == 0 {
			t.Fatalf("wait for what is there: got %d, %v", cursor, err)
		}
		short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if got, err := l.Wait(short, cursor); err != nil || got != cursor {
			t.Errorf("wait without news: got %d, %v; want the old cursor %d", got, err, cursor)
		}
		woken := make(chan int64)
		go func() {
			got, _ := l.Wait(t.Context(), cursor)
			woken <- got
		}()
		add(t, d, l, event.Event{Kind: "new"})
		select {
		case got := <-woken:
			if got <= cursor {
				t.Errorf("woken with cursor %d, want more than %d", got, cursor)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nobody woke the reader")
		}
	})
}

func TestForgetLeavesTheOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := event.New(d)
		add(t, d, l, event.Event{Kind: "one", Attempt: "a"}, event.Event{Kind: "two", Enrollment: "e"}, event.Event{Kind: "three"})
		if err := d.Update(t.Context(), func(tx *db.Tx) error { return l.Forget(tx, "a", "e") }); err != nil {
			t.Fatal(err)
		}
		list, err := l.List(t.Context(), event.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"three"}, kinds(list)); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
	})
}

func TestTrailIsNarrowed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log := event.New(d)
		begin := d.Now()
		for _, e := range []event.Event{
			{Kind: "phone.came", Actor: "phone", Person: "anna@example.org"},
			{Kind: "phone.left", Actor: "phone", Person: "ben@example.org"},
			{Kind: "phones.counted", Actor: "Zoe_B", Params: map[string]string{"name": "100% Anna"}},
		} {
			if err := d.Update(t.Context(), func(tx *db.Tx) error { return log.Add(tx, e) }); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			q    event.Query
			want int
		}{
			"a kind":             {event.Query{Kind: "phone.left"}, 1},
			"a family of kinds":  {event.Query{Kind: "phone."}, 2},
			"no pattern":         {event.Query{Kind: "phone_"}, 0},
			"an actor":           {event.Query{Actor: "Zoe_B"}, 1},
			"part of a person":   {event.Query{Text: "BEN@"}, 1},
			"part of a fact too": {event.Query{Text: "anna"}, 2},
			"a sign of patterns": {event.Query{Text: "0%"}, 1},
			"a sign that is one": {event.Query{Text: "e_b"}, 1},
			"before it began":    {event.Query{Until: begin}, 0},
			"until later":        {event.Query{Until: begin.Add(time.Hour), Since: begin.Add(-time.Hour)}, 3},
		} {
			got, err := log.List(t.Context(), c.q)
			if err != nil || len(got) != c.want {
				t.Errorf("%s: %d events, %v; want %d", name, len(got), err, c.want)
			}
		}
	})
}
