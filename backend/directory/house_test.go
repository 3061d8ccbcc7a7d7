package directory

import (
	"bytes"
	"log/slog"
	"os"
	"sync"
	"testing"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// realCost is what passwords cost outside of the tests, which are content with less.
var realCost = *cost

func TestMain(m *testing.M) {
	cost.Memory, cost.Iterations = 1024, 1
	nobody = hashOfNobody(cost)
	code := m.Run()
	stopOpenLDAP()
	os.Exit(code)
}

// house is the room on what it stands on.
type house struct {
	*Directory
	t      *testing.T
	clock  *dbtest.Clock
	events *event.Log
	log    *lines
}

// lines is a log that a test can read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func build(t *testing.T, d *db.DB, clock *dbtest.Clock) *house {
	t.Helper()
	h := &house{t: t, clock: clock, events: event.New(d), log: &lines{}}
	st := settings.Open(d, h.events)
	h.Directory = New(d, st, h.events, slog.New(slog.NewTextHandler(h.log, nil)))
	h.set(func(s *settings.Settings) { s.Domains = []string{"example.org"} })
	return h
}

// each runs a test in a house on each kind of database. They run side by side, so each has a clock of its own.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { test(t, build(t, d, clock)) })
}

// one is a house on SQLite.
func one(t *testing.T) *house {
	t.Helper()
	clock := &dbtest.Clock{}
	return build(t, dbtest.Open(t, dbtest.At(clock)), clock)
}

func (h *house) set(fn func(*settings.Settings)) {
	h.t.Helper()
	if err := h.settings.Change(h.t.Context(), true, func(s *settings.Settings) error { fn(s); return nil }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) add(p NewPerson) Code {
	h.t.Helper()
	code, err := h.Add(h.t.Context(), p)
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// happened counts the events of a kind about a person.
func (h *house) happened(kind event.Kind, person string) int {
	h.t.Helper()
	list, err := h.events.List(h.t.Context(), event.Query{Kind: kind, Person: person})
	if err != nil {
		h.t.Fatal(err)
	}
	return len(list)
}

// count is a number that a statement finds.
func (h *house) count(query string) int {
	h.t.Helper()
	var n int
	err := h.db.View(h.t.Context(), func(tx *db.Tx) error { return tx.Row(query).Scan(&n) })
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}
