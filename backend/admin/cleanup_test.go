package admin_test

import (
	"testing"
	"time"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db"
)

// Off at first; a report; somebody accepts it; the loop does it, says so on the overview, and it is undone.
func TestAutomaticCleanUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		must(t, p.Leave(t.Context()))
		must(t, h.API().DB.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE enrollments SET ended_at = $1`, db.Millis(tx.Now.Add(-40*24*time.Hour)))
			return err
		}))

		var state admin.CleanupState
		tidied := func(want string) {
			t.Helper()
			must(t, h.API().Tidy(t.Context()))
			h.want("GET", "/cleanup", "", &state)
			var list admin.Enrollments
			h.want("GET", "/enrollments?state=archived", "", &list)
			if archived := list.Total > 0; state.State != want || archived != (len(state.Runs) > 0) {
				t.Errorf("state %q with %d runs and %d archived, want %q", state.State, len(state.Runs), list.Total, want)
			}
		}
		tidied("off")
		var report admin.CleanupReport
		h.want("POST", "/cleanup/reports", `{"rule":{"waiting":0,"silent":0,"probably_removed":0,"must_enroll_again":0,"removed":60}}`, &report)
		if report.Proposed != 0 || len(report.Enrollments) != 0 || report.Most != 20 {
			t.Errorf("left 40 days ago, for a rule of 60: %+v", report)
		}
		h.want("POST", "/cleanup/reports", `{}`, &report)
		if report.Proposed != 1 || len(report.Enrollments) != 1 || report.Enrollments[0].Person != anna || report.Rule.Removed != 30 {
			t.Errorf("by the rule of the settings: %+v", report)
		}
		tidied("off")
		h.refused("POST", "/cleanup/reports/none/accept", `{}`, admin.NotFound)
		h.want("POST", "/cleanup/reports/"+report.ID+"/accept", `{"every":"week"}`, &state)
		if state.State != "on" || state.Every != "week" || state.NextAt.IsZero() || state.AcceptedBy == "" {
			t.Errorf("accepted: %+v", state)
		}
		tidied("on")
		run := state.Runs[0]
		if run.Outcome != "done" || run.Proposed != 1 || run.Left != 1 {
			t.Fatalf("run: %+v", run)
		}
		var overview admin.Overview
		h.want("GET", "/overview", "", &overview)
		if overview.Cleaned == nil || overview.Cleaned.Batch != run.Batch {
			t.Errorf("the overview says %+v", overview.Cleaned)
		}
		var events admin.Events
		h.want("GET", "/events?kind=enrollment.archived", "", &events)
		if len(events.Events) != 1 || events.Events[0].Actor != "system" {
			t.Errorf("the trail: %+v", events.Events)
		}
		h.want("POST", "/batches/"+run.Batch+"/undo", "", nil)
		overview = admin.Overview{}
		h.want("GET", "/overview", "", &overview)
		if overview.Cleaned != nil {
			t.Errorf("undone, and the overview says %+v", overview.Cleaned)
		}
		h.want("POST", "/cleanup/stop", "", &state)
		if state.State != "off" || len(state.Runs) != 1 {
			t.Errorf("stopped: %+v", state)
		}
	})
}
