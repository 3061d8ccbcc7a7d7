package move

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

func TestListIsUnderstood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ownership, method string
		want              Kind
	}{
		{"Personal (Personal Device Profile)", "", ByProfile},
		{"PersonalDeviceProfile", "", ByProfile},
		{"Personal", "User-initiated - Personal Device Profiles", ByProfile},
		{"Personal (User Enrollment)", "", ByUser},
		{"AccountDrivenUserEnrollment", "", ByUser},
		{"Personal", "", ByOther},
		{"Privat", "", ByOther},
		{"Institutional", "PreStage enrollment: Pool", ByCompany},
		{"", "Apple Configurator", ByCompany},
		{"", "", ""},
	} {
		if got := kindOf(c.ownership, c.method); got != c.want {
			t.Errorf("%q, %q: got %q, want %q", c.ownership, c.method, got, c.want)
		}
	}
	for s, want := range map[string]string{
		"2026-11-20T14:03:22Z": "2026-11-20T14:03:22Z", "2026-11-20 14:03:22": "2026-11-20T14:03:22Z", "2026-11-20 at 2:03 PM": "2026-11-20T14:03:00Z",
		"11/20/2026 2:03 PM": "2026-11-20T14:03:00Z", "20.11.2026 14:03": "2026-11-20T14:03:00Z", "20.11.2026": "2026-11-20T00:00:00Z",
		"1795183402000": "2026-11-20T14:03:22Z", "1795183402": "2026-11-20T14:03:22Z", "46346.5": "2026-11-20T12:00:00Z", "never": "0001-01-01T00:00:00Z", "": "0001-01-01T00:00:00Z",
	} {
		if got, ok := readTime(s, false); !ok || got.Format(time.RFC3339) != want {
			t.Errorf("%q: got %s, %v; want %s", s, got.Format(time.RFC3339), ok, want)
		}
	}
	if got, ok := readTime("20/11/2026 14:03", daysFirst([]Line{{Seen: "01/02/2026"}, {Seen: "20/11/2026 14:03"}})); !ok || got.Day() != 20 {
		t.Errorf("a list with days first: got %s, %v", got, ok)
	}
	for _, s := range []string{"yesterday", "NaN", "12", "1e300", "32.13.2026"} {
		if got, ok := readTime(s, false); ok {
			t.Errorf("%q is no time, but was read as %s", s, got)
		}
	}
}

func TestPeopleAreFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		for id, name := range map[string]string{
			"anna@nordlicht.example": "Anna Ruiz", "ben@nordlicht.example": "Ben Ångström", "cleo@nordlicht.example": "Cleo Maria Duarte",
			"a.ruiz@nordlicht.example": "Anna Ruiz", "jörg@nordlicht.example": "Jörg Groß",
		} {
			h.add(id, name)
		}
		must(t, h.Directory.SetManagedAccount(t.Context(), "ben@nordlicht.example", "ben@apple.nordlicht.example"))
		h.take(
			Line{Name: "address", Email: "Anna@Nordlicht.example", Full: "Somebody Else"},
			Line{Name: "managed", Account: "ben@apple.nordlicht.example"},
			Line{Name: "account", Account: "CLEO"},
			Line{Name: "name", Full: "Angstrom, Ben", Email: "ben.angstrom@gmail.example"},
			Line{Name: "domain", Email: "dora@nordlicht.example"},
			Line{Name: "same name", Full: "Anna Ruiz"},
			Line{Name: "similar", Full: "Cleo Duarte"},
			Line{Name: "beginning", Email: "jörg@old.example"},
			Line{Name: "nobody", Full: "Zoe Zander", Email: "n/a"},
			Line{Name: "not in list"},
		)
		got := map[string][3]string{}
		for _, e := range h.board().Entries {
			got[e.Name] = [3]string{e.Person + e.Guess, e.How + e.Guessed, e.Reason}
		}
		if d := cmp.Diff(map[string][3]string{
			"address":     {"anna@nordlicht.example", ByAddress, "not_invited"},
			"managed":     {"ben@nordlicht.example", ByManaged, "not_invited"},
			"account":     {"cleo@nordlicht.example", ByAccount, "not_invited"},
			"name":        {"ben@nordlicht.example", ByName, "not_invited"},
			"domain":      {"dora@nordlicht.example", ByDomain, "no_account"},
			"same name":   {"a.ruiz@nordlicht.example", BySameName, "unsure"},
			"similar":     {"cleo@nordlicht.example", ByAlike, "unsure"},
			"beginning":   {"jörg@nordlicht.example", ByBeginning, "unsure"},
			"nobody":      {"", "", "nobody_matches"},
			"not in list": {"", "", "not_in_list"},
		}, got); d != "" {
			t.Errorf("people (-want +got):\n%s", d)
		}

		must(t, h.Accept(t.Context(), h.entry("similar").ID))
		must(t, h.Match(t.Context(), "Anna@nordlicht.example", h.entry("same name").ID))
		h.add("zoe@nordlicht.example", "Zoe Zander")
		if n, err := h.Look(t.Context()); err != nil || n != 1 {
			t.Errorf("looked again: found %d, %v; want 1", n, err)
		}
		for name, want := range map[string]string{"similar": "cleo@nordlicht.example", "same name": "anna@nordlicht.example", "nobody": "zoe@nordlicht.example"} {
			if got := h.entry(name); got.Person != want || got.Code != StateToInvite {
				t.Errorf("%s: got %s of %s, want it to be of %s", name, got.Code, got.Person, want)
			}
		}
		if err := h.Match(t.Context(), "not <anybody>", h.entry("nobody").ID); err == nil {
			t.Error("nonsense was taken for a person")
		}
		if err := h.Match(t.Context(), "anna@nordlicht.example", "nothing"); !errors.Is(err, ErrUnknown) {
			t.Errorf("no such record: got %v, want ErrUnknown", err)
		}
	})
}

// A wrong line keeps the list out, unless the others are wanted alone; a trial keeps nothing.
func TestListsAreTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		list := List{Lines: []Line{
			{Line: 2, Name: "a", Number: "7", Seen: "some day"},
			{Line: 3, Model: "iPhone 15"},
			{Line: 4, Name: "b", Number: "7"},
			{Line: 5, Name: strings.Repeat("x", maxWords+1)},
			{Line: 6, Name: "c\x07"},
			{Line: 7, Name: "pool", Ownership: "Institutional"},
		}}
		out, err := h.Import(t.Context(), list)
		must(t, err)
		want := []Problem{{3, "name", "required"}, {4, "number", "twice"}, {5, "name", "too_long"}, {6, "name", "too_long"}}
		if d := cmp.Diff(want, out.Wrong); d != "" || out.Applied || out.Company != 1 || out.Undated != 1 {
			t.Errorf("problems (-want +got):\n%s%+v", d, out)
		}
		if b := h.board(); b.Begun || len(b.Entries) > 0 {
			t.Errorf("a list with wrong lines was taken: %+v", b)
		}
		list.Skip, list.Trial = true, true
		if out, err = h.Import(t.Context(), list); err != nil || out.Applied || out.New != 1 || h.board().Begun {
			t.Errorf("a trial: %+v, %v", out, err)
		}
		list.Trial = false
		if out, err = h.Import(t.Context(), list); err != nil || !out.Applied || out.New != 1 || len(h.board().Entries) != 1 {
			t.Errorf("the rest of the list: %+v, %v", out, err)
		}
	})
}

// A newer list of the same source finds its records again, whatever was renamed, and says which are gone; another source
// is another list.
func TestNewerLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.add("anna@nordlicht.example", "Anna Ruiz")
		h.take(
			Line{Number: "1", Name: "one", Email: "anna@nordlicht.example", Model: "iPhone 15"},
			Line{Name: "two", Email: "ben@nordlicht.example", Model: "iPhone 15"},
			Line{Name: "three", Email: "cleo@nordlicht.example", Model: "iPhone 15"},
			Line{Name: "four", Email: "dora@nordlicht.example"},
		)
		ids := map[string]string{}
		for _, e := range h.board().Entries {
			ids[e.Name] = e.ID
		}
		h.clock.Add(time.Hour)
		out := h.take(
			Line{Number: "1", Name: "one renamed", Email: "anna@nordlicht.example", Model: "iPhone 15"},
			Line{Name: "two renamed", Email: "ben@nordlicht.example", Model: "iPhone 15"},
			Line{Name: "three", Email: "cleo@nordlicht.example", Model: "iPhone 15", Managed: "Unmanaged"},
			Line{Name: "five", Email: "emil@nordlicht.example"},
		)
		if out.New != 1 || out.Updated != 3 || out.Gone != 1 {
			t.Errorf("the newer list: %+v", out)
		}
		for name, was := range map[string]string{"one renamed": "one", "two renamed": "two", "three": "three", "four": "four"} {
			if got := h.entry(name).ID; got != ids[was] {
				t.Errorf("%s is another record than %s was", name, was)
			}
		}
		gone := map[string]bool{"three": true, "four": true}
		for _, e := range h.board().Entries {
			if e.GoneAt.IsZero() == gone[e.Name] {
				t.Errorf("%s: gone at %v", e.Name, e.GoneAt)
			}
		}
		if _, err := h.Import(t.Context(), List{Source: "Other", Lines: []Line{{Name: "six", Email: "anna@nordlicht.example"}}}); err != nil {
			t.Fatal(err)
		}
		if b := h.board(); len(b.Entries) != 6 || !h.entry("one renamed").GoneAt.IsZero() || len(b.Sources) != 1 {
			t.Errorf("a list of another source: %+v", b)
		}
	})
}

// From the list to the end, by one record each.
func TestStates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		for _, p := range []string{"anna", "ben", "cleo", "dora"} {
			h.add(p+"@nordlicht.example", p)
		}
		old := "2026-11-01 08:00:00"
		h.take(
			Line{Number: "1", Name: "moves", Email: "anna@nordlicht.example", Model: "iPhone 16 Pro Max", Ownership: "PersonalDeviceProfile", Seen: old},
			Line{Number: "2", Name: "another", Email: "ben@nordlicht.example", Model: "iPhone 15", Ownership: "PersonalDeviceProfile", Seen: old},
			Line{Number: "3", Name: "tries", Email: "cleo@nordlicht.example", Model: "iPhone17,2", Seen: old},
			Line{Number: "4", Name: "leaves", Email: "dora@nordlicht.example", Model: "iPhone 16 Pro Max", Seen: old},
			Line{Number: "5", Name: "stranger", Email: "emil@nordlicht.example", Model: "iPhone 15", Seen: old},
			Line{Number: "6", Name: "nobody", Full: "Nemo"},
		)
		want := func(what string, states map[string]State) {
			t.Helper()
			if d := cmp.Diff(states, h.states()); d != "" {
				t.Errorf("%s (-want +got):\n%s", what, d)
			}
		}
		states := map[string]State{
			"moves": {StateToInvite, "not_invited", "invite"}, "another": {StateToInvite, "not_invited", "invite"},
			"tries": {StateToInvite, "not_invited", "invite"}, "leaves": {StateToInvite, "not_invited", "invite"},
			"stranger": {StateToInvite, "no_account", "add_and_invite"}, "nobody": {StateNoPerson, "nobody_matches", "choose_person"},
		}
		want("as it comes", states)
		if b := h.board(); b.Total != 6 || b.OldProfile != 2 || b.Moved != 0 || b.Done() {
			t.Errorf("board: %+v", b)
		}

		var ids []string
		for _, e := range h.board().Entries {
			if e.Person != "" {
				ids = append(ids, e.ID)
			}
		}
		if _, err := h.Invite(t.Context(), Letters{IDs: ids}); !errors.Is(err, ErrDeadline) {
			t.Errorf("letters without a date: got %v, want ErrDeadline", err)
		}
		h.terms()
		letters, err := h.Invite(t.Context(), Letters{IDs: ids})
		must(t, err)
		if len(letters) != 5 {
			t.Fatalf("got %d letters, want 5", len(letters))
		}
		states["moves"], states["another"] = State{StateInvited, "old_profile", "wait"}, State{StateInvited, "old_profile", "wait"}
		states["tries"], states["leaves"] = State{StateInvited, "still_there", "wait"}, State{StateInvited, "still_there", "wait"}
		want("invited", states)
		if n := h.happened(Invited); n != 4 {
			t.Errorf("%d events of invitations, want 4: whoever has no account was not invited", n)
		}

		h.phone("P1", "anna@nordlicht.example", "iPhone17,2", "moves")
		h.phone("P2", "ben@nordlicht.example", "iPhone17,2", "new")
		h.phone("P4", "dora@nordlicht.example", "iPhone17,2", "leaves")
		h.exec(`UPDATE enrollments SET stage = 'removed', ended_at = enrolled_at WHERE id = 'P4'`)
		h.exec(`INSERT INTO attempts (id, ref, step, reason, language, product, build, os_version, origin, identifier, person, name, managed_account, enrollment, created_at, updated_at, chosen_language)
			VALUES ('T', 'K7-31Q', 'signed_in', 'password', 'de', 'iPhone17,2', '', '', 'apple', '', 'cleo@nordlicht.example', '', '', '', $1, $1, '')`, db.Millis(h.clock.Now()))
		states["moves"] = State{StateMoved, "enrolled", "remove_previous"}
		states["another"] = State{StateInvited, "other_phone", "say_whether_same"}
		states["tries"] = State{StateTrying, "password", "look_at_reason"}
		states["leaves"] = State{StateInvited, "left_again", "ask_person"}
		want("some days later", states)

		must(t, h.Settle(t.Context(), SettledMoved, "P2", h.entry("another").ID))
		must(t, h.Settle(t.Context(), LeftOut, "", h.entry("nobody").ID, h.entry("stranger").ID))
		if err := h.Settle(t.Context(), SettledMoved, "P1", h.entry("tries").ID); !errors.Is(err, ErrPhone) {
			t.Errorf("another person's phone: got %v, want ErrPhone", err)
		}
		states["another"] = State{StateMoved, "said_so", "remove_previous"}
		states["nobody"], states["stranger"] = State{StateLeftOut, "said_so", "none"}, State{StateLeftOut, "said_so", "none"}
		want("with what was said", states)
		if b := h.board(); b.Total != 4 || b.Moved != 2 || b.OldProfile != 0 {
			t.Errorf("board: %d of %d, %d old profiles; want 2 of 4, 0", b.Moved, b.Total, b.OldProfile)
		}

		h.clock.Add(8 * 24 * time.Hour)
		h.exec(`DELETE FROM attempts`)
		states["tries"] = State{StateInvited, "still_there", "remind"}
		want("a week later", states)
		letters, err = h.Invite(t.Context(), Letters{IDs: []string{h.entry("tries").ID}, Reminder: true})
		must(t, err)
		if len(letters) != 1 || !strings.Contains(letters[0].Body, "Hello cleo") {
			t.Errorf("the reminder: %+v", letters)
		}
		states["tries"] = State{StateInvited, "still_there", "wait"}
		want("reminded", states)
		h.clock.Add(8 * 24 * time.Hour)
		states["tries"] = State{StateInvited, "deadline_passed", "remind"}
		want("after the date", states)
	})
}

// Two phones of one person, and one enrollment: it stands for one of them, the one that the old management has not heard
// of for longest.
func TestOneEnrollmentIsOneRecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.add("anna@nordlicht.example", "Anna")
		line := func(name, model, seen string) Line {
			return Line{Name: name, Email: "anna@nordlicht.example", Model: model, Seen: seen}
		}
		h.take(line("newer", "iPhone 16 Pro Max", "2026-11-20"), line("older", "iPhone 16 Pro Max", "2026-11-10"), line("pad", "iPad (10th generation)", ""), line("odd", "Phone of the future", ""))
		h.phone("P1", "anna@nordlicht.example", "iPhone17,2", "iPhone")
		moved := func(want ...string) {
			t.Helper()
			var got []string
			for _, e := range h.board().Entries {
				if e.Code == StateMoved {
					got = append(got, e.Name)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("moved (-want +got):\n%s", d)
			}
		}
		moved("older")
		h.phone("P2", "anna@nordlicht.example", "iPhone17,2", "Newer")
		moved("newer", "older")
		if got := h.entry("newer").Phone.ID; got != "P2" {
			t.Errorf("of two that fit, the name decides: got %s, want P2", got)
		}
		h.phone("P3", "anna@nordlicht.example", "iPad13,18", "iPad")
		moved("newer", "older", "pad")

		// The old management has heard of a phone since: it cannot be the one that is here.
		h.clock.Add(48 * time.Hour)
		h.take(line("newer", "iPhone 16 Pro Max", "2026-11-25"), line("older", "iPhone 16 Pro Max", "2026-11-10"), line("pad", "iPad (10th generation)", ""), line("odd", "Phone of the future", ""))
		moved("older", "pad")
	})
}

func TestTheLastStep(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.add("anna@nordlicht.example", "Anna")
		h.take(Line{Name: "a", Email: "anna@nordlicht.example", Model: "iPhone 16 Pro Max"}, Line{Name: "b", Full: "Nemo"})
		h.phone("OLD", "anna@nordlicht.example", "iPhone17,2", "a")
		h.exec(`UPDATE enrollments SET stage = 'removed' WHERE id = 'OLD'`)
		h.clock.Add(time.Minute)
		h.phone("NEW", "anna@nordlicht.example", "iPhone17,2", "a")
		h.exec(`UPDATE devices SET former = 'OLD', same = 'yes' WHERE enrollment = 'NEW'`)

		trial, err := h.Remove(t.Context(), true)
		must(t, err)
		if trial.Count != 1 || trial.Archived != 1 || trial.Elsewhere != 1 || h.entry("a").Code != StateMoved {
			t.Errorf("a trial: %+v, and then %s", trial, h.entry("a").Code)
		}
		done, err := h.Remove(t.Context(), false)
		must(t, err)
		if done.Count != 1 || h.entry("a").State != (State{StateRemoved, "removed", "none"}) || h.stage("OLD") != "archived" {
			t.Errorf("removed: %+v, %+v, the former one is %s", done, h.entry("a").State, h.stage("OLD"))
		}
		if again, err := h.Remove(t.Context(), false); err != nil || again.Count != 0 {
			t.Errorf("removed twice: %+v, %v", again, err)
		}
		if n, err := h.Restore(t.Context(), done.Batch); err != nil || n != 1 || h.entry("a").Code != StateMoved || h.stage("OLD") != "removed" {
			t.Errorf("brought back: %d, %v; it is %s, the former one %s", n, err, h.entry("a").Code, h.stage("OLD"))
		}
		if _, err := h.Restore(t.Context(), done.Batch); !errors.Is(err, ErrUndone) {
			t.Errorf("brought back twice: got %v, want ErrUndone", err)
		}

		_, err = h.Remove(t.Context(), false, h.entry("a").ID)
		must(t, err)
		h.clock.Add(time.Hour)
		h.take(Line{Name: "a", Email: "anna@nordlicht.example", Model: "iPhone 16 Pro Max"}, Line{Name: "b", Full: "Nemo"})
		if got := h.entry("a").State; got != (State{StateRemoved, "still_listed", "delete_there"}) {
			t.Errorf("the old management still lists what was removed: got %+v", got)
		}
		must(t, h.Settle(t.Context(), LeftOut, "", h.entry("b").ID))
		if b := h.board(); !b.Done() {
			t.Errorf("nobody is left, but %d of %d have moved", b.Moved, b.Total)
		}

		// Whoever is purged is purged here, too.
		must(t, h.DB.Update(t.Context(), func(tx *db.Tx) error { return h.Forget(tx, "NEW") }))
		if b := h.board(); len(b.Entries) != 1 || b.Entries[0].Name != "b" {
			t.Errorf("after the purge: %+v", b.Entries)
		}
		if n, err := h.Close(t.Context()); err != nil || n != 1 || h.board().Begun {
			t.Errorf("closed: %d, %v", n, err)
		}
		list, err := h.Events.List(t.Context(), event.Query{Kind: Closed})
		must(t, err)
		if len(list) != 1 || list[0].Person != "" || list[0].Params["total"] != "0" {
			t.Errorf("the event of the end: %+v", list)
		}
	})
}

func (h *house) stage(id string) (stage string) {
	h.t.Helper()
	must(h.t, h.DB.View(h.t.Context(), func(tx *db.Tx) error {
		return tx.Row(`SELECT stage FROM enrollments WHERE id = $1`, id).Scan(&stage)
	}))
	return stage
}

func TestLetters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.add("anna@nordlicht.example", "Anna Ruiz")
		h.take(
			Line{Name: "phone", Email: "anna@nordlicht.example", Model: "iPhone 15"},
			Line{Name: "second", Email: "anna@nordlicht.example", Model: "iPhone 12"},
			Line{Name: "new", Email: "Dora@Nordlicht.example", Full: "Duarte, Dora", Model: "iPad (10th generation)"},
			Line{Name: "gone", Email: "emil@nordlicht.example", Full: "Emil", Managed: "no"},
		)
		h.terms()
		var ids []string
		for _, e := range h.board().Entries {
			ids = append(ids, e.ID)
		}
		trial, err := h.Invite(t.Context(), Letters{IDs: ids, Add: true, Trial: true})
		must(t, err)
		if len(trial) != 3 || trial[0].Code != "" || h.entry("phone").Code != StateToInvite {
			t.Errorf("a trial: %+v", trial)
		}
		letters, err := h.Invite(t.Context(), Letters{IDs: ids, Add: true, Language: "de"})
		must(t, err)
		if len(letters) != 3 {
			t.Fatalf("got %d letters, want one for each person", len(letters))
		}
		anna, dora, emil := letters[0], letters[1], letters[2]
		code := anna.Code.Reveal()
		if len(anna.Records) != 2 || anna.Language != "de" || anna.To != "anna@nordlicht.example" || len(code) != 14 || !strings.Contains(anna.Body, code) {
			t.Errorf("anna: %+v", anna)
		}
		for _, part := range []string{"Anna", "MDM Profile", "7. Dezember 2026", "1. ", "anna@nordlicht.example"} {
			if !strings.Contains(anna.Body, part) {
				t.Errorf("the letter does not say %q:\n%s", part, anna.Body)
			}
		}
		if strings.Contains(anna.Body, "**") || strings.Contains(anna.Body, "{{") || !strings.Contains(anna.Subject, "iPhone") {
			t.Errorf("the letter is not one to read:\n%s\n%s", anna.Subject, anna.Body)
		}
		if dora.Missing || dora.Code == "" || !strings.Contains(dora.Body, "Dora") || strings.Contains(dora.Body, "Duarte") || !strings.Contains(dora.Subject, "iPad") {
			t.Errorf("dora: %+v\n%s", dora, dora.Body)
		}
		if strings.Contains(emil.Body, "MDM Profile") {
			t.Errorf("there is nothing for emil to remove:\n%s", emil.Body)
		}
		accounts, err := h.Directory.List(t.Context())
		must(t, err)
		if len(accounts) != 3 {
			t.Errorf("%d accounts, want those of dora and emil besides", len(accounts))
		}
		if _, err := h.Invite(t.Context(), Letters{IDs: []string{"nothing"}}); !errors.Is(err, ErrUnknown) {
			t.Errorf("no such record: got %v, want ErrUnknown", err)
		}
	})
}
