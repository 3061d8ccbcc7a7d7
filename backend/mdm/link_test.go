package mdm_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/mdm"
)

// written gives a phone all that people can write about one.
func (h *house) written(p *phone) {
	h.t.Helper()
	nickname, notes, tags := "Ada's work phone", "Cracked screen.", []string{"loan", "berlin"}
	_, err := h.server.Remark(h.t.Context(), mdm.RemarksChange{
		Nickname: &nickname, Notes: &notes, Tags: &tags, Fields: map[int]string{1: "A-17", 10: "desk 4"},
	}, p.id)
	if err == nil {
		_, err = h.server.Keep(h.t.Context(), "board", p.id)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) record(p *phone) mdm.Enrollment {
	h.t.Helper()
	e, err := h.server.Get(h.t.Context(), p.id)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

// What is carried over to the next record of a phone, to the same person and to another, and what never is.
func TestCarryOver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			name, person string
			want         mdm.Remarks
		}{
			{"same person", "ada@example.org", mdm.Remarks{
				Nickname: "Ada's work phone", Notes: "Cracked screen.", Tags: []string{"berlin", "loan"}, Fields: [mdm.OwnFields]string{0: "A-17", 9: "desk 4"},
			}},
			{"another person", "bob@example.org", mdm.Remarks{
				Tags: []string{"berlin", "loan"}, Fields: [mdm.OwnFields]string{0: "A-17", 9: "desk 4"},
			}},
		} {
			former := h.enrolled("ada@example.org")
			h.written(former)
			h.clock.Add(time.Hour)
			next := h.enrolled(c.person)
			before := h.record(next)
			if err := h.server.Link(t.Context(), next.id, former.id, c.person != "ada@example.org"); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			e, old := h.record(next), h.record(former)
			if diff := cmp.Diff(c.want, e.Remarks); diff != "" {
				t.Errorf("%s: remarks (-want +got):\n%s", c.name, diff)
			}
			if e.Former != former.id || e.Same != mdm.SameYes || e.Kept.Reason != "board" || old.Kept.Reason != "" {
				t.Errorf("%s: former %q, same %q, pin %q, the former's pin %q", c.name, e.Former, e.Same, e.Kept.Reason, old.Kept.Reason)
			}
			if old.Remarks.Notes != "Cracked screen." {
				t.Errorf("%s: the former record lost its notes", c.name)
			}
			e.Former, e.Same, e.Remarks, e.Kept = before.Former, before.Same, before.Remarks, before.Kept
			if diff := cmp.Diff(before, e); diff != "" { // person, account, device, push data
				t.Errorf("%s: carried over besides (-before +after):\n%s", c.name, diff)
			}
			if n := h.number(`SELECT COUNT(*) FROM commands WHERE enrollment = $1 AND waiting IS NULL`, next.id); n != 0 {
				t.Errorf("%s: %d commands came along", c.name, n)
			}
			if !slices.Contains(h.kinds(next.id), mdm.Linked) {
				t.Errorf("%s: nothing in the timeline", c.name)
			}
		}
	})
}

func TestLinkKeepsWhatIsWritten(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		former := h.enrolled("ada@example.org")
		h.written(former)
		h.clock.Add(time.Hour)
		next := h.enrolled("ada@example.org")
		nickname, notes, tags := "New", "Fresh.", []string{"Loan", "vip"}
		_, err := h.server.Remark(t.Context(), mdm.RemarksChange{Nickname: &nickname, Notes: &notes, Tags: &tags, Fields: map[int]string{1: "B-1"}}, next.id)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // said twice, it is done once
			if err := h.server.Link(t.Context(), next.id, former.id, false); err != nil {
				t.Fatal(err)
			}
		}
		want := mdm.Remarks{
			Nickname: "New", Notes: "Fresh.\n\nCracked screen.", Tags: []string{"berlin", "Loan", "vip"},
			Fields: [mdm.OwnFields]string{0: "B-1", 9: "desk 4"},
		}
		if diff := cmp.Diff(want, h.record(next).Remarks); diff != "" {
			t.Errorf("remarks (-want +got):\n%s", diff)
		}
		if err := h.server.Unlink(t.Context(), next.id); err != nil {
			t.Fatal(err)
		}
		if e := h.record(next); e.Former != "" || e.Same != mdm.SameNo || e.Remarks.Nickname != "New" {
			t.Errorf("after unlinking: former %q, same %q, nickname %q", e.Former, e.Same, e.Remarks.Nickname)
		}
	})
}

func TestLinkRefuses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := h.enrolled("ada@example.org")
		h.clock.Add(time.Hour)
		second := h.enrolled("ada@example.org")
		h.clock.Add(time.Hour)
		third, other := h.enrolled("ada@example.org"), h.enrolled("bob@example.org")
		if err := h.server.Link(t.Context(), second.id, first.id, false); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, id, former string
			want             error
		}{
			{"another person", other.id, third.id, mdm.ErrOtherPerson},
			{"itself", third.id, third.id, mdm.ErrLink},
			{"a later one", first.id, third.id, mdm.ErrLink},
			{"one that is continued already", third.id, first.id, mdm.ErrLink},
			{"nobody", third.id, "nobody", mdm.ErrUnknown},
		} {
			if err := h.server.Link(t.Context(), c.id, c.former, false); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
	})
}

func TestDuplicatesAreFoundAndDecided(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := h.enrolled("ada@example.org")
		h.clock.Add(time.Hour)
		first.ok(first.checkIn(dict{"MessageType": "CheckOut"}))
		h.clock.Add(time.Hour)
		second := h.enrolled("ada@example.org")
		list, err := h.server.Duplicates(t.Context(), mdm.Likely)
		if err != nil || len(list) != 1 || list[0].ID != second.id || list[0].Former != first.id {
			t.Fatalf("duplicates: got %+v, %v; want %s to be %s", list, err, second.id, first.id)
		}
		if err := h.server.Unlink(t.Context(), second.id); err != nil {
			t.Fatal(err)
		}
		if list, err := h.server.Duplicates(t.Context(), 0); err != nil || len(list) != 0 {
			t.Errorf("after somebody said no: got %+v, %v", list, err)
		}
	})
}

// A person who recognizes the phone when it enrolls finds its name, tags and notes again.
func TestRecognizedPhoneContinuesItsRecord(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		former := h.enrolled("ada@example.org")
		h.written(former)
		h.clock.Add(time.Hour)
		next := h.phone("ada@example.org")
		g := h.upstairs.grants[next.token]
		g.Same, g.Former = mdm.SameYes, former.id
		h.upstairs.grants[next.token] = g
		next.ok(next.authenticate())
		e := h.record(next)
		if e.Remarks.Nickname != "Ada's work phone" || e.Remarks.Notes != "Cracked screen." || e.Kept.Reason != "board" || h.record(former).Kept.Reason != "" {
			t.Errorf("record: %+v, pin %+v", e.Remarks, e.Kept)
		}
	})
}

// A list says something about each phone once, and about all of them or none.
func TestImportRemarksIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		one, _, _ := h.enrolled("ada@example.org"), h.enrolled("bob@example.org"), h.enrolled("bob@example.org")
		desk := "Desk"
		lines := []mdm.RemarkLine{{Line: 2, Phone: "Ada@example.org", Change: mdm.RemarksChange{Nickname: &desk, Tag: []string{"loan"}}}}
		long := strings.Repeat("x", mdm.TagLength+1)
		changed, wrong, err := h.server.ImportRemarks(t.Context(), append(lines,
			mdm.RemarkLine{Line: 3, Phone: "bob@example.org", Change: mdm.RemarksChange{Nickname: &desk}},
			mdm.RemarkLine{Line: 4, Phone: "", Change: mdm.RemarksChange{Nickname: &desk}},
			mdm.RemarkLine{Line: 5, Phone: one.id, Change: mdm.RemarksChange{Tag: []string{long}}},
		), false)
		want := []mdm.LineError{{Line: 3, Field: "phone", Problem: "several"}, {Line: 4, Field: "phone", Problem: "not_found"}, {Line: 5, Field: "tags", Problem: "too_long"}}
		if err != nil || changed != 1 {
			t.Errorf("got %d, %v", changed, err)
		}
		if diff := cmp.Diff(want, wrong); diff != "" {
			t.Errorf("wrong lines (-want +got):\n%s", diff)
		}
		if e := h.record(one); e.Remarks.Nickname != "" {
			t.Error("a list with wrong lines wrote something")
		}
		for i, trial := range []bool{true, false, false} {
			changed, wrong, err := h.server.ImportRemarks(t.Context(), lines, trial)
			if want := []int{1, 1, 0}[i]; err != nil || len(wrong) != 0 || changed != want {
				t.Errorf("time %d: got %d, %v, %v; want %d", i, changed, wrong, err, want)
			}
			if written := h.record(one).Remarks.Nickname != ""; written == trial {
				t.Errorf("time %d: written: %v", i, written)
			}
		}
	})
}
