package mdm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

// conditions reads filters as the screens write them.
func conditions(t testing.TB, filters ...string) []mdm.Condition {
	t.Helper()
	var list []mdm.Condition
	for _, f := range filters {
		c, err := mdm.ParseCondition(f)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

// office is a handful of phones that differ in everything, by the name of their person.
func office(h *house) map[string]string {
	h.t.Helper()
	ids := map[string]string{}
	for i, p := range []struct{ person, name, product, version, nickname, group string }{
		{"anna", "Anna Müller", "iPhone17,2", "18.3", "", "Sales"},
		{"ben", "Ben Øre", "iPhone16,1", "18.4.1", "Ben's old one", ""},
		{"clara", "Clara 100%", "iPad14,1", "26.1", "", "Sales"},
		{"dora", "Dora Muller", "iPhone17,2", "9.3", "", ""},
	} {
		phone := h.phone(p.person + "@example.org")
		g := h.upstairs.grants[phone.token]
		g.Name, g.Nickname, g.Group = p.name, p.nickname, p.group
		h.upstairs.grants[phone.token] = g
		phone.ok(phone.checkIn(dict{"MessageType": "Authenticate", "OSVersion": p.version, "ProductName": p.product, "BuildVersion": "22D" + fmt.Sprint(i)}))
		if p.person != "dora" {
			phone.ok(phone.updateToken())
		}
		ids[p.person] = phone.id
		h.clock.Add(24 * time.Hour)
	}
	return ids
}

// names turns ids back into people.
func names(office map[string]string, ids []string) string {
	var found []string
	for name, id := range office {
		if slices.Contains(ids, id) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		people := office(h)
		remark := func(name string, c mdm.RemarksChange) {
			t.Helper()
			if ids, err := h.server.Remark(t.Context(), c, people[name]); len(ids) != 1 || err != nil {
				t.Fatalf("remark on %s: %v, %v", name, ids, err)
			}
		}
		notes := "Leiht sich das Büro\naus"
		remark("anna", mdm.RemarksChange{Tag: []string{"Vertrieb", "Büro"}, Notes: &notes})
		remark("ben", mdm.RemarksChange{Tag: []string{"büro"}, Fields: map[int]string{3: "K-17"}})
		if ids, err := h.server.Keep(t.Context(), "Museum", people["clara"]); len(ids[""]) != 1 || err != nil {
			t.Fatalf("keep: %v, %v", ids, err)
		}
		for filter, want := range map[string]string{
			"":                                    "anna ben clara dora",
			"os_version:before:18.4":              "anna dora",
			"os_version:at_least:18.4":            "ben clara",
			"os_version:is:26.1":                  "clara",
			"os_version:begins:18":                "anna ben",
			"model:is:iphone 16 pro max":          "anna dora",
			"product_name:in:iPad14,1|iPhone16,1": "ben clara",
			"person:contains:MULLER":              "anna dora",
			"person:begins:ben":                   "ben",
			"person:is_not:Ben Ore":               "anna clara dora",
			"group:is:sales":                      "anna clara",
			"group:empty:":                        "ben dora",
			"nickname:not_empty:":                 "ben",
			"tags:has:BURO":                       "anna ben",
			"tags:has_not:buro":                   "clara dora",
			"tags:empty:":                         "clara dora",
			"tags:not_empty:":                     "anna ben",
			"notes:not_empty:":                    "anna",
			"field3:is:k-17":                      "ben",
			"field3:empty:":                       "anna clara dora",
			"kept:is:true":                        "clara",
			"state:is:waiting":                    "dora",
			"state:is_not:waiting":                "anna ben clara",
			"state:in:waiting|enrolled":           "anna ben clara dora",
			"state:in:quiet|removed":              "",
			"last_seen_at:older_than:3":           "anna",
			"last_seen_at:within:2":               "clara dora",
			"enrolled_at:empty:":                  "dora",
			"enrolled_at:before:2026-11-24":       "anna",
			"enrolled_at:after:2026-11-24":        "ben clara",
			"last_info_at:empty:":                 "anna ben clara dora",
			"battery:less_than:20":                "",
			"battery:empty:":                      "anna ben clara dora",
			"passcode:is:none":                    "",
			"name:contains:%":                     "clara",
			"name:contains:_":                     "",
		} {
			q := mdm.ListQuery{}
			if filter != "" {
				q.Filter = conditions(t, filter)
			}
			n, err := h.server.Count(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			all, err := h.server.IDs(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			for _, sort := range []string{"person", "-state", "last_seen_at", "field3"} {
				q.Sort, q.Limit = sort, 1
				ids := h.ids(q)
				if got := names(people, ids); got != want || n != len(ids) || names(people, all) != want {
					t.Errorf("%s by %s: got %q, counted %d, chosen %q; want %q", filter, sort, got, n, names(people, all), want)
				}
			}
		}
		for search, want := range map[string]string{"buro": "anna ben", "museum": "", "k-17": "ben", "aus": "anna", "sales": "anna clara", "old one": "ben"} {
			if got := names(people, h.ids(mdm.ListQuery{Search: search})); got != want {
				t.Errorf("search %q: got %q, want %q", search, got, want)
			}
		}
		both := mdm.ListQuery{Search: "muller", Filter: conditions(t, "os_version:before:18", "state:is:waiting")}
		if got := names(people, h.ids(both)); got != "dora" {
			t.Errorf("search and two filters: got %q, want dora", got)
		}
		facets, err := h.server.Facets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(facets.Models, facets.Versions, facets.Groups, facets.Tags); got !=
			"[{iPhone 16 Pro Max 2} {iPad mini (6th generation) 1} {iPhone 15 Pro 1}] [{26.1 1} {18.4.1 1} {18.3 1} {9.3 1}] [{Sales 2}] [{Büro 2} {Vertrieb 1}]" {
			t.Errorf("facets: %s", got)
		}
	})
}

func TestBadFiltersAreNamed(t *testing.T) {
	t.Parallel()
	clock := &dbtest.Clock{}
	h := newHouse(t, furnished(t, clock), clock, apns.Options{})
	for filter, problem := range map[string]string{
		"": "not_choice", "serial:is:x": "not_choice", "os_version:older_than:3": "not_choice", "state:is:lost": "not_choice",
		"last_seen_at:older_than:soon": "not_number", "last_seen_at:before:yesterday": "not_time", "battery:less_than:half": "not_number",
		"os_version:before:newest": "not_number", "kept:is:perhaps": "not_choice", "id:is:x": "not_choice",
		"e.id) OR (1=1:is:x": "not_choice",
	} {
		_, err := mdm.ParseCondition(filter)
		if err == nil {
			_, err = h.server.List(t.Context(), mdm.ListQuery{Filter: conditions(t, filter)})
		}
		var bad *mdm.FilterError
		if !errors.As(err, &bad) || bad.Problem != problem {
			t.Errorf("%q: got %v, want %s", filter, err, problem)
		}
	}
}

// TestTheDatabaseAgreesWithDescribe makes up evidence of every kind: filter, order and counts must say the same as the one
// function that decides.
func TestTheDatabaseAgreesWithDescribe(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const day = 24 * time.Hour
		now := h.db.Now()
		h.populate(t, 400)
		random := rand.New(rand.NewPCG(5, 6))
		err := h.db.Update(t.Context(), func(tx *db.Tx) error {
			for _, hours := range []int{300, 200, 50} { // we were here, with gaps
				from := now.Add(-time.Duration(hours) * time.Hour)
				if err := event.Present(tx, from, from.Add(30*time.Hour), event.Off); err != nil {
					return err
				}
			}
			if err := event.Present(tx, now, now, event.Off); err != nil {
				return err
			}
			for i := range 400 {
				ago := func() int64 { return db.Millis(now.Add(-time.Duration(random.Int64N(int64(20 * day))))) }
				sometimes := func(v int64) int64 { return v * int64(random.IntN(2)) }
				_, err := tx.Exec(`
					UPDATE enrollments SET stage = $1, last_seen_at = $2, identity_expires_at = $3, sent_at = $4, outcome = $5, gone_at = $6, token_at = $7
					WHERE id = $8`,
					[]string{"enrolled", "enrolled", "enrolled", "authenticated", "removed", "archived"}[random.IntN(6)], ago(),
					ago()+random.Int64N(int64(40*day/time.Millisecond)), sometimes(ago()), []string{"", "accepted", "accepted", "refused", "later"}[random.IntN(5)],
					sometimes(sometimes(ago())), sometimes(ago()), townID(i))
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		codes := mdm.Codes()
		last := -1
		err = h.server.Each(t.Context(), mdm.ListQuery{Sort: "state"}, func(e *mdm.Enrollment, m mdm.Moment) error {
			code := mdm.Describe(*e, m).Code
			want[code]++
			if i := slices.Index(codes, code); i < last {
				t.Errorf("%s comes after %s", code, codes[last])
			} else {
				last = i
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(want) != len(codes) {
			t.Errorf("only %v were made up", want)
		}
		counts, err := h.server.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			if n, err := h.server.Count(t.Context(), mdm.ListQuery{State: code}); err != nil || n != want[code] || counts[code] != want[code] {
				t.Errorf("%s: %d are, the filter finds %d (%v), the counts say %d", code, want[code], n, err, counts[code])
			}
		}
	})
}

func TestPagesByPlaceAgreeWithPagesByCursor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.populate(t, 60)
		for _, q := range []mdm.ListQuery{
			{},
			{Sort: "-last_seen_at"},
			{Sort: "state"},
			{Search: "person"},
			{State: mdm.Managed},
			{Search: "person", Sort: "-battery"},
			{Search: "person", State: mdm.Managed, Sort: "os_version"},
		} {
			all := h.ids(q)
			if len(all) != 60 {
				t.Fatalf("%+v: %d phones", q, len(all))
			}
			for _, offset := range []int{0, 1, 33, 59, 60, 1000} {
				page := q
				page.Offset, page.Limit = offset, 7
				got, err := h.server.List(t.Context(), page)
				if err != nil {
					t.Fatal(err)
				}
				want := all[min(offset, 60):min(offset+7, 60)]
				for i, e := range got.Enrollments {
					if i >= len(want) || e.ID != want[i] {
						t.Errorf("%+v: row %d is %s", page, i, e.ID)
					}
				}
				if len(got.Enrollments) != len(want) {
					t.Errorf("%+v: %d rows, want %d", page, len(got.Enrollments), len(want))
				}
			}
		}
	})
}

// Which road leads to a page depends on how many phones are what is asked for. All lead to the same page.
func TestEveryRoadLeadsToTheSamePage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		crowdIn(t, h, 2500) // so many that some sets are fetched, some met along the way, and some too large
		read := func(q mdm.ListQuery) (ids []string) {
			err := h.server.Each(t.Context(), q, func(e *mdm.Enrollment, _ mdm.Moment) error {
				ids = append(ids, e.ID)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		pages := func(q mdm.ListQuery, most int) (ids []string) {
			q.Limit = 40
			for range most {
				page, err := h.server.List(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page.Enrollments {
					ids = append(ids, e.ID)
				}
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			return ids
		}
		orders := map[string][]string{}
		for _, column := range []string{"person", "os_version", "battery", "kept", "last_seen_at", "state"} {
			orders[column] = read(mdm.ListQuery{Sort: column})
		}
		for _, q := range []mdm.ListQuery{
			{},
			{State: mdm.Quiet},
			{State: mdm.Waiting},
			{Filter: conditions(t, "state:is_not:archived")},
			{Filter: conditions(t, "state:in:removed|asleep|quiet")},
			{Filter: conditions(t, "last_seen_at:older_than:30")},
			{Filter: conditions(t, "last_seen_at:within:1", "battery:less_than:40")},
			{Filter: conditions(t, "os_version:before:18.4")},
			{Filter: conditions(t, "os_version:at_least:18", "os_version:before:26", "last_info_at:older_than:1")},
			{Filter: conditions(t, "tags:has:sales", "enrolled_at:not_empty:")},
			{Filter: conditions(t, "model:contains:pro", "passcode:in:none|present")},
			{Filter: conditions(t, "kept:is:false", "identity_not_after:within:40")},
			{Filter: conditions(t, "capacity:more_than:1")},
			{Search: "muller", Filter: conditions(t, "battery:more_than:50")},
			{Search: "zzz"},
			{Rule: &mdm.Rule{Removed: 1, Silent: 20, Waiting: 1}},
		} {
			among := map[string]bool{}
			for _, id := range read(q) {
				among[id] = true
			}
			if n, err := h.server.Count(t.Context(), q); err != nil || n != len(among) {
				t.Errorf("%+v: counted %d, %v, want %d", q, n, err, len(among))
			}
			for name, order := range orders {
				want := slices.DeleteFunc(slices.Clone(order), func(id string) bool { return !among[id] })
				for _, sort := range []string{name, "-" + name} {
					q.Sort = sort
					got := pages(q, 2)
					if !slices.Equal(got, want[:min(80, len(want))]) {
						t.Errorf("%+v: %d rows, want the first of %d in their order", q, len(got), len(want))
					}
					slices.Reverse(want)
				}
			}
		}
	})
}

func TestPastedNamesFindPhones(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		people := office(h)
		second := h.enrolled("anna@example.org")
		found, err := h.server.Find(t.Context(), strings.Join([]string{
			"ANNA@example.org", "  ben's OLD one ", "", strings.ToLower(people["clara"]), "nobody", "Dora Müller", "nobody", `"Ben Øre"`,
		}, "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		people["anna2"] = second.id
		if got := names(people, found.IDs); got != "anna anna2 ben clara dora" || found.Lines != 7 ||
			!slices.Equal(found.NotFound, []string{"nobody"}) || len(found.Several) != 1 || found.Several[0].Count != 2 {
			t.Errorf("got %q and %+v", got, found)
		}
	})
}

// F1: nothing has a column that a phone in User Enrollment does not tell, and that is not our own.
func TestColumnsAreWhatUserEnrollmentTells(t *testing.T) {
	t.Parallel()
	for _, c := range mdm.Columns() {
		for _, never := range []string{"serial", "udid", "imei", "meid", "phone_number", "iccid", "wifi", "bluetooth", "location"} {
			if strings.Contains(c.Name, never) {
				t.Errorf("there is a column %s", c.Name)
			}
		}
	}
}
