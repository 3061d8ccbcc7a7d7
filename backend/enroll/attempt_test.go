package enroll_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

func (h *house) update(fn func(tx *db.Tx) error) {
	h.t.Helper()
	if err := h.db.Update(h.t.Context(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// enrolling and enrolled tell as mdm does that a phone brought its token with Authenticate and with TokenUpdate.
func (h *house) enrolling(token, enrollment string) {
	h.t.Helper()
	g, err := h.grant(token)
	if err != nil {
		h.t.Fatal(err)
	}
	h.update(func(tx *db.Tx) error { return h.Tokens().Enrolling(tx, token, g.Attempt, enrollment) })
}

func (h *house) enrolled(token, enrollment string) {
	h.t.Helper()
	h.enrolling(token, enrollment)
	g, err := h.grant(token)
	if err != nil {
		h.t.Fatal(err)
	}
	h.update(func(tx *db.Tx) error { return h.Tokens().Enrolled(tx, g.Attempt, enrollment) })
}

// grant asks as mdm does.
func (h *house) grant(token string) (g mdm.Grant, err error) {
	h.t.Helper()
	err = h.db.Update(h.t.Context(), func(tx *db.Tx) (err error) {
		g, err = h.Tokens().Grant(tx, token)
		return err
	})
	return g, err
}

func TestSessionRunsOutAndIsUsedUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		if _, err := h.Session(t.Context(), "made-up"); !errors.Is(err, enroll.ErrSessionUnknown) {
			t.Errorf("made-up session: got %v, want ErrSessionUnknown", err)
		}
		late := h.knock()
		clock.Add(15 * time.Minute)
		if a, err := h.Session(t.Context(), late); !errors.Is(err, enroll.ErrSessionExpired) || a.Language != "de" {
			t.Errorf("after 15 minutes: got %v in %q, want ErrSessionExpired with the attempt", err, a.Language)
		}
		if _, err := h.through(late, anna); !errors.Is(err, enroll.ErrSessionExpired) {
			t.Errorf("sign-in after 15 minutes: got %v, want ErrSessionExpired", err)
		}
		session, token := h.signedIn()
		h.profile(token)
		if _, err := h.Session(t.Context(), session); !errors.Is(err, enroll.ErrSessionUsed) {
			t.Errorf("after the profile: got %v, want ErrSessionUsed", err)
		}
		if _, err := h.through(session, anna); !errors.Is(err, enroll.ErrSessionUsed) {
			t.Errorf("sign-in after the profile: got %v, want ErrSessionUsed", err)
		}
		if n := h.count("tokens"); n != 1 {
			t.Errorf("tokens: got %d, want 1", n)
		}
	})
}

func TestSignInSentTwiceIsOneSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, _ *dbtest.Clock) {
		session, first := h.signedIn()
		second, err := h.through(session, anna) // a double tap: the phone follows one of the two answers
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{first, string(second)} {
			if g, err := h.grant(token); err != nil || g.Person != "anna@example.org" {
				t.Errorf("token: got %v, %v; want anna's", g, err)
			}
		}
		h.enrolling(first, "E-1")
		if n := h.number(`SELECT COUNT(*) FROM tokens WHERE expires_at = 0`); n != 1 {
			t.Errorf("%d tokens live as long as the enrollment, want the one that was used", n)
		}
		h.enrolled(first, "E-1")
		if _, err := h.grant(string(second)); !errors.Is(err, mdm.ErrTokenUnknown) {
			t.Errorf("the token that was not used: got %v, want ErrTokenUnknown", err)
		}
		bert := directory.Person{Identifier: "bert@example.org"}
		if _, err := h.through(session, bert); !errors.Is(err, enroll.ErrSessionUsed) {
			t.Errorf("another person in the same session: got %v, want ErrSessionUsed", err)
		}
		if a := h.attempts()[0]; a.Person != "anna@example.org" {
			t.Errorf("the attempt belongs to %s", a.Person)
		}
	})
}

func TestGrantNeedsAManagedAccount(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	h.change(func(s *settings.Settings) {
		s.ManagedAccount = settings.ManagedAccount{Rule: settings.RuleAttribute, Attribute: "appleAccount"}
	})
	session := h.knock()
	if _, err := h.through(session, anna); !errors.Is(err, directory.ErrNoManagedAccount) {
		t.Fatalf("got %v, want ErrNoManagedAccount", err)
	}
	if a := h.attempts()[0]; a.Step != enroll.StepKnocked || a.Person != "" {
		t.Errorf("the attempt went on: %+v", a)
	}
	withAccount := anna
	withAccount.ManagedAccount = "a.lind@managed.example.org"
	token, err := h.through(session, withAccount)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.profile(string(token)).payload(t, "com.apple.mdm")["AssignedManagedAppleID"]; got != "a.lind@managed.example.org" {
		t.Errorf("AssignedManagedAppleID: got %v", got)
	}
}

func TestNoteKeepsWherePeopleGetStuck(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	session := h.knock()
	if err := h.Note(t.Context(), session, "password"); err != nil {
		t.Fatal(err)
	}
	if a := h.attempts()[0]; a.Reason != "password" || a.Step != enroll.StepKnocked {
		t.Errorf("got %+v, want the reason at the same step", a)
	}
	if _, err := h.through(session, anna); err != nil {
		t.Fatal(err)
	}
	if a := h.attempts()[0]; a.Reason != "" {
		t.Errorf("the reason stays after success: %q", a.Reason)
	}
	if h.kinds() != "knocked stuck signed_in" {
		t.Errorf("events: got %q", h.kinds())
	}
}

func TestTokenPrintsNothing(t *testing.T) {
	t.Parallel()
	token := enroll.AccessToken("very-secret")
	if got := fmt.Sprintf("%s %v %#v %q", token, token, token, token); strings.Contains(got, "secret") {
		t.Errorf("got %q", got)
	}
}

func TestTokenLivesAsLongAsItsEnrollment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		_, token := h.signedIn()
		h.profile(token)
		a := h.attempts()[0]
		h.enrolling(token, "E-1")
		h.enrolling(token, "E-1") // phones repeat themselves
		if got := h.attempts()[0]; got.Step != enroll.StepIdentified || got.Enrollment != "E-1" {
			t.Errorf("after Authenticate: got %+v", got)
		}
		h.enrolled(token, "E-1")
		h.enrolled(token, "E-1")
		clock.Add(5 * 365 * 24 * time.Hour)
		g, err := h.grant(token)
		if err != nil || g.Enrollment != "E-1" || g.Attempt != a.ID || g.Name != "Anna Lind" {
			t.Errorf("after years: got %+v, %v", g, err)
		}
		h.enrolling(token, "E-1") // a renewal does not undo what is done
		if got := h.attempts()[0]; got.Step != enroll.StepDone {
			t.Errorf("after a renewal: step %s, want done", got.Step)
		}
		h.update(func(tx *db.Tx) error { return h.Tokens().Left(tx, "E-1") })
		if _, err := h.grant(token); !errors.Is(err, mdm.ErrTokenUnknown) {
			t.Errorf("after CheckOut: got %v, want ErrTokenUnknown", err)
		}
	})
}

func TestSignInAgainIsForTheSamePerson(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, _ *dbtest.Clock) {
		_, old := h.signedIn()
		h.profile(old)
		h.enrolled(old, "E-1")

		var sessions []string
		for range 12 { // each request of the phone is answered so until somebody acts
			h.update(func(tx *db.Tx) error {
				c, err := h.Tokens().SignInAgain(tx, "", "E-1")
				if err == nil {
					sessions = append(sessions, h.sessionIn(c))
				}
				return err
			})
		}
		list := h.attempts()
		if len(list) != 2 || !list[0].Again() || list[0].Enrollment != "E-1" || list[0].Language != "de" {
			t.Fatalf("attempts: got %+v, want one more, for E-1, in German", list)
		}
		if n := h.count("sessions"); n != 2+8 {
			t.Errorf("sessions: got %d, want the two of the enrollment and 8", n)
		}
		bert := directory.Person{Identifier: "bert@example.org", Source: directory.FromLocal}
		last := sessions[len(sessions)-1]
		if _, err := h.through(last, bert); !errors.Is(err, enroll.ErrOtherPerson) {
			t.Errorf("another person: got %v, want ErrOtherPerson", err)
		}
		token, err := h.through(last, anna)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.grant(old); err != nil {
			t.Errorf("the old token must work until the new one is used: %v", err)
		}
		h.session(h.post(h.signed(h.device, machineInfo), string(token))) // it opens no profile
		for range 2 {
			g, err := h.grant(string(token))
			if err != nil || g.Enrollment != "E-1" || g.Person != "anna@example.org" {
				t.Errorf("new token: got %+v, %v", g, err)
			}
		}
		if a := again(h.attempts()); a.Step != enroll.StepDone {
			t.Errorf("the sign-in is %s, want done", a.Step)
		}
		if _, err := h.grant(old); !errors.Is(err, mdm.ErrTokenUnknown) {
			t.Errorf("old token afterwards: got %v, want ErrTokenUnknown", err)
		}
	})
}

// TestTokenThatDiedOnTheWayToAuthenticate: the phone has profile and certificate, and no enrollment that we know.
func TestTokenThatDiedOnTheWayToAuthenticate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		_, token := h.signedIn()
		clock.Add(50 * time.Minute)
		h.profile(token)
		clock.Add(50 * time.Minute)
		if _, err := h.grant(token); err != nil {
			t.Errorf("50 minutes after the profile: %v, want the token to live", err)
		}
		clock.Add(time.Hour)
		if _, err := h.grant(token); !errors.Is(err, mdm.ErrTokenUnknown) {
			t.Fatalf("two hours after the profile: %v, want ErrTokenUnknown", err)
		}
		offered := h.attempts()[0]
		signInAgain := func() (session string) {
			h.update(func(tx *db.Tx) error {
				c, err := h.Tokens().SignInAgain(tx, offered.ID, "E-1")
				if err == nil {
					session = h.sessionIn(c)
				}
				return err
			})
			return session
		}
		signInAgain()
		session := signInAgain() // the phone polls
		bert := directory.Person{Identifier: "bert@example.org", Source: directory.FromLocal}
		if _, err := h.through(session, bert); !errors.Is(err, enroll.ErrOtherPerson) {
			t.Errorf("another person: got %v, want ErrOtherPerson", err)
		}
		moved := anna
		moved.ManagedAccount = "other@managed.example.org"
		fresh, err := h.through(session, moved)
		if err != nil {
			t.Fatal(err)
		}
		signInAgain() // and polls once more before it has the answer
		g, err := h.grant(string(fresh))
		if err != nil || g.Attempt != offered.ID || g.Person != offered.Person || g.ManagedAccount != offered.ManagedAccount {
			t.Errorf("new token: got %+v, %v; want one of the same attempt, person and account", g, err)
		}
		if list := h.attempts(); len(list) != 1 || list[0].Step != enroll.StepSignedIn {
			t.Errorf("attempts: got %+v, want the one, signed in", list)
		}
		h.enrolled(string(fresh), "E-1")
		if a := h.attempts()[0]; a.Step != enroll.StepDone || a.Enrollment != "E-1" {
			t.Errorf("attempt: got %+v, want it done for E-1", a)
		}
		err = h.db.Update(t.Context(), func(tx *db.Tx) error {
			_, err := h.Tokens().SignInAgain(tx, "forgotten", "E-2")
			return err
		})
		if !errors.Is(err, mdm.ErrTokenUnknown) {
			t.Errorf("of a forgotten attempt: got %v, want ErrTokenUnknown", err)
		}
		if n := len(h.attempts()); n != 1 {
			t.Errorf("%d attempts, want no one that belongs to nobody", n)
		}
	})
}

func again(list []enroll.Attempt) enroll.Attempt {
	for _, a := range list {
		if a.Again() {
			return a
		}
	}
	return enroll.Attempt{}
}

// TestStrangersWhoKnockLeaveNothing: what nobody tried to sign in to is forgotten soon, with its event.
func TestStrangersWhoKnockLeaveNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		if err := h.Note(t.Context(), h.knock(), "password"); err != nil {
			t.Fatal(err)
		}
		_, token := h.signedIn()
		for range 3 {
			h.knock()
		}
		clock.Add(time.Hour)
		h.Sweep(t.Context())
		if n := h.count("attempts"); n != 5 {
			t.Errorf("after an hour: %d attempts, want all 5", n)
		}
		clock.Add(16 * time.Minute)
		h.Sweep(t.Context())
		if n := h.count("attempts"); n != 2 || h.kinds() != "knocked stuck knocked signed_in" {
			t.Errorf("later: %d attempts and events %q, want those of people", n, h.kinds())
		}
		if _, err := h.grant(token); !errors.Is(err, mdm.ErrTokenUnknown) {
			t.Errorf("an unused token: got %v, want ErrTokenUnknown", err)
		}
	})
}

// TestFullHouseDropsTheOldestKnock: whoever fills the house keeps nobody out.
func TestFullHouseDropsTheOldestKnock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		oldest := h.knock()
		clock.Add(time.Second)
		h.Fill()
		newest := h.knock()
		if _, err := h.Session(t.Context(), oldest); !errors.Is(err, enroll.ErrSessionUnknown) {
			t.Errorf("the oldest: got %v, want ErrSessionUnknown", err)
		}
		if _, err := h.through(newest, anna); err != nil {
			t.Errorf("the newest cannot sign in: %v", err)
		}
		clock.Add(16 * time.Minute)
		h.Sweep(t.Context())
		if n := h.Open(); n != 0 {
			t.Errorf("%d sessions count as open after their time, want none", n)
		}
	})
}

func TestSweepKeepsWhatIsDone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		h.knock()
		_, stuck := h.signedIn()
		h.profile(stuck)
		_, token := h.signedIn()
		h.profile(token)
		h.enrolled(token, "E-1")

		clock.Add(25 * time.Hour)
		h.Sweep(t.Context())
		if n := h.count("attempts"); n != 2 {
			t.Errorf("after a day: %d attempts, want the one that only knocked gone", n)
		}
		if n := h.count("sessions"); n != 0 {
			t.Errorf("after a day: %d sessions, want none", n)
		}
		if f := h.Health(t.Context()); len(f) != 0 {
			t.Errorf("after a day: findings %v, want none", f)
		}
		clock.Add(100 * 24 * time.Hour)
		h.Sweep(t.Context())
		list := h.attempts()
		if len(list) != 1 || list[0].Step != enroll.StepDone {
			t.Errorf("after months: got %+v, want only what is done", list)
		}
		if n := h.count("tokens"); n != 1 {
			t.Errorf("after months: %d tokens, want that of the enrollment", n)
		}
	})
}

func TestHealthNamesTheStepWherePeopleAreStuck(t *testing.T) {
	t.Parallel()
	clock := &dbtest.Clock{}
	h := open(t, dbtest.Open(t, dbtest.At(clock)))
	for range 3 {
		_, token := h.signedIn()
		h.profile(token)
	}
	if f := h.Health(t.Context()); len(f) != 0 {
		t.Errorf("at once: got %v, want nothing", f)
	}
	clock.Add(20 * time.Minute)
	f := h.Health(t.Context())
	if len(f) != 1 || f[0].Level != event.Attention || f[0].Params["step"] != "offered" || f[0].Params["count"] != "3" {
		t.Errorf("after 20 minutes: got %v, want 3 stuck at offered", f)
	}
}

func TestEraseLeavesNothing(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	h.signedIn()
	a := h.attempts()[0]
	h.update(func(tx *db.Tx) error { return h.Erase(tx, a.ID) })
	for _, table := range []string{"attempts", "sessions", "tokens"} {
		if n := h.count(table); n != 0 {
			t.Errorf("%s: %d rows are left", table, n)
		}
	}
}

func TestListFindsAttempts(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	h.knock()
	_, token := h.signedIn()
	h.profile(token)
	offered := h.attempts()[0]
	h.enrolled(token, "E-1")
	for name, c := range map[string]struct {
		q    enroll.AttemptQuery
		want int
	}{
		"all":        {enroll.AttemptQuery{}, 2},
		"open":       {enroll.AttemptQuery{Open: true}, 1},
		"person":     {enroll.AttemptQuery{Person: "anna@example.org"}, 1},
		"step":       {enroll.AttemptQuery{Step: enroll.StepKnocked}, 1},
		"reference":  {enroll.AttemptQuery{Ref: offered.Ref}, 1},
		"enrollment": {enroll.AttemptQuery{Enrollment: "E-1"}, 1},
		"limit":      {enroll.AttemptQuery{Limit: 1}, 1},
		"later":      {enroll.AttemptQuery{Since: h.db.Now().Add(time.Hour)}, 0},
	} {
		list, err := h.Attempts(t.Context(), c.q)
		if err != nil || len(list) != c.want {
			t.Errorf("%s: got %d, %v; want %d", name, len(list), err, c.want)
		}
	}
}
