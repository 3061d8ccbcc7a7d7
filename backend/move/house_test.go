package move

import (
	"log/slog"
	"testing"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// house is the room on what it stands on.
type house struct {
	*Assistant
	t     *testing.T
	clock *dbtest.Clock
}

func build(t *testing.T, d *db.DB, clock *dbtest.Clock) *house {
	t.Helper()
	events, log := event.New(d), slog.New(slog.DiscardHandler)
	st := settings.Open(d, events)
	words, err := text.Open(d, events)
	must(t, err)
	people := directory.New(d, st, events, log)
	h := &house{t: t, clock: clock, Assistant: New(Config{
		DB: d, Events: events, Settings: st, Text: words, Directory: people,
		MDM:    mdm.New(mdm.Config{DB: d, APNS: apns.New(d, events, apns.Options{Log: log}), Events: events, Settings: st, Log: log}),
		Enroll: enroll.New(enroll.Config{DB: d, Events: events, Settings: st, Log: log}),
	})}
	must(t, st.Change(t.Context(), true, func(s *settings.Settings) error {
		s.Organization = settings.Organization{Name: "Nordlicht GmbH", ShortName: "Nordlicht", SupportName: "IT Help"}
		s.URL, s.Domains = "https://mdm.nordlicht.example", []string{"nordlicht.example"}
		return nil
	}))
	return h
}

// each runs a test in a house on each kind of database.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { test(t, build(t, d, clock)) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// add makes a local account, which has a code and no password.
func (h *house) add(identifier, name string) {
	h.t.Helper()
	_, err := h.Directory.Add(h.t.Context(), directory.NewPerson{Identifier: identifier, Name: name})
	must(h.t, err)
}

// phone enrolls a phone as far as this room can tell.
func (h *house) phone(id, person, product, name string) {
	h.t.Helper()
	must(h.t, h.DB.Update(h.t.Context(), func(tx *db.Tx) error {
		now := db.Millis(tx.Now)
		_, err := tx.Exec(`
			INSERT INTO enrollments (id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by, token_at, information_at)
			VALUES ($1, $2, 'enrolled', $3, $3, FALSE, $3, $3, 0, '', $3, $3)`, id, person, now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`
			INSERT INTO devices (enrollment, person_name, managed_account, former, product_name, model, model_number, name, os_version, os_extra, build, information_at, security_at, status_at)
			VALUES ($1, '', $2, '', $3, $3, '', $4, '26.1', '', '', 0, 0, 0)`, id, person, product, name)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO pins (enrollment, attempt, fingerprint, token_digest) VALUES ($1, $1, '', '')`, id)
		return err
	}))
}

func (h *house) exec(query string, args ...any) {
	h.t.Helper()
	must(h.t, h.DB.Update(h.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}))
}

// take imports a list that must be right.
func (h *house) take(lines ...Line) Outcome {
	h.t.Helper()
	out, err := h.Import(h.t.Context(), List{Lines: lines})
	must(h.t, err)
	if !out.Applied {
		h.t.Fatalf("the list was not taken: %+v", out)
	}
	return out
}

// states are where the records are, by name.
func (h *house) states() map[string]State {
	h.t.Helper()
	all := map[string]State{}
	for _, e := range h.board().Entries {
		all[e.Name] = e.State
	}
	return all
}

func (h *house) board() Board {
	h.t.Helper()
	b, err := h.Board(h.t.Context())
	must(h.t, err)
	return b
}

// entry is the record of this name.
func (h *house) entry(name string) Entry {
	h.t.Helper()
	for _, e := range h.board().Entries {
		if e.Name == name {
			return e
		}
	}
	h.t.Fatalf("there is no record %q", name)
	return Entry{}
}

func (h *house) terms() {
	h.t.Helper()
	must(h.t, h.SetTerms(h.t.Context(), Terms{OldProfile: "MDM Profile", Deadline: h.clock.Now().Add(14 * 24 * time.Hour)}))
}

func (h *house) happened(kind event.Kind) int {
	h.t.Helper()
	list, err := h.Events.List(h.t.Context(), event.Query{Kind: kind})
	must(h.t, err)
	return len(list)
}
