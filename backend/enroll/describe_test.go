package enroll_test

import (
	"testing"
	"time"

	"example.org/gatehouse/backend/enroll"
)

// Each step has a state of its own, with a reason and a next step, in time and out of it.
func TestEveryStepIsDescribed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for step, want := range map[string]string{
		enroll.StepKnocked: enroll.SigningIn, enroll.StepSignedIn: enroll.Answering, enroll.StepOffered: enroll.WaitingForApple,
		enroll.StepIdentified: enroll.Installing, enroll.StepDone: enroll.Finished,
	} {
		for _, c := range []struct {
			name   string
			a      enroll.Attempt
			reason string
			stuck  bool
		}{
			{"a moment ago", enroll.Attempt{Step: step, UpdatedAt: now.Add(-time.Minute)}, "", false},
			{"long ago", enroll.Attempt{Step: step, UpdatedAt: now.Add(-time.Hour)}, "", true},
			{"with a mistake", enroll.Attempt{Step: step, UpdatedAt: now, Reason: "password"}, "password", true},
		} {
			got := enroll.Describe(c.a, now)
			seen[got.Code] = true
			stuck := c.stuck && step != enroll.StepDone
			if got.Code != want || got.Reason == "" || got.Next == "" || got.Stuck() != stuck || stuck && c.reason != "" && got.Reason != c.reason {
				t.Errorf("%s, %s: %+v, want %s, stuck %v", step, c.name, got, want, stuck)
			}
		}
	}
	for _, code := range enroll.Codes() {
		if !seen[code] {
			t.Errorf("%s was never said", code)
		}
	}
}
