package admin_test

import (
	"testing"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/settings"
)

// A phone that enrolls again is one suggestion; linked, it has one story.
func TestAPhoneThatEnrollsAgainIsLinked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		var now settings.Settings
		h.want("GET", "/settings", "", &now)
		now.Portal.Device = false // nobody is asked whether it is the same phone
		h.want("PUT", "/settings", jsonOf(t, now), nil)
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		_, err := p.Poll(t.Context())
		must(t, err)
		first := p.EnrollmentID()
		h.want("PUT", "/enrollments/"+first+"/remarks", `{"nickname":"Desk phone","tags":["loan"]}`, nil)
		must(t, p.Leave(t.Context()))
		must(t, p.Enroll(t.Context(), anna, password))
		_, err = p.Poll(t.Context())
		must(t, err)
		second := p.EnrollmentID()

		var found admin.Duplicates
		h.want("GET", "/enrollments/duplicates", "", &found)
		if len(found.Duplicates) != 1 || found.Total != 1 || found.Duplicates[0].Enrollment.ID != second || found.Duplicates[0].Former.ID != first {
			t.Fatalf("duplicates: %+v", found)
		}
		if d := found.Duplicates[0]; d.Confidence < 90 || len(d.Reasons) == 0 || d.Reasons[0] != "left_just_before" {
			t.Errorf("confidence %d, because %v", d.Confidence, d.Reasons)
		}
		h.refused("POST", "/enrollments/"+first+"/link", `{"former":"`+second+`"}`, admin.CannotLink)
		h.refused("POST", "/enrollments/"+second+"/link", `{"former":"nobody"}`, admin.NotFound)
		h.want("POST", "/enrollments/"+second+"/link", `{"former":"`+first+`"}`, nil)
		var e admin.EnrollmentDetail
		h.want("GET", "/enrollments/"+second, "", &e)
		if e.Same != "yes" || e.FormerID != first || e.Nickname != "Desk phone" || len(e.Tags) != 1 {
			t.Errorf("linked: same %q, former %q, nickname %q, tags %v", e.Same, e.FormerID, e.Nickname, e.Tags)
		}
		h.want("GET", "/enrollments/duplicates?least=0", "", &found)
		if len(found.Duplicates) != 0 {
			t.Errorf("after linking: %+v", found)
		}
		h.want("POST", "/enrollments/"+second+"/unlink", "", nil)
		var apart admin.EnrollmentDetail
		h.want("GET", "/enrollments/"+second, "", &apart)
		if e = apart; e.Same != "no" || e.FormerID != "" || len(e.Former) != 0 {
			t.Errorf("unlinked: same %q, former %q", e.Same, e.FormerID)
		}
	})
}
