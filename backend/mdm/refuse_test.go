package mdm_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/pki"
)

// snapshot is all that a message could change for other phones.
func (h *house) snapshot() string {
	h.t.Helper()
	var all strings.Builder
	for _, query := range []string{
		`SELECT id || stage || fingerprint || token_digest || CAST(last_seen_at AS TEXT) || CAST(enrolled_at AS TEXT) FROM enrollments JOIN pins ON enrollment = id ORDER BY id`,
		`SELECT uuid || state FROM commands ORDER BY uuid`,
		`SELECT enrollment || magic || CAST(token_at AS TEXT) FROM pushes ORDER BY enrollment`,
		`SELECT enrollment || name || os_version FROM devices ORDER BY enrollment`,
	} {
		err := h.db.View(h.t.Context(), func(tx *db.Tx) error {
			rows, err := tx.Rows(query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					return err
				}
				fmt.Fprintln(&all, line)
			}
			return rows.Err()
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	return all.String()
}

func TestHostileMessagesChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		anna, ben := h.enrolled("anna@example.org"), h.enrolled("ben@example.org")
		fresh := h.phone("carl@example.org")
		second := h.phone("anna@example.org") // another attempt of anna's
		stranger := *anna
		stranger.certificate = selfSigned(t)

		idle := func(id string) []byte { return encode(t, dict{"EnrollmentID": id, "Status": "Idle"}) }
		authenticate := func(d dict) []byte {
			m := dict{"MessageType": "Authenticate", "Topic": topic, "EnrollmentID": anna.id}
			for k, v := range d {
				m[k] = v
			}
			return encode(t, m)
		}
		as := func(p *phone, token string) *phone {
			q := *p
			q.token = token
			return &q
		}
		cases := []struct {
			name, path string
			from       *phone
			body       []byte
			change     func(*http.Request)
			want       int
			event      bool
		}{
			{name: "no signature", path: "/mdm", from: anna, body: idle(anna.id), change: func(r *http.Request) { r.Header.Del("Mdm-Signature") }, want: 400},
			{name: "signature of other bytes", path: "/mdm", from: anna, body: idle(anna.id), change: func(r *http.Request) { r.Header.Set("Mdm-Signature", anna.sign([]byte("other"))) }, want: 400},
			{name: "garbage signature", path: "/mdm", from: anna, body: idle(anna.id), change: func(r *http.Request) { r.Header.Set("Mdm-Signature", "AAAA") }, want: 400},
			{name: "signature of a stranger", path: "/mdm", from: &stranger, body: idle(anna.id), want: 400},
			{name: "another's enrollment", path: "/mdm", from: ben, body: idle(anna.id), want: 400, event: true},
			{name: "another's token", path: "/mdm", from: as(ben, anna.token), body: idle(ben.id), want: 400, event: true},
			{name: "token of another attempt", path: "/mdm", from: as(anna, second.token), body: idle(anna.id), want: 400, event: true},
			{name: "Authenticate takes over", path: "/mdm/checkin", from: fresh, body: authenticate(nil), want: 400, event: true},
			{name: "Authenticate with a bound identity", path: "/mdm/checkin", from: ben, body: authenticate(nil), want: 400, event: true},
			{name: "Authenticate with another person's token", path: "/mdm/checkin", from: as(fresh, second.token), body: authenticate(dict{"EnrollmentID": fresh.id}), want: 400, event: true},
			{name: "CheckOut of another", path: "/mdm/checkin", from: ben, body: encode(t, dict{"MessageType": "CheckOut", "EnrollmentID": anna.id, "Topic": topic}), want: 400, event: true},
			{name: "TokenUpdate of another", path: "/mdm/checkin", from: ben, body: encode(t, dict{"MessageType": "TokenUpdate", "EnrollmentID": anna.id, "Topic": topic, "Token": []byte{1}, "PushMagic": "x"}), want: 400, event: true},
			{name: "unknown enrollment", path: "/mdm", from: anna, body: idle("9A6B5C4D-0001-4E2F-8A3B-FFFFFFFFFFFF"), want: 400},
			{name: "UDID", path: "/mdm/checkin", from: fresh, body: encode(t, dict{"MessageType": "Authenticate", "Topic": topic, "UDID": "00008030"}), want: 400},
			{name: "UDID beside", path: "/mdm/checkin", from: fresh, body: authenticate(dict{"UDID": "00008030"}), want: 400},
			{name: "no id", path: "/mdm", from: anna, body: encode(t, dict{"Status": "Idle"}), want: 400},
			{name: "odd id", path: "/mdm", from: anna, body: idle("a/../b"), want: 400},
			{name: "long id", path: "/mdm", from: anna, body: idle(strings.Repeat("A", 65)), want: 400},
			{name: "not a property list", path: "/mdm", from: anna, body: []byte("hello"), want: 400},
			{name: "empty", path: "/mdm/checkin", from: anna, body: nil, want: 400},
			{name: "binary property list", path: "/mdm", from: anna, body: []byte("bplist00\xd0\x08"), want: 400},
			{name: "OpenStep text", path: "/mdm", from: anna, body: []byte(`{Status = Idle; EnrollmentID = x;}`), want: 400},
			{name: "deep", path: "/mdm", from: anna, body: []byte("<plist>" + strings.Repeat("<array>", 5000) + strings.Repeat("</array>", 5000) + "</plist>"), want: 400},
			{name: "entities", path: "/mdm", from: anna, body: []byte(`<!DOCTYPE plist [<!ENTITY a "aaaa">]><plist><dict><key>Status</key><string>&a;</string></dict></plist>`), want: 400},
			{name: "wrong types", path: "/mdm/checkin", from: anna, body: encode(t, dict{"MessageType": dict{"a": 1}, "EnrollmentID": anna.id}), want: 400},
			{name: "unknown message", path: "/mdm/checkin", from: anna, body: encode(t, dict{"MessageType": "Surprise", "EnrollmentID": anna.id}), want: 400},
			{name: "unknown status", path: "/mdm", from: anna, body: encode(t, dict{"Status": "Perhaps", "EnrollmentID": anna.id}), want: 400},
			{name: "incomplete TokenUpdate", path: "/mdm/checkin", from: anna, body: encode(t, dict{"MessageType": "TokenUpdate", "Topic": topic, "EnrollmentID": anna.id}), want: 400},
			{name: "huge check-in", path: "/mdm/checkin", from: anna, body: bytes.Repeat([]byte("x"), 1<<20+1), want: 413},
			{name: "huge answer", path: "/mdm", from: anna, body: bytes.Repeat([]byte("x"), 8<<20+1), want: 413},
			{name: "wrong method", path: "/mdm", from: anna, body: idle(anna.id), change: func(r *http.Request) { r.Method = http.MethodPost }, want: 405},
		}
		before := h.snapshot()
		for _, c := range cases {
			events := h.number(`SELECT COUNT(*) FROM events`)
			r := c.from.request(c.path, "application/x-apple-aspen-mdm", c.body)
			if c.change != nil {
				c.change(r)
			}
			h.log.Reset()
			h.clock.Add(2 * time.Hour) // past the pause between two events of a kind
			w := h.do(r)
			if w.Code != c.want {
				t.Errorf("%s: status %d, want %d", c.name, w.Code, c.want)
			}
			if after := h.snapshot(); after != before {
				t.Errorf("%s: changed\n%s\nto\n%s", c.name, before, after)
				before = after
			}
			if new := h.number(`SELECT COUNT(*) FROM events`) - events; (new == 1) != c.event || new > 1 {
				t.Errorf("%s: %d events, want one: %v", c.name, new, c.event)
			}
			if c.want != http.StatusMethodNotAllowed && !strings.Contains(h.log.String(), "reason=") {
				t.Errorf("%s: the log gives no reason: %q", c.name, h.log)
			}
		}
	})
}

func TestRefusalsDoNotFillTheDisk(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		anna, ben := h.enrolled("anna@example.org"), h.enrolled("ben@example.org")
		body := encode(t, dict{"EnrollmentID": anna.id, "Status": "Idle"})
		refused := func() int { return h.number(`SELECT COUNT(*) FROM events WHERE kind = 'enrollment.refused'`) }
		for range 5 {
			h.do(ben.request("/mdm", "", body))
		}
		if n := refused(); n != 1 {
			t.Errorf("five tries made %d events, want 1", n)
		}
		h.clock.Add(2 * time.Hour)
		h.do(ben.request("/mdm", "", body))
		if n := refused(); n != 2 {
			t.Errorf("a try hours later made %d events in all, want 2", n)
		}
	})
}

// TestSignInAgain covers the one case of a 401: a good identity without a good token.
func TestSignInAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		good := p.token
		for _, token := range []string{"", "made up", strings.Repeat("x", 5000)} {
			p.token = token
			for name, w := range map[string]*httptest.ResponseRecorder{
				"Idle": p.answer(dict{"Status": "Idle"}), "Authenticate": p.authenticate(), "TokenUpdate": p.updateToken(),
				"DeclarativeManagement": p.checkIn(dict{"MessageType": "DeclarativeManagement", "Endpoint": "tokens"}),
			} {
				if w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer ") {
					t.Errorf("%s with token %.10q: %d %v, want 401 with a challenge", name, token, w.Code, w.Header())
				}
			}
			if n := strings.Count(h.log.String(), "reason=token enrollment="+p.id); n != 4 {
				t.Errorf("the log gives %d reasons for four challenges: %q", n, h.log)
			}
			h.log.Reset()
		}
		if e := p.get(); e.Stage != mdm.StageEnrolled {
			t.Errorf("stage %s, want enrolled", e.Stage)
		}
		p.token = good
		p.idle()

		// enroll revokes the token: the pin must not keep it alive
		delete(h.upstairs.grants, good)
		err := h.db.Update(t.Context(), func(tx *db.Tx) error { return mdm.ForgetToken(tx, p.id) })
		if err != nil {
			t.Fatal(err)
		}
		if w := p.answer(dict{"Status": "Idle"}); w.Code != http.StatusUnauthorized {
			t.Errorf("a revoked token got %d, want 401", w.Code)
		}
		// the person signs in again, for this enrollment
		p.token = "second"
		h.upstairs.grants["second"] = mdm.Grant{Attempt: "again", Person: p.person, Enrollment: p.id}
		if c := p.idle(); c.CommandUUID == "" {
			t.Error("after signing in again the queue is empty, want it kept")
		}
		if !slices.Contains(h.kinds(p.id), mdm.SignedIn) {
			t.Errorf("events %v, want the sign-in among them", h.kinds(p.id))
		}
		p.idle()
		if n := h.number(`SELECT COUNT(*) FROM events WHERE enrollment = $1 AND kind = 'enrollment.signed_in'`, p.id); n != 1 {
			t.Errorf("%d sign-ins recorded, want 1", n)
		}
	})
}

func TestNeverABare401(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		if err := h.db.Close(); err != nil {
			t.Fatal(err)
		}
		for name, w := range map[string]*httptest.ResponseRecorder{"Idle": p.answer(dict{"Status": "Idle"}), "TokenUpdate": p.updateToken()} {
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s without a database: %d, want 503", name, w.Code)
			}
		}
	})
}

// TestRenewal: a new certificate for the same enrollment keeps everything, whichever message it comes with.
func TestRenewal(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		renew := func() {
			p.certificate = h.certificate(pki.Subject{Attempt: p.attempt, Person: p.person, Enrollment: p.id})
		}
		renew()
		p.ok(p.authenticate())
		p.ok(p.authenticate()) // the answer was lost
		if e := p.get(); e.Stage != mdm.StageEnrolled || !e.Push.Reachable {
			t.Errorf("stage %s, reachable %v after a renewal that was said twice; want enrolled, true", e.Stage, e.Push.Reachable)
		}
		p.ok(p.updateToken())
		p.ok(p.authenticate()) // an echo, late
		if e := p.get(); e.Stage != mdm.StageEnrolled || !e.Push.Reachable {
			t.Errorf("stage %s, reachable %v after an echo of the renewal; want enrolled, true", e.Stage, e.Push.Reachable)
		}
		renew()
		if c := p.idle(); c.requestType() != "DeviceInformation" {
			t.Errorf("got %q after two renewals, want the queue as it was", c.requestType())
		}
		var renewals int
		for _, k := range h.kinds(p.id) {
			if k == mdm.Renewed {
				renewals++
			}
		}
		if renewals != 2 {
			t.Errorf("%d renewals recorded, want 2: %v", renewals, h.kinds(p.id))
		}

		// The same person's next attempt is no renewal, whatever EnrollmentID the phone brings.
		again := h.phone(p.person)
		again.id = p.id
		again.ok(again.authenticate())
		if e := p.get(); e.Stage != mdm.StageAuthenticated || e.Push.Reachable {
			t.Errorf("stage %s, reachable %v after a new attempt; want authenticated, false", e.Stage, e.Push.Reachable)
		}
	})
}

func TestOtherMessages(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		rows := h.number(`SELECT COUNT(*) FROM enrollments`)
		for _, c := range []struct {
			name   string
			body   dict
			status int
			answer string
		}{
			{"unknown token service", dict{"MessageType": "GetToken", "TokenServiceType": "com.apple.surprise"}, 400, ""},
			{"com.apple.maid", dict{"MessageType": "GetToken", "TokenServiceType": "com.apple.maid"}, 400, ""},
			{"GetBootstrapToken", dict{"MessageType": "GetBootstrapToken"}, 200, ""},
			{"SetBootstrapToken", dict{"MessageType": "SetBootstrapToken", "BootstrapToken": []byte("x")}, 200, ""},
			{"UserAuthenticate", dict{"MessageType": "UserAuthenticate", "UserID": "x"}, 410, ""},
			{"tokens", dict{"MessageType": "DeclarativeManagement", "Endpoint": "tokens"}, 200, `{"SyncTokens":{}}`},
			{"status", dict{"MessageType": "DeclarativeManagement", "Endpoint": "status", "Data": []byte(`{}`)}, 200, ""},
			{"unknown declaration", dict{"MessageType": "DeclarativeManagement", "Endpoint": "declaration/configuration/none"}, 404, ""},
			{"a Mac's user channel", dict{"MessageType": "TokenUpdate", "EnrollmentUserID": "u", "Token": []byte("x"), "PushMagic": "x"}, 200, ""},
		} {
			w := p.checkIn(c.body)
			if w.Code != c.status || w.Body.String() != c.answer {
				t.Errorf("%s: got %d %q, want %d %q", c.name, w.Code, w.Body, c.status, c.answer)
			}
		}
		if n := h.number(`SELECT COUNT(*) FROM enrollments`); n != rows {
			t.Errorf("%d enrollments, want %d as before", n, rows)
		}
		if e := p.get(); e.Push.TokenAt.IsZero() {
			t.Error("the user channel took the device's push token")
		}
		// content types do not matter
		for _, mime := range []string{"", "text/plain", "application/x-apple-aspen-mdm; charset=utf-8"} {
			if w := h.do(p.request("/mdm", mime, encode(t, dict{"EnrollmentID": p.id, "Status": "Idle"}))); w.Code != http.StatusOK {
				t.Errorf("Content-Type %q: %d, want 200", mime, w.Code)
			}
		}
	})
}

// TestRenewalIsToldOnce: a phone with a new identity and a token that has run out asks each time it polls, until its
// person signs in.
func TestRenewalIsToldOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		before := len(h.kinds(p.id))
		p.certificate = h.certificate(pki.Subject{Attempt: p.attempt, Person: p.person, Enrollment: p.id})
		good := p.token
		p.token = "run out"
		for range 3 {
			if w := p.answer(dict{"Status": "Idle"}); w.Code != http.StatusUnauthorized {
				t.Errorf("a phone without a good token got %d, want 401", w.Code)
			}
		}
		p.token = good
		p.idle()
		p.idle()
		if kinds := h.kinds(p.id)[before:]; !slices.Equal(kinds, []event.Kind{"identity.issued", mdm.Renewed}) {
			t.Errorf("events %v, want one certificate and one renewal", kinds)
		}
	})
}
