package admin_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"example.org/gatehouse/backend/admin"
)

func file(content string) string {
	return fmt.Sprintf(`{"file":%q}`, base64.StdEncoding.EncodeToString([]byte(content)))
}

// A list of people, then one of what is known about their phones: tried first, then for good.
func TestImports(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		people := file("Mail;Name;Password\nben@example.com;Ben;\ncleo@example.com;Cleo;battery staple\n" + anna + ";Anna;\n")
		var out admin.Imported
		h.want("POST", "/people/import?dry_run=true", people, &out)
		if out.Applied || out.Changed != 2 || out.There != 1 || out.Rows != 3 || len(out.Codes) != 0 {
			t.Errorf("dry run: %+v", out)
		}
		out = admin.Imported{}
		h.want("POST", "/people/import", file("mail\nben@example.com\nnobody at all <x>\n"), &out)
		if out.Applied || out.Wrong != 1 || out.Problems[0] != (admin.ImportProblem{Line: 3, Field: "identifier", Code: "not_identifier"}) {
			t.Errorf("a wrong line: %+v", out)
		}
		out = admin.Imported{}
		h.want("POST", "/people/import", people, &out)
		if !out.Applied || out.Changed != 2 || len(out.Codes) != 1 || out.Codes[0].Identifier != "ben@example.com" || len(out.Codes[0].Code) != 14 {
			t.Errorf("import: %+v", out)
		}

		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		_, err := p.Poll(t.Context())
		must(t, err)
		out = admin.Imported{}
		h.want("POST", "/enrollments/import", file("person,name,tags,field1\n"+anna+",Desk,a;b,A-17\nghost@example.com,x,,\n"), &out)
		if out.Applied || out.Wrong != 1 || out.Problems[0] != (admin.ImportProblem{Line: 3, Field: "phone", Code: "not_found"}) {
			t.Errorf("a phone that is not there: %+v", out)
		}
		var e admin.EnrollmentDetail
		h.want("GET", "/enrollments/"+p.EnrollmentID(), "", &e)
		if len(e.Tags) != 0 {
			t.Errorf("a list with a wrong line wrote tags: %v", e.Tags)
		}
		out = admin.Imported{}
		h.want("POST", "/enrollments/import", file("person,name,tags,field1\n"+anna+",Desk,a;b,A-17\n"), &out)
		h.want("GET", "/enrollments/"+p.EnrollmentID(), "", &e)
		if !out.Applied || out.Changed != 1 || e.Nickname != "Desk" || len(e.Tags) != 2 || e.Fields[0] != "A-17" {
			t.Errorf("remarks: %+v; %q %v %v", out, e.Nickname, e.Tags, e.Fields)
		}
	})
}
