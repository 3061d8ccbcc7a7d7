package mdm_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

const day = 24 * time.Hour

var rule = mdm.Rule{Waiting: 7, Silent: 30, ProbablyRemoved: 10, MustEnrollAgain: 10, Removed: 10}

// set changes what is known of a phone.
func (h *house) set(statement string, args ...any) {
	h.t.Helper()
	if err := h.db.Update(h.t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(statement, args...); return err }); err != nil {
		h.t.Fatal(err)
	}
}

// ago is a time before now, as it is stored.
func (h *house) ago(d time.Duration) int64 { return db.Millis(h.db.Now().Add(-d)) }

// remains are phones that have gone in every way there is, by their story.
func remains(h *house) map[string]string {
	h.t.Helper()
	ids := map[string]string{}
	for _, story := range []string{"fine", "quiet", "asleep", "deaf", "gone", "expired", "left", "pinned", "short"} {
		p := h.enrolled(story + "@example.org")
		ids[story] = p.id
		if story == "left" {
			p.ok(p.checkIn(dict{"MessageType": "CheckOut"}))
		}
	}
	began := h.phone("waiting@example.org")
	began.ok(began.authenticate())
	ids["waiting"] = began.id
	for _, story := range []string{"quiet", "asleep", "deaf", "gone", "pinned"} {
		h.set(`UPDATE enrollments SET last_seen_at = $1 WHERE id = $2`, h.ago(40*day), ids[story])
	}
	h.set(`UPDATE enrollments SET last_seen_at = $1 WHERE id = $2`, h.ago(20*day), ids["short"])
	h.set(`UPDATE enrollments SET sent_at = $1, outcome = 'accepted' WHERE id = $2 OR id = $3`, h.ago(2*day), ids["asleep"], ids["pinned"])
	h.set(`UPDATE enrollments SET outcome = 'refused', sent_at = $1 WHERE id = $2`, h.ago(35*day), ids["deaf"])
	h.set(`UPDATE enrollments SET outcome = 'gone', gone_at = $1, sent_at = $1 WHERE id = $2`, h.ago(15*day), ids["gone"])
	h.set(`UPDATE enrollments SET identity_expires_at = $1 WHERE id = $2`, h.ago(11*day), ids["expired"])
	h.set(`UPDATE enrollments SET ended_at = $1 WHERE id = $2`, h.ago(11*day), ids["left"])
	h.set(`UPDATE enrollments SET last_seen_at = $1 WHERE id = $2`, h.ago(8*day), ids["waiting"])
	if _, err := h.server.Keep(h.t.Context(), "Museum", ids["pinned"]); err != nil {
		h.t.Fatal(err)
	}
	return ids
}

func (h *house) share(ids map[string]string, r mdm.Rule, share mdm.Share) string {
	h.t.Helper()
	return names(ids, h.ids(mdm.ListQuery{Rule: &r, Share: share, Sort: "last_seen_at"}))
}

func TestRuleTakesWhatIsGone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ids := remains(h)
		if got, want := h.share(ids, rule, mdm.Proposed), "asleep deaf expired gone left waiting"; got != want {
			t.Errorf("proposed: %q, want %q", got, want)
		}
		if got := h.share(ids, rule, mdm.Waking); got != "quiet" {
			t.Errorf("to be woken first: %q", got)
		}
		if got := h.share(ids, rule, mdm.Pins); got != "pinned" {
			t.Errorf("pinned: %q", got)
		}
		sum, err := h.server.Stale(t.Context(), rule)
		if err != nil || sum.Waking != 1 || sum.Kept != 1 || sum.Proposed[mdm.Asleep] != 1 || sum.Proposed[mdm.Quiet] != 1 || sum.Proposed[mdm.Removed] != 1 {
			t.Errorf("summary: %+v, %v", sum, err)
		}
		// Each threshold moves its own state, and 0 is never.
		for name, c := range map[string]struct {
			rule mdm.Rule
			want string
		}{
			"nothing":        {mdm.Rule{}, ""},
			"only left":      {mdm.Rule{Removed: 5}, "left"},
			"left, later":    {mdm.Rule{Removed: 12}, ""},
			"silent, longer": {mdm.Rule{Silent: 45}, ""},
			"only gone":      {mdm.Rule{ProbablyRemoved: 39}, "gone"},
		} {
			if got := h.share(ids, c.rule, mdm.Proposed); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		// A phone that is woken and answers is not judged; one that does not is, a day later.
		if n, err := h.server.WakeStale(t.Context(), rule); n != 1 || err != nil {
			t.Errorf("woke %d, %v", n, err)
		}
		h.set(`UPDATE enrollments SET sent_at = $1, outcome = 'accepted' WHERE id = $2`, h.ago(0), ids["quiet"])
		if got := h.share(ids, rule, mdm.Waking); got != "quiet" {
			t.Errorf("a moment after it was woken: waking %q", got)
		}
		h.clock.Add(25 * time.Hour)
		if got := h.share(ids, rule, mdm.Proposed); got != "asleep deaf expired gone left quiet waiting" {
			t.Errorf("woken in vain: %q", got)
		}
	})
}

// G2: the server was off for twenty days, and nobody is stale for that.
func TestHoursInWhichWeWereAwayDoNotCount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		here := func() {
			t.Helper()
			if err := h.db.Update(t.Context(), func(tx *db.Tx) error { return event.Present(tx, tx.Now, tx.Now, event.Off) }); err != nil {
				t.Fatal(err)
			}
		}
		here()
		h.clock.Add(20 * day)
		here()
		r := mdm.Rule{Silent: 10}
		for _, share := range []mdm.Share{mdm.Proposed, mdm.Waking} {
			if got := h.ids(mdm.ListQuery{Rule: &r, Share: share}); len(got) != 0 {
				t.Errorf("%s after 20 days off: %v", share, got)
			}
		}
		m, err := h.server.Moment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s := mdm.Describe(p.get(), m); s.Code != mdm.Managed || s.Params["away_hours"] != "480" {
			t.Errorf("described as %+v", s)
		}
	})
}

func TestArchivingIsUndone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ids := remains(h)
		before := map[string]mdm.Stage{}
		for story, id := range ids {
			e, err := h.server.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			before[story] = e.Stage
		}
		if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{ids["asleep"]}}, mdm.ProfileList()); err != nil {
			t.Fatal(err)
		}
		proposed := h.share(ids, rule, mdm.Proposed)
		b, err := h.server.Archive(event.WithActor(t.Context(), "maria"), &rule)
		if err != nil || b.Count != 6 {
			t.Fatalf("archived %+v, %v", b, err)
		}
		if got := names(ids, h.ids(mdm.ListQuery{State: mdm.Archived})); got != proposed {
			t.Errorf("archived %q, proposed were %q", got, proposed)
		}
		if n := h.number(`SELECT COUNT(*) FROM commands WHERE waiting = $1`, ids["asleep"]); n != 0 {
			t.Errorf("%d commands wait for an archived phone", n)
		}
		batches, err := h.server.Batches(t.Context())
		if err != nil || len(batches) != 1 || batches[0].Left != 6 || batches[0].Actor != "maria" {
			t.Errorf("batches: %+v, %v", batches, err)
		}
		again, err := h.server.Archive(t.Context(), &rule) // another window
		if err != nil || again.Count != 0 {
			t.Errorf("the second window archived %+v, %v", again, err)
		}
		if n, err := h.server.Undo(t.Context(), b.ID); n != 6 || err != nil {
			t.Errorf("undid %d, %v", n, err)
		}
		for story, id := range ids {
			e, err := h.server.Get(t.Context(), id)
			if err != nil || e.Stage != before[story] || !e.ArchivedAt.IsZero() || e.Batch != "" {
				t.Errorf("%s came back as %s (%v), was %s", story, e.Stage, err, before[story])
			}
		}
		if _, err := h.server.Undo(t.Context(), b.ID); !errors.Is(err, mdm.ErrNoBatch) {
			t.Errorf("undo twice: %v", err)
		}
		if kinds := h.kinds(ids["gone"]); !slices.Contains(kinds, mdm.PutAway) || !slices.Contains(kinds, mdm.Restored) {
			t.Errorf("the timeline has %v", kinds)
		}
	})
}

// Two windows clear the same records at the same moment: each record is archived once.
func TestTwoWindowsClearTheSame(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		remains(h)
		var counts [4]int
		var all sync.WaitGroup
		for i := range counts {
			all.Go(func() {
				b, err := h.server.Archive(t.Context(), &rule)
				if err != nil {
					t.Error(err)
				}
				counts[i] = b.Count
			})
		}
		all.Wait()
		if sum := counts[0] + counts[1] + counts[2] + counts[3]; sum != 6 {
			t.Errorf("archived %v, want 6 together", counts)
		}
	})
}

// G5: an archived phone that calls comes back by itself, also in the middle of clearing.
func TestArchivedPhoneThatCallsComesBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		h.set(`UPDATE enrollments SET last_seen_at = $1, sent_at = $2, outcome = 'accepted' WHERE id = $3`, h.ago(40*day), h.ago(2*day), p.id)
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := h.server.Archive(t.Context(), &rule); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() { p.idle() })
		all.Wait()
		p.idle()
		if e := p.get(); e.Stage != mdm.StageEnrolled || !e.ArchivedAt.IsZero() || e.Batch != "" {
			t.Errorf("after it called: %+v", e)
		}
		if _, err := h.server.Archive(t.Context(), nil, p.id); err != nil {
			t.Fatal(err)
		}
		p.idle()
		if e := p.get(); e.Stage != mdm.StageEnrolled {
			t.Errorf("archived by name, then it called: %s", e.Stage)
		}
		if kinds := h.kinds(p.id); !slices.Contains(kinds, mdm.Returned) {
			t.Errorf("no note that it came back: %v", kinds)
		}
	})
}

func TestPurgeLeavesAReceipt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p, other := h.enrolled("anna@example.org"), h.enrolled("ben@example.org")
		nothing := func(*db.Tx, string, string) error { return nil }
		purge := func(ids ...string) (r mdm.Receipt, err error) {
			err = h.db.Update(t.Context(), func(tx *db.Tx) error {
				r, err = h.server.Purge(tx, ids, nothing)
				return err
			})
			return r, err
		}
		if _, err := purge(p.id); !errors.Is(err, mdm.ErrNotArchived) {
			t.Errorf("purge a phone under management: %v", err)
		}
		if _, err := h.server.Archive(t.Context(), nil, p.id, other.id); err != nil {
			t.Fatal(err)
		}
		h.clock.Add(mdm.ArchivedFor - time.Hour)
		if ids, err := h.server.Overdue(t.Context(), 10); len(ids) != 0 || err != nil {
			t.Errorf("too early: %v, %v", ids, err)
		}
		h.clock.Add(2 * time.Hour)
		if _, err := h.server.Keep(t.Context(), "Museum", other.id); err != nil {
			t.Fatal(err)
		}
		ids, err := h.server.Overdue(t.Context(), 10)
		if !slices.Equal(ids, []string{p.id}) || err != nil {
			t.Fatalf("due: %v, %v; want %s alone", ids, err, p.id)
		}
		r, err := purge(ids...)
		if err != nil || r.Phones != 1 {
			t.Fatalf("receipt %+v, %v", r, err)
		}
		for _, table := range []string{"pins", "devices", "pushes", "commands", "command_results", "managed_apps", "remarks"} {
			if n := h.number(`SELECT COUNT(*) FROM `+table+` WHERE enrollment = $1`, p.id); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		if n := h.number(`SELECT COUNT(*) FROM listed`); n != 1 {
			t.Errorf("%d rows of listed, want 1", n)
		}
		receipts, err := h.server.Receipts(t.Context())
		if err != nil || len(receipts) != 1 || receipts[0].ID != r.ID || receipts[0].Phones != 1 {
			t.Errorf("receipts: %+v, %v", receipts, err)
		}
	})
}
