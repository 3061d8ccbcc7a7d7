package mdm_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

func (h *house) ask(change func(*settings.Privacy)) {
	h.t.Helper()
	err := h.settings.Change(h.t.Context(), false, func(s *settings.Settings) error { change(&s.Privacy); return nil })
	if err != nil {
		h.t.Fatal(err)
	}
}

func queriesIn(c command) []string {
	var list []string
	queries, _ := c.Command["Queries"].([]any)
	for _, q := range queries {
		list = append(list, q.(string))
	}
	return list
}

// TestWhatIsSwitchedOffIsNeitherAskedNorKept is row O5: the phone is not asked, what it says all the same is dropped, and
// what was known is forgotten.
func TestWhatIsSwitchedOffIsNeitherAskedNorKept(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		everything := dict{
			"DeviceName": "Anna's iPhone", "BatteryLevel": 0.5, "DeviceCapacity": 128.0, "AvailableDeviceCapacity": 64.0,
			"ModelName": "iPhone", "ProductName": "iPhone17,2", "OSVersion": "26.1",
		}
		p := h.enrolled("anna@example.org")
		first := p.idle()
		if first.requestType() != "DeviceInformation" || !slices.Contains(queriesIn(first), "BatteryLevel") {
			t.Fatalf("first command: %+v", first)
		}
		second := p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": first.CommandUUID, "QueryResponses": everything}))
		compliant := true
		p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": second.CommandUUID, "SecurityInfo": dict{"PasscodeCompliant": compliant}}))
		if d := p.get().Device; d.Name == "" || d.Battery == nil || d.Capacity == nil || d.PasscodeCompliant == nil {
			t.Fatalf("device: %+v", d)
		}
		if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, mdm.DeviceInformation()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, mdm.ProfileList()); err != nil {
			t.Fatal(err)
		}

		h.ask(func(s *settings.Privacy) { *s = settings.Privacy{} })
		if d := p.get().Device; d.Name != "" || d.Battery != nil || d.Capacity != nil || d.Available != nil || d.PasscodeCompliant != nil || d.Model == "" {
			t.Errorf("what is not asked any more is still known: %+v", d)
		}
		if n := h.number(`SELECT COUNT(*) FROM command_results`); n != 0 {
			t.Errorf("%d answers are still there", n)
		}
		if page, err := h.server.List(t.Context(), mdm.ListQuery{Search: "anna's"}); err != nil || len(page.Enrollments) != 0 {
			t.Errorf("the name can still be searched for: %+v, %v", page, err)
		}
		var asked []string
		for c := p.idle(); c.CommandUUID != ""; {
			asked = append(asked, c.requestType())
			if got := queriesIn(c); c.requestType() == "DeviceInformation" && (slices.Contains(got, "DeviceName") || slices.Contains(got, "BatteryLevel") ||
				slices.Contains(got, "DeviceCapacity") || !slices.Contains(got, "ProductName")) {
				t.Errorf("a question that waited still asks %v", got)
			}
			c = p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID, "QueryResponses": everything}))
		}
		if slices.Contains(asked, "ProfileList") || !slices.Contains(asked, "DeviceInformation") {
			t.Errorf("asked %v", asked)
		}
		if d := p.get().Device; d.Name != "" || d.Battery != nil || d.Capacity != nil {
			t.Errorf("what the phone was not asked for is kept: %+v", d)
		}
		h.nowhere("Anna's iPhone")
		var forbidden *mdm.ErrForbidden
		if _, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, mdm.SecurityInfo()); !errors.As(err, &forbidden) {
			t.Errorf("SecurityInfo: got %v, want ErrForbidden", err)
		}
		if asked := h.enrolled("ben@example.org").drain(); slices.Contains(asked, "SecurityInfo") {
			t.Errorf("a new phone is asked %v", asked)
		}
	})
}

func TestEverySwitchHasItsItem(t *testing.T) {
	t.Parallel()
	all := []mdm.Item{mdm.ItemName, mdm.ItemModel, mdm.ItemStorage, mdm.ItemBattery, mdm.ItemPasscode, mdm.ItemApps, mdm.ItemSettings}
	if diff := cmp.Diff(all, mdm.Asked(settings.Defaults().Privacy)); diff != "" {
		t.Errorf("by default (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]mdm.Item{mdm.ItemModel}, mdm.Asked(settings.Privacy{})); diff != "" {
		t.Errorf("with all switched off (-want +got):\n%s", diff)
	}
}

// TestPersonSaysWhichPhoneItIs is row C14.
func TestPersonSaysWhichPhoneItIs(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		earlier := func() (e mdm.Enrollment) {
			err := h.db.View(t.Context(), func(tx *db.Tx) (err error) {
				e, err = mdm.EarlierOf(tx, "anna@example.org", "iPhone17,2")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		count := func(replaced string) (n int) {
			err := h.db.View(t.Context(), func(tx *db.Tx) (err error) {
				n, err = mdm.PhonesOf(tx, "anna@example.org", replaced)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if e := earlier(); e.ID != "" || count("") != 0 {
			t.Fatalf("before the first: %+v", e)
		}
		first := h.enrolled("anna@example.org")
		if e := earlier(); e.ID != first.id || count("") != 1 || count(first.id) != 0 {
			t.Errorf("after the first: earlier %q, %d phones, %d without it", e.ID, count(""), count(first.id))
		}
		h.clock.Add(time.Minute)
		answered := func(same, nickname string) *phone {
			p := h.phone("anna@example.org")
			g := h.upstairs.grants[p.token]
			g.Same, g.Former, g.Nickname, g.Group = same, first.id, nickname, "Warehouse"
			h.upstairs.grants[p.token] = g
			p.ok(p.authenticate())
			p.ok(p.updateToken())
			return p
		}
		other := answered(mdm.SameNo, "Second phone").get()
		if other.Former != "" || other.Same != mdm.SameNo || other.Remarks.Nickname != "Second phone" || other.Group != "Warehouse" {
			t.Errorf("another phone: %+v", other)
		}
		if count("") != 2 {
			t.Errorf("two phones count as %d", count(""))
		}
		unsure := answered(mdm.SameUnsure, "").get()
		if unsure.Former != other.ID || unsure.Same != mdm.SameUnsure {
			t.Errorf("unsure: former %q, same %q; want the last one, as a guess", unsure.Former, unsure.Same)
		}
		replaced := answered(mdm.SameYes, "Old one").get()
		if replaced.Former != first.id || replaced.Same != mdm.SameYes {
			t.Errorf("the same one: %+v", replaced)
		}
		if count("") != 3 {
			t.Errorf("with the first one replaced %d phones count, want 3", count(""))
		}
		h.clock.Add(time.Minute)
		first.idle()
		if count("") != 4 {
			t.Errorf("the replaced one still calls: %d phones count, want 4", count(""))
		}
		if page, err := h.server.List(t.Context(), mdm.ListQuery{Search: "second ph"}); err != nil || len(page.Enrollments) != 1 {
			t.Errorf("search by nickname: %+v, %v", page, err)
		}
	})
}
