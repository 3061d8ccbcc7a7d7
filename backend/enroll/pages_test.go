package enroll_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
)

// TestSignInMovesToAnAddressThatOnlyItsBrowserKnows: whoever made a phone knock and passed the link on cannot collect
// what its person signs in to.
func TestSignInMovesToAnAddressThatOnlyItsBrowserKnows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		first := h.knock()
		if _, err := h.Grant(t.Context(), first); !errors.Is(err, enroll.ErrNotSignedIn) {
			t.Errorf("a token before the sign-in: got %v, want ErrNotSignedIn", err)
		}
		nothing := func(*db.Tx, *enroll.Attempt) error { return nil }
		if _, err := h.Answer(t.Context(), first, nothing); !errors.Is(err, enroll.ErrNotSignedIn) {
			t.Errorf("an answer before the sign-in: got %v, want ErrNotSignedIn", err)
		}
		next, a, err := h.SignIn(t.Context(), first, anna)
		if err != nil || next == first || len(next) != 43 || !a.Proven {
			t.Fatalf("sign-in: got session %q, %+v, %v", next, a, err)
		}
		if _, err := h.Grant(t.Context(), first); !errors.Is(err, enroll.ErrNotSignedIn) {
			t.Errorf("a token for the first address: got %v, want ErrNotSignedIn", err)
		}
		if a, err := h.Session(t.Context(), first); err != nil || !a.Spent || a.Proven {
			t.Errorf("the first address: got %+v, %v; want it spent", a, err)
		}
		if a, err := h.Session(t.Context(), next); err != nil || a.Spent || !a.Proven || a.Step != enroll.StepSignedIn {
			t.Errorf("the second address: got %+v, %v; want it proven", a, err)
		}
		// A second tap makes another address of the same sign-in; both are good, and there is one event.
		again, _, err := h.SignIn(t.Context(), first, anna)
		if err != nil || again == next {
			t.Errorf("a second tap: got %q, %v", again, err)
		}
		for _, s := range []string{next, again} {
			if _, err := h.Grant(t.Context(), s); err != nil {
				t.Errorf("a token for %s: %v", s, err)
			}
		}
		if h.kinds() != "knocked signed_in" {
			t.Errorf("events: got %q", h.kinds())
		}
		// Whoever answers pages has time for the next.
		clock.Add(10 * time.Minute)
		if _, err := h.Answer(t.Context(), next, nothing); err != nil {
			t.Error(err)
		}
		clock.Add(10 * time.Minute)
		if _, err := h.Grant(t.Context(), next); err != nil {
			t.Errorf("ten minutes after an answer: %v", err)
		}
		if _, err := h.Grant(t.Context(), again); !errors.Is(err, enroll.ErrSessionExpired) {
			t.Errorf("twenty minutes without one: got %v, want ErrSessionExpired", err)
		}
	})
}

func TestAnswersAreRememberedForAWhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house, clock *dbtest.Clock) {
		both := anna
		both.Groups = []string{"Office", "Warehouse"}
		answered := func() {
			next, _, err := h.SignIn(t.Context(), h.knock(), both)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Speak(t.Context(), next, "de"); err != nil {
				t.Fatal(err)
			}
			_, err = h.Answer(t.Context(), next, func(_ *db.Tx, a *enroll.Attempt) error {
				a.Nickname, a.Group = "Anna\u0000's phone", "Warehouse"
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		answered()
		clock.Add(14 * time.Minute)
		_, a, err := h.SignIn(t.Context(), h.knock(), both)
		if err != nil || a.Nickname != "Anna's phone" || a.Group != "Warehouse" || a.Chosen != "de" {
			t.Errorf("after a new start: %+v, %v", a, err)
		}
		office := anna
		office.Groups = []string{"Office"}
		if _, a, _ := h.SignIn(t.Context(), h.knock(), office); a.Group != "Office" {
			t.Errorf("the group is %q, though the person is only in Office", a.Group)
		}
		clock.Add(time.Hour)
		if _, a, _ := h.SignIn(t.Context(), h.knock(), both); a.Nickname != "" || a.Group != "" {
			t.Errorf("an hour later: %+v", a)
		}
		// What became of an enrollment belongs to that phone.
		answered()
		list := h.attempts()
		next, _, err := h.SignIn(t.Context(), h.knock(), both)
		if err != nil {
			t.Fatal(err)
		}
		token, err := h.Grant(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		h.enrolled(string(token), "E-1")
		h.update(func(tx *db.Tx) error { return h.Erase(tx, list[0].ID) })
		if _, a, _ := h.SignIn(t.Context(), h.knock(), both); a.Nickname != "" {
			t.Errorf("the name of another phone is taken: %q", a.Nickname)
		}
	})
}

func TestPhonesOfAPersonAreBounded(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	h.change(func(s *settings.Settings) { s.Enrollment.MaxPhones = 1 })
	h.update(func(tx *db.Tx) error {
		if _, err := tx.Exec(`
			INSERT INTO enrollments (id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by)
			VALUES ('E-1', 'anna@example.org', 'enrolled', 0, 0, FALSE, 0, 0, 0, '')`); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO pins (enrollment, attempt, fingerprint, token_digest) VALUES ('E-1', '', '', '')`); err != nil {
			return err
		}
		_, err := tx.Exec(`
			INSERT INTO devices (enrollment, person_name, managed_account, former, product_name, model, model_number, name,
				os_version, os_extra, build, information_at, security_at, status_at)
			VALUES ('E-1', '', '', '', 'iPad14,3', '', '', '', '', '', '', 0, 0, 0)`)
		return err
	})
	var limit *enroll.LimitError
	if _, _, err := h.SignIn(t.Context(), h.knock(), anna); !errors.As(err, &limit) || limit.Most != 1 {
		t.Fatalf("a second phone, of another model: got %v, want LimitError", err)
	}
	h.update(func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE devices SET product_name = 'iPhone17,2' WHERE enrollment = 'E-1'`)
		return err
	})
	next, a, err := h.SignIn(t.Context(), h.knock(), anna)
	if err != nil || a.Former != "E-1" {
		t.Fatalf("the same model may be the same phone: %+v, %v", a, err)
	}
	for _, c := range []struct {
		same string
		ok   bool
	}{{"no", false}, {"unsure", false}, {"yes", true}} {
		if _, err := h.Answer(t.Context(), next, func(_ *db.Tx, a *enroll.Attempt) error { a.Same = c.same; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Grant(t.Context(), next); (err == nil) != c.ok || !c.ok && !errors.As(err, &limit) {
			t.Errorf("%s: got %v", c.same, err)
		}
	}
}

func TestRefusalsSayWhyOnTheNativeScreen(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	message := func(agent, query string) string {
		t.Helper()
		r := h.discovery(query)
		r.Header.Set("User-Agent", agent)
		return body(t, h.do(r))
	}
	const iOS18 = "remotemanagementd/1.0 CFNetwork/1568.300.101 Darwin/24.2.0"
	h.change(func(s *settings.Settings) { s.Enrollment.MinOS = "26.1" })
	expect(t, message(iOS18, "user-identifier=anna@example.org&model-family=iPhone"), "Update your iPhone to version 26.1")
	expect(t, message("", "user-identifier=anna@example.org&model-family=iPhone"), "mdm-byod")
	// A phone may knock with an old system, since the page can explain; with its token it gets no profile.
	_, token := h.signedIn()
	expect(t, body(t, h.post(h.signed(h.device, machineInfo), token)), "Version 26.1")
	h.change(func(s *settings.Settings) { s.Enrollment.MinOS = "" })

	h.change(func(s *settings.Settings) {
		s.Enrollment.Who, s.Enrollment.People = settings.Listed, []string{"ben@example.org"}
	})
	expect(t, message("", "user-identifier=anna@example.org"), "mdm-byod")
	h.change(func(s *settings.Settings) { s.Enrollment.RefuseEarly = true })
	expect(t, message("", "user-identifier=anna@example.org"), "is not set up for personal devices")
	h.change(func(s *settings.Settings) { s.Enrollment.Open = false })
	answer := h.post(h.signed(h.device, machineInfo), "")
	if answer.StatusCode != 403 || answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("closed: got %d %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	expect(t, body(t, answer), `"message":`)
}

func (h *house) discovery(query string) *http.Request {
	return httptest.NewRequestWithContext(h.t.Context(), http.MethodGet, wellKnown+"?"+query, nil)
}

func body(t *testing.T, answer *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got %s without %q", got, want)
	}
}
