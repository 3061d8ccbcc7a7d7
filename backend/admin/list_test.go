package admin_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.org/gatehouse/backend/admin"
)

// What an administrator does with the list: columns, filters, words of their own, views, a pasted list, the panel.
func TestTheListOfPhones(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		var now map[string]any
		h.want("GET", "/settings", "", &now)
		now["fields"] = []string{"Inventory number", "Room"}
		body, err := json.Marshal(now)
		must(t, err)
		h.want("PUT", "/settings", string(body), nil)

		var columns admin.EnrollmentColumns
		h.want("GET", "/enrollments/columns", "", &columns)
		i := slices.IndexFunc(columns.Columns, func(c admin.EnrollmentColumn) bool { return c.Name == "field2" })
		if i < 0 || columns.Columns[i].Title != "Room" || columns.Columns[i].Own != 2 || !columns.Columns[i].Named || columns.Columns[i+1].Named {
			t.Errorf("own fields: %+v", columns.Columns[i:])
		}

		var list admin.Enrollments
		h.want("GET", "/enrollments", "", &list)
		id := list.Enrollments[0].ID
		h.want("PUT", "/enrollments/"+id+"/remarks", `{"nickname":"Küche","tags":["Café","VIP"],"notes":"leiht es aus","fields":{"2":"B 17"}}`, nil)
		h.want("POST", "/enrollments/tags", `{"view":{"search":"kuche"},"add":["Neu"],"remove":["vip"]}`, nil)
		var pinned admin.Pinned
		h.want("POST", "/enrollments/keep", `{"ids":["`+id+`"],"reason":"On loan"}`, &pinned)
		h.want("POST", "/enrollments/keep", `{"view":{"search":"kuche"},"reason":"Museum"}`, &pinned)
		if pinned.Count != 1 || pinned.Before[0].Reason != "On loan" || !slices.Equal(pinned.Before[0].IDs, []string{id}) {
			t.Errorf("what all pins of a list said before: %+v", pinned)
		}
		h.want("POST", "/enrollments/keep", `{"view":{"search":"kuche"},"reason":"Museum"}`, &pinned)
		if pinned.Count != 0 || len(pinned.Before) != 0 {
			t.Errorf("pinned twice: %+v", pinned)
		}

		filters := url.Values{"filter": {"tags:has:cafe", "os_version:at_least:1", "field2:is:b 17"}, "sort": {"-battery"}, "offset": {"0"}}
		h.want("GET", "/enrollments?"+filters.Encode(), "", &list)
		if len(list.Enrollments) != 1 || list.Total != 1 {
			t.Fatalf("three filters: %+v", list)
		}
		if e := list.Enrollments[0]; e.Nickname != "Küche" || !slices.Equal(e.Tags, []string{"Café", "Neu"}) || e.Fields[1] != "B 17" || e.Kept == nil || e.Kept.Reason != "Museum" {
			t.Errorf("what was written: %+v", e)
		}
		h.want("GET", "/enrollments?filter=kept:is:false", "", &list)
		if list.Total != 0 {
			t.Errorf("not kept: %d", list.Total)
		}
		if p := h.refused("GET", "/enrollments?filter=serial:is:x", "", admin.Invalid); p.Errors[0].Params["filter"] != "serial:is:x" {
			t.Errorf("an unknown column: %+v", p)
		}
		h.refused("GET", "/enrollments?sort=serial", "", admin.Invalid)
		h.refused("PUT", "/enrollments/"+id+"/remarks", `{"tags":["`+strings.Repeat("x", 50)+`"]}`, admin.Invalid)
		h.refused("PUT", "/enrollments/nobody/remarks", `{"notes":"x"}`, admin.NotFound)

		var facets admin.Facets
		h.want("GET", "/enrollments/facets", "", &facets)
		if len(facets.Tags) != 2 || facets.Tags[0].Value != "Café" || facets.Models[0].Count != 1 {
			t.Errorf("facets: %+v", facets)
		}
		var found admin.Found
		h.want("POST", "/enrollments/find", `{"text":"kuche\nnobody\nANNA@example.com"}`, &found)
		if !slices.Equal(found.IDs, []string{id}) || !slices.Equal(found.NotFound, []string{"nobody"}) {
			t.Errorf("pasted: %+v", found)
		}

		view := `{"name":"Quiet ones","view":{"filter":["last_seen_at:older_than:30"],"sort":"-last_seen_at"},"columns":[{"name":"name","width":200},{"name":"last_seen_at"}]}`
		var saved admin.SavedView
		h.want("POST", "/views", view, &saved)
		if p := h.refused("POST", "/views", strings.Replace(view, "Quiet ones", "  QUIET  ones ", 1), admin.Invalid); p.Errors[0].Code != "taken" {
			t.Errorf("a name that is taken: %+v", p)
		}
		h.refused("POST", "/views", `{"name":"x","view":{"filter":["nonsense"]},"columns":[]}`, admin.Invalid)
		h.want("PUT", "/views/"+saved.ID, strings.Replace(view, "Quiet", "Silent", 1), nil)
		var views admin.SavedViews
		h.want("GET", "/views", "", &views)
		if len(views.Views) != 1 || views.Views[0].Name != "Silent ones" || views.Views[0].Columns[0].Width != 200 {
			t.Errorf("views: %+v", views)
		}
		h.want("DELETE", "/views/"+saved.ID, "", nil)
		h.refused("DELETE", "/views/"+saved.ID, "", admin.NotFound)

		var privacy admin.Privacy
		h.want("GET", "/enrollments/"+id+"/privacy", "", &privacy)
		names := map[string]string{}
		for _, one := range privacy.Held {
			names[one.Name] = one.Value
		}
		if names["person"] != anna || names["typed_identifier"] != anna || names["notes"] != "leiht es aus" || names["events"] == "" || len(privacy.Never) < 5 {
			t.Errorf("the panel: %v", names)
		}
	})
}
