package mdm_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

func (h *house) inventory(change func(*settings.Inventory)) {
	h.t.Helper()
	err := h.settings.Change(h.t.Context(), false, func(s *settings.Settings) error { change(&s.Inventory); return nil })
	if err != nil {
		h.t.Fatal(err)
	}
}

// asked is how many phones the clock has asked.
func (h *house) asked() int {
	h.t.Helper()
	n, err := h.server.AskAround(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// told answers all questions that wait for the phone, and says which they were.
func (p *phone) told() (asked []string) {
	p.h.t.Helper()
	for c := p.idle(); c.CommandUUID != ""; {
		asked = append(asked, c.requestType())
		c = p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "QueryResponses": dict{"OSVersion": "26.1"}}))
	}
	return asked
}

// TestPhonesAreAskedAnew is row F4.
func TestPhonesAreAskedAnew(t *testing.T) {
	inventory := []string{"DeviceInformation", "SecurityInfo"}
	each(t, func(t *testing.T, h *house) {
		h.inventory(func(i *settings.Inventory) { *i = settings.Inventory{Every: "week"} })
		anna, ben := h.enrolled("anna@example.org"), h.enrolled("ben@example.org")
		anna.told()
		ben.told()
		h.clock.Add(6 * day)
		if n := h.asked(); n != 0 {
			t.Errorf("after six days %d were asked", n)
		}
		h.clock.Add(day + time.Minute)
		ben.idle()
		if n := h.asked(); n != 2 {
			t.Errorf("after a week %d were asked, want both", n)
		}
		if n := h.asked(); n != 0 {
			t.Errorf("while the questions are open %d are asked again", n)
		}
		if got := anna.told(); !slices.Equal(got, inventory) {
			t.Errorf("asked %v", got)
		}
		if at := anna.get().Device.InformationAt; !at.Equal(h.clock.Now()) {
			t.Errorf("inventory is of %v", at)
		}

		// What a phone cannot answer is asked again when another week has passed, not at once.
		for c := ben.idle(); c.CommandUUID != ""; {
			c = ben.ok(ben.answer(dict{"Status": "Error", "CommandUUID": c.CommandUUID}))
		}
		h.clock.Add(day)
		if n := h.asked(); n != 0 {
			t.Errorf("a day after an error %d were asked", n)
		}
		h.clock.Add(6*day + time.Minute)
		h.inventory(func(i *settings.Inventory) { i.Every = "never" })
		if n := h.asked(); n != 0 {
			t.Errorf("switched off, %d were asked", n)
		}
		h.inventory(func(i *settings.Inventory) {
			now := h.clock.Now().Local()
			*i = settings.Inventory{Every: "week", QuietFrom: now.Add(-time.Hour).Format("15:04"), QuietUntil: now.Add(time.Hour).Format("15:04")}
		})
		if n := h.asked(); n != 0 {
			t.Errorf("in quiet hours %d were asked", n)
		}
		h.clock.Add(time.Hour)
		h.ask(func(p *settings.Privacy) { p.Passcode = false })
		if n := h.asked(); n != 2 {
			t.Errorf("after the quiet hours %d were asked, want both", n)
		}
		if got := ben.told(); !slices.Equal(got, inventory[:1]) {
			t.Errorf("without the passcode asked %v", got)
		}

		// Nobody is asked who cannot hear it, or was not heard for long.
		h.clock.Add(32 * day)
		if n := h.asked(); n != 0 {
			t.Errorf("silent for a month, %d were asked", n)
		}
		anna.told()
		h.set(`UPDATE enrollments SET gone_at = 1 WHERE id = '` + anna.id + `'`)
		if n := h.asked(); n != 0 {
			t.Errorf("with a token that is gone, %d were asked", n)
		}
		h.set(`UPDATE enrollments SET gone_at = 0 WHERE id = '` + anna.id + `'`)
		h.clock.Add(8 * day)
		if n := h.asked(); n != 1 {
			t.Errorf("%d were asked, want the one that was heard", n)
		}
	})
}

func TestAskingByHandLeavesOutWhatIsSwitchedOff(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		p.told()
		one := mdm.Filter{IDs: []string{p.id}}
		for _, want := range []int{1, 0} { // a question that is open is not asked twice
			if n, err := h.server.Enqueue(t.Context(), one, mdm.Inventory()...); err != nil || n != want {
				t.Errorf("asked %d, %v; want %d", n, err, want)
			}
		}
		p.told()
		h.ask(func(s *settings.Privacy) { s.Passcode = false })
		if n, err := h.server.Enqueue(t.Context(), one, mdm.Inventory()...); err != nil || n != 1 {
			t.Errorf("asked %d, %v", n, err)
		}
		if diff := cmp.Diff([]string{"DeviceInformation"}, p.told()); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	})
}

// Of very many phones the clock asks some at a time, and each once.
func TestTheClockAsksSomeAtATime(t *testing.T) {
	t.Parallel()
	clock := &dbtest.Clock{}
	h := newHouse(t, furnished(t, clock), clock, apns.Options{})
	crowdIn(t, h, 3_000)
	h.inventory(func(i *settings.Inventory) { *i = settings.Inventory{Every: "day"} })
	h.set(`UPDATE enrollments SET stage = 'enrolled', information_at = 1, token_at = 1, gone_at = 0, outcome = '', last_seen_at = ` + fmt.Sprint(db.Millis(clock.Now())))
	first, second, third := h.asked(), h.asked(), h.asked()
	if first != 2_000 || second != 1_000 || third != 0 {
		t.Errorf("asked %d, %d and %d phones", first, second, third)
	}
	if n := h.number(`SELECT COUNT(*) FROM events WHERE kind = 'command.queued' AND actor = 'system'`); n != 2*12 {
		t.Errorf("%d events", n)
	}
}
