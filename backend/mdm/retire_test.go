package mdm_test

import (
	"errors"
	"slices"
	"testing"

	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

const ownProfile = "org.example.enrollment"

// TestRetire is row E5: the phone's acknowledgement is the proof, and until it comes the phone may stay after all.
func TestRetire(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		p.told()
		counted := func(what string, n int, err error, want int) {
			t.Helper()
			if err != nil || n != want {
				t.Errorf("%s: got %d, %v; want %d", what, n, err, want)
			}
		}
		described := func() mdm.State {
			t.Helper()
			m, err := h.server.Moment(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return mdm.Describe(p.get(), m)
		}
		n, err := h.server.Retire(t.Context(), ownProfile, p.id)
		counted("retire", n, err, 1)
		n, err = h.server.Retire(t.Context(), ownProfile, p.id)
		counted("retire again", n, err, 0)
		if s := described(); s.Code != mdm.Managed || s.Reason != "retiring" || s.Params["asked_at"] == "" {
			t.Errorf("while it waits it is %+v", s)
		}
		n, err = h.server.Stay(t.Context(), p.id)
		counted("stay", n, err, 1)
		n, err = h.server.Stay(t.Context(), p.id)
		counted("stay again", n, err, 0)
		if s := described(); s.Reason != "in_touch" {
			t.Errorf("after it may stay it is %+v", s)
		}
		if c := p.idle(); c.CommandUUID != "" {
			t.Errorf("a phone that may stay is asked for %+v", c)
		}

		n, err = h.server.Retire(t.Context(), ownProfile, p.id)
		counted("retire once more", n, err, 1)
		c := p.idle()
		if c.requestType() != "RemoveProfile" || c.Command["Identifier"] != ownProfile {
			t.Fatalf("asked for %+v", c)
		}
		p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID})
		if s := described(); s.Code != mdm.Removed || s.Reason != "removed_on_request" {
			t.Errorf("after the proof it is %+v", s)
		}
		n, err = h.server.Retire(t.Context(), ownProfile, p.id)
		counted("retire what has gone", n, err, 0)
		if _, err := h.server.Retire(t.Context(), ownProfile, "nobody"); !errors.Is(err, mdm.ErrUnknown) {
			t.Errorf("retire nobody: got %v", err)
		}
		if _, err := h.server.Stay(t.Context(), "nobody"); !errors.Is(err, mdm.ErrUnknown) {
			t.Errorf("let nobody stay: got %v", err)
		}

		events, err := h.events.List(t.Context(), event.Query{Enrollment: p.id, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var kinds []event.Kind
		for _, e := range events {
			if slices.Contains([]event.Kind{mdm.Retiring, mdm.Staying, mdm.Left}, e.Kind) {
				kinds = append(kinds, e.Kind)
			}
		}
		if want := []event.Kind{mdm.Retiring, mdm.Staying, mdm.Retiring, mdm.Left}; !slices.Equal(kinds, want) {
			t.Errorf("events %v, want %v", kinds, want)
		}
	})
}

// A phone that was sent away may say goodbye before it answers, or instead of it: that is the proof as well. One that has
// not fetched the command left by itself.
func TestGoodbyeOfAPhoneThatWasSentAway(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			person  string
			fetched bool
			by      string
			state   mdm.CommandState
		}{
			{"anna@example.org", true, mdm.EndedByUs, mdm.CommandAcknowledged},
			{"ben@example.org", false, mdm.EndedByCheckOut, mdm.CommandCancelled},
		} {
			p := h.enrolled(c.person)
			p.told()
			if _, err := h.server.Retire(t.Context(), ownProfile, p.id); err != nil {
				t.Fatal(err)
			}
			var asked command
			if c.fetched {
				asked = p.idle()
			}
			p.ok(p.checkIn(dict{"MessageType": "CheckOut"}))
			if e := p.get(); e.Stage != mdm.StageRemoved || e.EndedBy != c.by {
				t.Errorf("%s: %s by %q, want %q", c.person, e.Stage, e.EndedBy, c.by)
			}
			if c.fetched {
				p.answer(dict{"Status": "Acknowledged", "CommandUUID": asked.CommandUUID})
			}
			if got := p.states()["RemoveProfile"]; got != c.state {
				t.Errorf("%s: the command is %s, want %s", c.person, got, c.state)
			}
		}
	})
}
