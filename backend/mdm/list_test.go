package mdm_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.org/gatehouse/backend/mdm"
)

func (h *house) ids(q mdm.ListQuery) []string {
	h.t.Helper()
	var ids []string
	for {
		page, err := h.server.List(h.t.Context(), q)
		if err != nil {
			h.t.Fatal(err)
		}
		if q.Limit > 0 && len(page.Enrollments) > q.Limit {
			h.t.Fatalf("a page of %d, want at most %d", len(page.Enrollments), q.Limit)
		}
		for _, e := range page.Enrollments {
			ids = append(ids, e.ID)
		}
		if page.Next == "" {
			return ids
		}
		q.After = page.Next
	}
}

func TestListPagesSortsAndSearches(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var all []string
		for i, version := range []string{"26.9", "26.10", "18.2", "26.9", "26.1"} {
			p := h.phone(fmt.Sprintf("person%d@example.org", i))
			g := h.upstairs.grants[p.token]
			g.Name = []string{"Émile", "Zoë", "anna", "Müller", "100%"}[i]
			h.upstairs.grants[p.token] = g
			p.ok(p.checkIn(dict{"MessageType": "Authenticate", "OSVersion": version, "ProductName": "iPhone17,2"}))
			p.ok(p.updateToken())
			all = append(all, p.id)
			h.clock.Add(time.Minute)
		}
		for sort, order := range map[string][]int{
			"person": {4, 2, 0, 3, 1}, "-person": {1, 3, 0, 2, 4},
			"os": {2, 4, 0, 3, 1}, "last_seen_at": {0, 1, 2, 3, 4}, "-enrolled_at": {4, 3, 2, 1, 0},
			"name": {4, 2, 0, 3, 1}, "model": {0, 1, 2, 3, 4}, "-model": {4, 3, 2, 1, 0},
		} {
			var want []string
			for _, i := range order {
				want = append(want, all[i])
			}
			for _, limit := range []int{0, 1, 2, 5} {
				if got := h.ids(mdm.ListQuery{Sort: sort, Limit: limit}); !slices.Equal(got, want) {
					t.Errorf("by %s, %d a page: got %v, want %v", sort, limit, got, want)
				}
			}
		}
		for search, want := range map[string][]string{
			"MULLER": {all[3]}, "zoe": {all[1]}, "100%": {all[4]}, "%": {all[4]}, "_": nil, "person2@": {all[2]}, "26.10": {all[1]},
			"' OR 1=1 --": nil, "16 pro max": {all[4], all[2], all[0], all[3], all[1]},
		} {
			if got := h.ids(mdm.ListQuery{Search: search}); !slices.Equal(got, want) {
				t.Errorf("search %q: got %v, want %v", search, got, want)
			}
		}
		if _, err := h.server.List(t.Context(), mdm.ListQuery{Sort: "id; DROP TABLE devices"}); !errors.Is(err, mdm.ErrSort) {
			t.Errorf("sort by nonsense: %v, want ErrSort", err)
		}
		if _, err := h.server.List(t.Context(), mdm.ListQuery{Sort: "last_seen_at", After: "x\ny"}); !errors.Is(err, mdm.ErrCursor) {
			t.Errorf("a broken cursor: %v, want ErrCursor", err)
		}
		if _, err := h.server.Get(t.Context(), "nobody"); !errors.Is(err, mdm.ErrUnknown) {
			t.Errorf("get nobody: %v, want ErrUnknown", err)
		}
	})
}

func TestListByStateAgreesWithDescribeAndCounts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		quiet := h.enrolled("quiet@example.org")
		gone := h.enrolled("gone@example.org")
		gone.ok(gone.checkIn(dict{"MessageType": "CheckOut"}))
		h.clock.Add(8 * 24 * time.Hour)
		fine := h.enrolled("fine@example.org")
		waiting := h.phone("waiting@example.org")
		waiting.ok(waiting.authenticate())
		counts, err := h.server.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for state, want := range map[string]string{mdm.Quiet: quiet.id, mdm.Removed: gone.id, mdm.Managed: fine.id, mdm.Waiting: waiting.id} {
			if got := h.ids(mdm.ListQuery{State: state, Limit: 1}); !slices.Equal(got, []string{want}) || counts[state] != 1 {
				t.Errorf("%s: got %v (%d), want %s", state, got, counts[state], want)
			}
		}
		if got := h.ids(mdm.ListQuery{Stale: 7}); len(got) != 2 {
			t.Errorf("silent for a week: %v, want two", got)
		}
		if got := h.ids(mdm.ListQuery{State: mdm.Asleep}); len(got) != 0 {
			t.Errorf("asleep: %v, want none", got)
		}
	})
}
