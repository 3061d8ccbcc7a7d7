package mdm_test

import (
	"testing"
	"time"

	"example.org/gatehouse/backend/mdm"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	enrolled := func(change func(*mdm.Enrollment)) mdm.Enrollment {
		e := mdm.Enrollment{
			Stage: mdm.StageEnrolled, LastSeenAt: ago(time.Hour), IdentityExpiresAt: now.Add(100 * day),
			Push: mdm.Evidence{Reachable: true, TokenAt: ago(30 * day)},
		}
		change(&e)
		return e
	}
	for _, c := range []struct {
		name         string
		e            mdm.Enrollment
		code, reason string
	}{
		{"just authenticated", mdm.Enrollment{Stage: mdm.StageAuthenticated, AuthenticatedAt: ago(time.Minute)}, mdm.Waiting, "installing"},
		{"never finished", mdm.Enrollment{Stage: mdm.StageAuthenticated, AuthenticatedAt: ago(2 * time.Hour)}, mdm.Waiting, "not_finished"},
		{"in touch", enrolled(func(*mdm.Enrollment) {}), mdm.Managed, "in_touch"},
		{"woken a moment ago", enrolled(func(e *mdm.Enrollment) { e.Push.Outcome, e.Push.SentAt = "accepted", ago(time.Minute) }), mdm.Managed, "in_touch"},
		{"silent for a week", enrolled(func(e *mdm.Enrollment) { e.LastSeenAt = ago(8 * day) }), mdm.Quiet, "silent"},
		{"silent, no token", enrolled(func(e *mdm.Enrollment) { e.LastSeenAt, e.Push.Reachable = ago(8*day), false }), mdm.Quiet, "no_push_token"},
		{"silent, token refused", enrolled(func(e *mdm.Enrollment) { e.LastSeenAt, e.Push.Outcome = ago(8*day), "refused" }), mdm.Quiet, "push_refused"},
		{"woken in vain", enrolled(func(e *mdm.Enrollment) {
			e.LastSeenAt, e.Push.SentAt, e.Push.Outcome = ago(3*day), ago(2*day), "accepted"
		}), mdm.Asleep, "woken_in_vain"},
		{"answered since", enrolled(func(e *mdm.Enrollment) { e.Push.SentAt, e.Push.Outcome = ago(2*day), "accepted" }), mdm.Managed, "in_touch"},
		{"Apple says gone", enrolled(func(e *mdm.Enrollment) {
			e.LastSeenAt, e.Push.GoneAt, e.Push.SentAt, e.Push.Outcome = ago(3*day), ago(2*day), ago(day), "gone"
		}), mdm.ProbablyRemoved, "push_unregistered"},
		{"gone, but it called since", enrolled(func(e *mdm.Enrollment) {
			e.Push.GoneAt, e.Push.SentAt, e.Push.Outcome = ago(2*day), ago(day), "gone"
		}), mdm.Managed, "in_touch"},
		{"to go", enrolled(func(e *mdm.Enrollment) { e.RetiringAt = ago(time.Hour) }), mdm.Managed, "retiring"},
		{"to go, and silent", enrolled(func(e *mdm.Enrollment) { e.RetiringAt, e.LastSeenAt = ago(8*day), ago(8*day) }), mdm.Quiet, "retiring"},
		{"to go, but it never can", enrolled(func(e *mdm.Enrollment) { e.RetiringAt, e.IdentityExpiresAt = ago(8*day), ago(day) }), mdm.MustEnrollAgain, "identity_expired"},
		{"identity expired", enrolled(func(e *mdm.Enrollment) { e.IdentityExpiresAt = ago(day) }), mdm.MustEnrollAgain, "identity_expired"},
		{"said goodbye", mdm.Enrollment{Stage: mdm.StageRemoved, EndedBy: mdm.EndedByCheckOut}, mdm.Removed, "removed_on_phone"},
		{"removed by us", mdm.Enrollment{Stage: mdm.StageRemoved, EndedBy: mdm.EndedByUs}, mdm.Removed, "removed_on_request"},
		{"archived", mdm.Enrollment{Stage: mdm.StageArchived}, mdm.Archived, "archived_by_administrator"},
	} {
		got := mdm.Describe(c.e, mdm.Moment{Now: now})
		if got.Code != c.code || got.Reason != c.reason || got.Next == "" {
			t.Errorf("%s: %+v, want %s because %s, with a next step", c.name, got, c.code, c.reason)
		}
	}
}
