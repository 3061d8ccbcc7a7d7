package mdm_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

// cleanUp runs what is due, and insists on what came of it: "" is nothing, since it was not due.
func (h *house) cleanUp(outcome string, proposed int) *mdm.Cleanup {
	h.t.Helper()
	run, err := h.server.CleanUp(context.Background())
	switch {
	case err != nil:
		h.t.Fatal(err)
	case run == nil:
		if outcome != "" {
			h.t.Errorf("nothing was done; want %s", outcome)
		}
		return &mdm.Cleanup{}
	case run.Outcome != outcome || run.Proposed != proposed:
		h.t.Errorf("clean-up: %+v; want %q of %d", run, outcome, proposed)
	}
	return run
}

// accept lets a clean-up by this rule run.
func (h *house) accept(r mdm.Rule, most int) mdm.Cleanup {
	h.t.Helper()
	report, err := h.server.PlanCleanup(h.t.Context(), r, most)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.server.AcceptCleanup(event.WithActor(h.t.Context(), "admin"), report.ID, ""); err != nil {
		h.t.Fatal(err)
	}
	return report
}

func (h *house) archivedNames(ids map[string]string) string {
	h.t.Helper()
	return names(ids, h.ids(mdm.ListQuery{Filter: []mdm.Condition{{Column: "state", Operator: mdm.Is, Value: mdm.Archived}}}))
}

func TestCleanUpDoesWhatItsReportSaid(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ids := remains(h)
		h.cleanUp("", 0) // off, as it is at first
		h.change(func(s *settings.Settings) { s.Cleanup.Automatic, s.Cleanup.Rule = true, settings.CleanupRule(rule) })
		h.cleanUp("", 0)
		h.finds("cleanup_not_accepted", event.Attention, 6)

		shown := h.share(ids, rule, mdm.Proposed)
		report := h.accept(rule, 20)
		if report.Proposed != 6 || report.Woken != 1 || report.Kept != 1 || report.Records != 10 {
			t.Errorf("report: %+v", report)
		}
		if got := h.archivedNames(ids); got != "" {
			t.Errorf("the report archived %s", got)
		}
		if f := h.found(); f["cleanup_not_accepted"].Code != "" || f["records_stale"].Code != "" {
			t.Errorf("accepted, and still there are %v", f)
		}
		run := h.cleanUp(mdm.CleanupDone, 6) // 60 per cent, and the report had shown them
		if got := h.archivedNames(ids); got != shown || shown != "asleep deaf expired gone left waiting" {
			t.Errorf("archived %q, shown were %q", got, shown)
		}
		if run.Woken != 1 || h.number(`SELECT COUNT(*) FROM pushes WHERE enrollment = $1 AND due_at > 0`, ids["quiet"]) != 1 {
			t.Errorf("the silent phone was not called first: %+v", run)
		}
		if n := h.number(`SELECT COUNT(*) FROM batches WHERE id = $1 AND actor = 'system'`, run.Batch); n != 1 {
			t.Error("nobody, or somebody else than the system, put the records away")
		}
		h.cleanUp("", 0)

		// Called and silent: a day later it is one of them. It is called once, not every day anew.
		h.set(`UPDATE enrollments SET sent_at = $1, outcome = 'accepted' WHERE id = $2`, h.ago(0), ids["quiet"])
		h.clock.Add(day)
		if run := h.cleanUp(mdm.CleanupDone, 0); run.Woken != 0 {
			t.Errorf("called again after a day: %+v", run)
		}
		h.clock.Add(day)
		h.cleanUp(mdm.CleanupDone, 1)
		if got := h.archivedNames(ids); got != "asleep deaf expired gone left quiet waiting" {
			t.Errorf("two days later: archived %q", got)
		}
		state, err := h.server.CleanupState(t.Context())
		if err != nil || len(state.Runs) != 3 || state.Runs[0].Left != 1 || state.Runs[2].Left != 6 || state.Accepted.AcceptedBy != "admin" {
			t.Errorf("history: %+v, %v", state, err)
		}
		if n, err := h.server.Undo(t.Context(), run.Batch); n != 6 || err != nil {
			t.Errorf("undone: %d, %v", n, err)
		}
	})
}

func TestCleanUpStopsBeforeTooMuch(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ids := remains(h)
		h.accept(mdm.Rule{Silent: 30}, 20) // two of ten
		h.cleanUp(mdm.CleanupDone, 2)
		for _, story := range []string{"gone", "fine", "left"} {
			h.set(`UPDATE enrollments SET last_seen_at = $1, sent_at = $2, outcome = 'accepted', gone_at = 0, stage = 'enrolled' WHERE id = $3`,
				h.ago(40*day), h.ago(3*day), ids[story])
		}
		h.clock.Add(day)
		before := h.archivedNames(ids)
		h.cleanUp(mdm.CleanupBraked, 3) // of eight records, two are 20 per cent
		if got := h.archivedNames(ids); got != before {
			t.Errorf("archived %q all the same", got)
		}
		f := h.finds("cleanup_stopped", event.Attention, 3)
		if f.Params["most"] != "20" {
			t.Errorf("%+v", f)
		}
		h.clock.Add(2 * day)
		h.cleanUp("", 0) // it waits
		h.clock.Add(time.Minute)
		h.accept(mdm.Rule{Silent: 30}, 20)
		h.cleanUp(mdm.CleanupDone, 3)
		if f, ok := h.found()["cleanup_stopped"]; ok {
			t.Errorf("accepted, and still %+v", f)
		}
	})
}

func TestAnotherRuleIsAnotherAcceptance(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ids := remains(h)
		h.accept(mdm.Rule{Removed: 5}, 20)
		h.change(func(s *settings.Settings) { s.Cleanup.Rule.Silent = 30 })
		h.cleanUp("", 0)
		h.change(func(s *settings.Settings) { s.Cleanup.Rule.Silent, s.Cleanup.Most = 0, 90 })
		h.cleanUp("", 0)
		h.finds("cleanup_not_accepted", event.Attention, 1)
		h.change(func(s *settings.Settings) { s.Cleanup.Most = 20 }) // as it was accepted
		h.change(func(s *settings.Settings) { s.Cleanup.Every = "week" })
		h.cleanUp(mdm.CleanupDone, 1)
		h.clock.Add(6 * day)
		h.cleanUp("", 0)
		h.clock.Add(day)
		h.cleanUp(mdm.CleanupDone, 0)
		h.change(func(s *settings.Settings) { s.Cleanup.Automatic = false })
		h.clock.Add(7 * day)
		h.cleanUp("", 0)
		if got := h.archivedNames(ids); got != "left" {
			t.Errorf("archived %q", got)
		}

		report, err := h.server.PlanCleanup(t.Context(), rule, 20)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.Add(25 * time.Hour)
		if err := h.server.AcceptCleanup(t.Context(), report.ID, ""); !errors.Is(err, mdm.ErrReportOld) {
			t.Errorf("yesterday's report: %v", err)
		}
		if err := h.server.AcceptCleanup(t.Context(), "none", ""); !errors.Is(err, mdm.ErrNoReport) {
			t.Errorf("no report: %v", err)
		}
	})
}

// The server was off for a month and comes back: nobody is put away for what nobody could say.
func TestCleanUpDoesNotJudgeTimeThatWeWereAway(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.enrolled("anna@example.org")
		here := func() {
			t.Helper()
			if err := h.db.Update(t.Context(), func(tx *db.Tx) error { return event.Present(tx, tx.Now, tx.Now, event.Off) }); err != nil {
				t.Fatal(err)
			}
		}
		here()
		h.accept(mdm.Rule{Silent: 10, ProbablyRemoved: 10}, 100)
		h.clock.Add(30 * day)
		here()
		if run := h.cleanUp(mdm.CleanupDone, 0); run.Woken != 0 {
			t.Errorf("called for silence in which we were away: %+v", run)
		}
	})
}
