package mdm_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

// found are the findings of the room by their codes.
func (h *house) found() map[string]event.Finding {
	h.t.Helper()
	all := map[string]event.Finding{}
	for _, f := range h.server.Health(h.t.Context()) {
		all[f.Code] = f
	}
	return all
}

// finds insists on a finding about so many phones, and that the list finds as many by its filter.
func (h *house) finds(code string, level event.Level, count int) event.Finding {
	h.t.Helper()
	f, ok := h.found()[code]
	if !ok || f.Level != level || f.Params["count"] != strconv.Itoa(count) {
		h.t.Errorf("%s: got %+v (there are %v), want %s about %d", code, f, slices.Sorted(maps.Keys(h.found())), level, count)
	}
	if len(f.Filter) == 0 {
		return f
	}
	q := mdm.ListQuery{}
	for _, one := range f.Filter {
		c, err := mdm.ParseCondition(one)
		if err != nil {
			h.t.Fatal(err)
		}
		q.Filter = append(q.Filter, c)
	}
	if got := h.ids(q); len(got) != count {
		h.t.Errorf("%s: its filter %v finds %d phones, not %d", code, f.Filter, len(got), count)
	}
	return f
}

func (h *house) change(fn func(*settings.Settings)) {
	h.t.Helper()
	if err := h.settings.Change(h.t.Context(), true, func(s *settings.Settings) error { fn(s); return nil }); err != nil {
		h.t.Fatal(err)
	}
}

func TestEverySourceMakesItsFinding(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		if got := h.found(); len(got) != 0 {
			t.Errorf("without phones: %v", got)
		}
		ids := remains(h)
		h.finds("phones_must_enroll_again", event.Attention, 1)
		h.change(func(s *settings.Settings) { s.Cleanup.Rule = settings.CleanupRule(rule) })
		stale := h.finds("records_stale", event.Notice, 6)
		if stale.Params["quiet"] != "6" { // quiet, asleep, deaf, gone, short; and the pinned one sleeps, too
			t.Errorf("stale: %+v", stale)
		}
		h.change(func(s *settings.Settings) { s.Cleanup.Rule = settings.CleanupRule{} })
		if f, ok := h.found()["records_stale"]; ok {
			t.Errorf("a rule that takes nothing found %+v", f)
		}
		if _, err := h.server.Archive(t.Context(), nil, ids["left"], ids["waiting"]); err != nil {
			t.Fatal(err)
		}
		if f, ok := h.found()["records_erased_soon"]; ok {
			t.Errorf("just archived: %+v", f)
		}
		h.set(`UPDATE enrollments SET archived_at = $1 WHERE id = $2`, h.ago(28*day), ids["left"])
		soon := h.finds("records_erased_soon", event.Notice, 1)
		if until, err := time.Parse(time.RFC3339, soon.Params["until"]); err != nil || until.Sub(h.db.Now()).Round(day) != 2*day {
			t.Errorf("erased %v", soon.Params)
		}
	})
}

func TestOldSystemsAreFoundByFamily(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for name, d := range map[string][2]string{
			"a": {"iPhone17,2", "26.1"}, "b": {"iPhone15,4", "18.7.2"}, "c": {"iPhone12,1", "17.9"}, "d": {"iPhone12,1", "16.7.10"},
			"e": {"iPad14,1", "18.2"}, "f": {"iPad13,18", "17.1"}, "g": {"RealityDevice14,1", "2.4"}, "h": {"RealityDevice17,1", "26.0"},
		} {
			p := h.phone(name + "@example.org")
			p.ok(p.checkIn(dict{"MessageType": "Authenticate", "OSVersion": d[1], "ProductName": d[0]}))
			p.ok(p.updateToken())
		}
		old := h.finds("phones_old_os", event.Notice, 2)
		if old.Params["before"] != "18" || old.Params["family"] != "iPhone" {
			t.Errorf("two versions behind: %+v", old) // the iPads' newest is 18: 17 is one behind
		}
		h.change(func(s *settings.Settings) { s.Enrollment.MinOS = "18.7.3" })
		var counts []string
		for _, f := range h.server.Health(t.Context()) {
			if f.Code == "phones_old_os" {
				counts = append(counts, f.Params["family"]+" "+f.Params["count"]+" before "+f.Params["before"])
			}
		}
		if want := []string{"iPhone 3 before 18.7.3", "iPad 2 before 18.7.3", "Apple Vision Pro 1 before 18.7.3"}; !slices.Equal(counts, want) {
			t.Errorf("older than new phones must be: %v, want %v", counts, want)
		}
	})
}

func TestFailedCommandsAreFoundUntilOneSucceeds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		anna, ben := h.enrolled("anna@example.org"), h.enrolled("ben@example.org")
		anna.drain()
		ben.drain()
		ask := func(p *phone, status string) {
			t.Helper()
			if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, mdm.ManagedApplicationList()); err != nil {
				t.Fatal(err)
			}
			p.ok(p.answer(dict{"Status": status, "CommandUUID": p.idle().CommandUUID}))
		}
		ask(anna, "Error")
		one := h.finds("command_failed", event.Attention, 1)
		if one.Params["enrollment"] != anna.id || one.Params["type"] != "ManagedApplicationList" {
			t.Errorf("one phone: %+v", one)
		}
		ask(ben, "CommandFormatError")
		h.finds("commands_failed", event.Attention, 2)
		ask(ben, "Acknowledged")
		h.finds("command_failed", event.Attention, 1)
		h.clock.Add(8 * day)
		if f, ok := h.found()["command_failed"]; ok {
			t.Errorf("a week later: %+v", f)
		}
		if anna.get().FailedAt.IsZero() {
			t.Error("the record forgot it")
		}
		anna.ok(anna.authenticate())
		if !anna.get().FailedAt.IsZero() {
			t.Error("a new life remembers what the former one could not do")
		}
	})
}

func TestDuplicatesAreCounted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for range 2 {
			p := h.enrolled("anna@example.org")
			h.clock.Add(time.Hour)
			p.ok(p.checkIn(dict{"MessageType": "CheckOut"}))
			h.clock.Add(time.Hour)
		}
		likely, err := h.server.Duplicates(t.Context(), mdm.Likely)
		if err != nil || len(likely) != 1 {
			t.Fatalf("duplicates: %v, %v", likely, err)
		}
		h.finds("phones_duplicate", event.Notice, 1)
	})
}
