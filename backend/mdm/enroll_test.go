package mdm_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

func TestPhoneEnrolls(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.phone("anna@example.org")
		w := p.authenticate()
		p.ok(w)
		if w.Body.Len() != 0 {
			t.Errorf("Authenticate was answered %q, want nothing", w.Body)
		}
		if s := mdm.Describe(p.get(), mdm.Moment{Now: h.db.Now()}); s.Code != mdm.Waiting {
			t.Errorf("after Authenticate: %s, want %s", s.Code, mdm.Waiting)
		}
		if c := p.idle(); c.CommandUUID != "" {
			t.Errorf("got %s before the first TokenUpdate, want no command", c.requestType())
		}
		p.ok(p.updateToken())
		e := p.get()
		if s := mdm.Describe(e, mdm.Moment{Now: h.db.Now()}); s.Code != mdm.Managed {
			t.Errorf("after TokenUpdate: %s, want %s", s.Code, mdm.Managed)
		}
		if e.Person != "anna@example.org" || e.PersonName != "Anna Müller" || e.Device.Model != "iPhone 16 Pro Max" || e.Device.OSVersion != "26.1" {
			t.Errorf("stored %+v", e)
		}
		if want := []string{"DeviceInformation", "SecurityInfo", "DeclarativeManagement"}; !slices.Equal(p.drain(), want) {
			t.Errorf("a fresh phone is not asked %v", want)
		}
		want := []event.Kind{"identity.issued", mdm.Authenticated, mdm.Enrolled, mdm.Answered, mdm.Answered, mdm.Answered}
		kinds := h.kinds(p.id)
		if len(kinds) > 0 && kinds[0] != "identity.issued" {
			want = want[1:] // the certificate comes before there is an enrollment
		}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if !slices.Contains(h.upstairs.calls, "enrolling "+p.attempt) || !slices.Contains(h.upstairs.calls, "enrolled "+p.attempt) {
			t.Errorf("upstairs heard %v", h.upstairs.calls)
		}
	})
}

func TestRepeatedMessagesChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.phone("anna@example.org")
		p.ok(p.authenticate())
		p.ok(p.authenticate())
		if n := len(h.kinds(p.id)); n != 1 {
			t.Errorf("two Authenticates made %d events, want 1", n)
		}
		p.ok(p.updateToken())
		p.ok(p.updateToken())
		if n := h.number(`SELECT COUNT(*) FROM commands WHERE enrollment = $1`, p.id); n != 3 {
			t.Errorf("two TokenUpdates queued %d commands, want 3", n)
		}
		c := p.idle()
		done := dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID}
		second := p.ok(p.answer(done))
		again := p.ok(p.answer(done))
		if second.CommandUUID == "" || again.CommandUUID != second.CommandUUID {
			t.Errorf("a repeated answer led to %q, want %q again", again.CommandUUID, second.CommandUUID)
		}
		if n := h.number(`SELECT COUNT(*) FROM events WHERE enrollment = $1 AND kind = 'command.answered'`, p.id); n != 1 {
			t.Errorf("a repeated answer made %d events, want 1", n)
		}
	})
}

func TestAuthenticateAgainForgetsTheFormerLife(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, mdm.DeviceLock("lost", "")); err != nil {
			t.Fatal(err)
		}
		h.upstairs.calls = nil
		p.ok(p.authenticate())
		if !slices.Contains(h.upstairs.calls, "forget "+p.id) {
			t.Errorf("the declarations of the former life are not forgotten: %v", h.upstairs.calls)
		}
		if e := p.get(); e.Stage != mdm.StageAuthenticated || e.Push.Reachable {
			t.Errorf("stage %s, reachable %v; want authenticated, false", e.Stage, e.Push.Reachable)
		}
		p.ok(p.updateToken())
		if asked := p.drain(); slices.Contains(asked, "DeviceLock") {
			t.Errorf("the new life got a command of the former one: %v", asked)
		}
	})
}

// TestSamePersonEnrollsAgainUnderTheSameID: Apple promises a new EnrollmentID each time, simulators do not keep to it.
func TestSamePersonEnrollsAgainUnderTheSameID(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := h.enrolled("anna@example.org")
		first.ok(first.checkIn(dict{"MessageType": "CheckOut"}))
		again, other := h.phone("anna@example.org"), h.phone("ben@example.org")
		again.id, other.id = first.id, first.id
		other.token = "none"
		if w := other.authenticate(); w.Code != http.StatusBadRequest {
			t.Errorf("another person's Authenticate got %d, want 400", w.Code)
		}
		again.ok(again.authenticate())
		again.ok(again.updateToken())
		if e := again.get(); e.Stage != mdm.StageEnrolled || e.Attempt != again.attempt {
			t.Errorf("stage %s of attempt %s, want enrolled, %s", e.Stage, e.Attempt, again.attempt)
		}
	})
}

func TestCheckOutEndsTheEnrollment(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		delete(h.upstairs.grants, p.token) // a phone that leaves cannot sign in again
		p.token = "run out"
		p.ok(p.checkIn(dict{"MessageType": "CheckOut"}))
		e := p.get()
		if s := mdm.Describe(e, mdm.Moment{Now: h.db.Now()}); s.Code != mdm.Removed || s.Reason != "removed_on_phone" {
			t.Errorf("state %+v, want removed on the phone", s)
		}
		if e.Push.Reachable || h.number(`SELECT COUNT(*) FROM commands WHERE waiting = $1`, p.id) != 0 {
			t.Error("push token or open commands are still there")
		}
		if !slices.Contains(h.upstairs.calls, "left "+p.id) {
			t.Errorf("upstairs did not hear that the phone left: %v", h.upstairs.calls)
		}
		p.ok(p.checkIn(dict{"MessageType": "CheckOut"}))
		if n := h.number(`SELECT COUNT(*) FROM events WHERE enrollment = $1 AND kind = 'enrollment.removed'`, p.id); n != 1 {
			t.Errorf("%d goodbyes recorded, want 1", n)
		}
	})
}

func TestRemovedPhoneThatCallsComesBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		p.ok(p.checkIn(dict{"MessageType": "CheckOut"}))
		p.ok(p.updateToken())
		if e := p.get(); e.Stage != mdm.StageEnrolled || !e.Push.Reachable {
			t.Errorf("stage %s, reachable %v; want enrolled, true", e.Stage, e.Push.Reachable)
		}
		if !slices.Contains(h.kinds(p.id), mdm.Returned) {
			t.Errorf("events %v, want the return among them", h.kinds(p.id))
		}
	})
}

func TestSecondPhoneOfAPersonPointsToTheFirst(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := h.enrolled("anna@example.org")
		other := h.enrolled("ben@example.org")
		second := h.enrolled("anna@example.org")
		if e := second.get(); e.Former != first.id {
			t.Errorf("former %q, want %q", e.Former, first.id)
		}
		if e := other.get(); e.Former != "" {
			t.Errorf("another person's phone has the former %q", e.Former)
		}
	})
}

func TestEraseLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		p.drain()
		err := h.db.Update(t.Context(), func(tx *db.Tx) error { return h.server.Erase(tx, p.id) })
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"devices", "commands", "command_results", "managed_apps", "pushes"} {
			if n := h.number(`SELECT COUNT(*) FROM ` + table + ` WHERE enrollment = '` + p.id + `'`); n != 0 {
				t.Errorf("%d rows left in %s", n, table)
			}
		}
		if w := p.answer(dict{"Status": "Idle"}); w.Code != http.StatusBadRequest {
			t.Errorf("an erased phone got %d, want 400", w.Code)
		}
	})
}
