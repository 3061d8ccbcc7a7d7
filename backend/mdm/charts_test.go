package mdm_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
)

func (h *house) charts(zone string) mdm.Charts {
	h.t.Helper()
	where, err := time.LoadLocation(zone)
	if err != nil {
		h.t.Fatal(err)
	}
	c, err := h.server.Charts(h.t.Context(), where)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func TestWeeksBeginWhereSomebodyLooks(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		now := h.db.Now().UTC()
		monday := time.Date(now.Year(), now.Month(), now.Day()-(int(now.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
		// 20:00 UTC on the Sunday two weeks ago is Sunday in Berlin, and Monday in Kolkata and in Auckland.
		at := monday.AddDate(0, 0, -14).Add(-4 * time.Hour)
		h.set(`UPDATE enrollments SET enrolled_at = $1, ended_at = $2 WHERE id = $3`, db.Millis(at), db.Millis(monday.Add(-time.Minute)), p.id)
		for zone, weekday := range map[string]time.Weekday{"UTC": time.Sunday, "Europe/Berlin": time.Sunday, "Asia/Kolkata": time.Monday, "Pacific/Auckland": time.Monday} {
			c := h.charts(zone)
			var found, left int
			for _, w := range c.Weeks {
				found, left = found+w.Enrolled.Count, left+w.Left.Count
				if w.From.Weekday() != time.Monday || w.From.Hour() != 0 {
					t.Errorf("%s: a week begins at %v", zone, w.From)
				}
				if w.Enrolled.Count == 1 && (at.Before(w.From) || !at.Before(w.Until)) {
					t.Errorf("%s: %v is not in the week of %v", zone, at, w.From)
				}
			}
			where, _ := time.LoadLocation(zone)
			if got := at.In(where).Weekday(); len(c.Weeks) != 26 || found != 1 || left != 1 || got != weekday {
				t.Errorf("%s: %d weeks, %d enrolled, %d left, on a %v", zone, len(c.Weeks), found, left, got)
			}
			if last := c.Weeks[25]; now.Before(last.From) || !now.Before(last.Until) {
				t.Errorf("%s: it is %v, and the last week is %v", zone, now, last)
			}
		}
		h.set(`UPDATE enrollments SET enrolled_at = $1 WHERE id = $2`, h.ago(190*day), p.id)
		for _, w := range h.charts("UTC").Weeks {
			if w.Enrolled.Count > 0 {
				t.Errorf("190 days ago is the week of %v", w.From)
			}
		}
	})
}

func TestChartsAgreeWithTheList(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		if empty := h.charts("UTC"); len(empty.Versions) != 0 {
			t.Errorf("without phones: %+v", empty.Versions)
		}
		ids := remains(h)
		h.clock.Add(time.Hour)
		for story, version := range map[string]string{"fine": "26", "quiet": "26.0.1", "asleep": "18.4", "gone": "18.40"} {
			h.set(`UPDATE listed SET by_os = $1 WHERE n = (SELECT n FROM enrollments WHERE id = $2)`, mdm.SortVersion(version), ids[story])
		}
		c := h.charts("Europe/Berlin")
		agrees := func(what string, bar mdm.Bar) {
			t.Helper()
			if n, err := h.server.Count(t.Context(), mdm.ListQuery{Filter: bar.Filter}); err != nil || n != bar.Count {
				t.Errorf("%s: %d in the chart, %d in the list, %v", what, bar.Count, n, err)
			}
		}
		var versions, parts []string
		for _, v := range c.Versions {
			agrees(v.Version, v.Bar)
			versions = append(versions, fmt.Sprint(v.Version, " ", v.Count))
		}
		if diff := cmp.Diff([]string{"26.1 4", "26.0 2", "18.40 1", "18.4 1"}, versions); diff != "" {
			t.Error(diff) // of ten, one left and one never finished
		}
		for _, s := range c.Seen {
			agrees(fmt.Sprint(s.From, " to ", s.Until, " days"), s.Bar)
			parts = append(parts, strconv.Itoa(s.Count))
		}
		if diff := cmp.Diff([]string{"2", "0", "1", "5", "0"}, parts); diff != "" {
			t.Error(diff)
		}
		for _, w := range c.Weeks {
			agrees("enrolled in the week of "+w.From.String(), w.Enrolled)
			agrees("left in the week of "+w.From.String(), w.Left)
		}
	})
}
