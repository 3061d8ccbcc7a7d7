package mdm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
)

// What is imagined is listed, searched and described like what phones told.
func TestImaginedPhonesAreListed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		now := h.db.Now().Truncate(time.Second)
		battery := int64(42)
		e := mdm.Enrollment{
			ID: "A", Person: "zoe@example.org", PersonName: "Zoë Müller", ManagedAccount: "zoe@example.org", Stage: mdm.StageEnrolled,
			AuthenticatedAt: now.AddDate(0, -2, 0), EnrolledAt: now.AddDate(0, -2, 0), LastSeenAt: now.AddDate(0, -1, 0), IdentityExpiresAt: now.AddDate(1, 0, 0),
			Device: mdm.Device{ProductName: "iPhone17,2", Name: "iPhone", OSVersion: "26.1", Build: "23B85", Battery: &battery, InformationAt: now.AddDate(0, -1, 0)},
		}
		if err := h.db.Update(t.Context(), func(tx *db.Tx) error { return mdm.Imagine(tx, topic, e) }); err != nil {
			t.Fatal(err)
		}
		for name, q := range map[string]mdm.ListQuery{
			"search": {Search: "zoe muller"}, "state": {State: mdm.Quiet}, "silence": {Stale: 20}, "filter": {Filter: conditions(t, "os_version:is:26.1", "battery:less_than:50")},
		} {
			page, err := h.server.List(t.Context(), q)
			if err != nil || len(page.Enrollments) != 1 {
				t.Fatalf("by %s: %d phones, %v", name, len(page.Enrollments), err)
			}
			got := page.Enrollments[0]
			want := e
			want.Attempt, want.Device.Model, want.Same, want.Push = got.Attempt, "iPhone 16 Pro Max", mdm.SameNo, got.Push
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("by %s (-want +got):\n%s", name, diff)
			}
		}
	})
}
