package admin_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/settings"
)

// onePixel is a PNG.
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

func TestPagesArePreviewed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		var pages admin.TextPages
		h.want("GET", "/texts/pages", "", &pages)
		if len(pages.Pages) < 20 || len(pages.Samples) < 4 {
			t.Fatalf("%d pages, %d samples", len(pages.Pages), len(pages.Samples))
		}
		var p admin.TextPreview
		h.want("POST", "/texts/preview", `{"page":"signin","language":"de","scheme":"dark","large":true,"sample":"ipad","error":"e.password",
			"changes":[{"language":"de","key":"signin.title","text":"Hallo {{org_short}}"}]}`, &p)
		if !strings.Contains(p.HTML, `data-key="signin.title">Hallo `) || p.Keys[0] != "g.browser_title" || p.TookMS <= 0 || p.TookMS > 5000 {
			t.Errorf("preview: %v in %v ms", p.Keys, p.TookMS)
		}
		for _, body := range []string{`{"page":"nonsense"}`, `{"page":"signin","error":"e.code"}`, `{"page":"signin","scheme":"pink"}`, `{}`} {
			h.refused("POST", "/texts/preview", body, admin.Invalid)
		}
		var l admin.PreviewLink
		h.want("POST", "/texts/preview-links", `{"page":"privacy","language":"ar"}`, &l)
		if !strings.HasPrefix(l.URL, "https://mdm.example.com/preview/") || !strings.HasPrefix(l.QR, "<svg") || l.ExpiresAt.IsZero() {
			t.Errorf("link: %+v", l)
		}
	})
}

func TestBranding(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		var b admin.Branding
		h.want("POST", "/branding/check", `{"accent_light":"#ffcc00","accent_dark":"red"}`, &b)
		if b.AccentLight.Problem != "contrast" || b.AccentLight.Suggestion == "" || b.AccentDark.Problem != "not_color" {
			t.Errorf("verdict: %+v", b)
		}
		problem := h.refused("PUT", "/branding", `{"accent_light":"#ffcc00","accent_dark":"#2dd4bf"}`, admin.Invalid)
		if problem.Errors[0].Field != "portal.accent_light" || problem.Errors[0].Params["hint"] != b.AccentLight.Suggestion {
			t.Errorf("refusal: %+v", problem.Errors)
		}
		h.want("PUT", "/branding", `{"accent_light":"`+b.AccentLight.Suggestion+`","accent_dark":"#ffcc00"}`, &b)
		if b.AccentDark.Ink != "#000000" || b.AccentLight.Ratio < settings.Readable {
			t.Errorf("branding: %+v", b)
		}
		h.want("PUT", "/branding/logo?dark=true", `{"content":"`+onePixel+`"}`, &b)
		if b.LogoDark == nil || b.LogoLight != nil || b.LogoDark.Width != 1 {
			t.Errorf("logo: %+v", b)
		}
		svg := base64.StdEncoding.EncodeToString([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`))
		if problem := h.refused("PUT", "/branding/logo", `{"content":"`+svg+`"}`, admin.Invalid); problem.Errors[0].Code != "logo_svg" {
			t.Errorf("an SVG: %+v", problem.Errors)
		}
		b = admin.Branding{}
		h.want("DELETE", "/branding/logo?dark=true", "", &b)
		if b.LogoDark != nil {
			t.Errorf("the logo is still there: %+v", b)
		}
	})
}

func TestConsentsAreReported(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		must(t, h.phone().Enroll(t.Context(), anna, password))
		h.want("PUT", "/texts/en/terms.body", `{"text":"Be kind."}`, nil)
		h.want("POST", "/texts/publish", `{"new_terms":true}`, nil)
		var c admin.Consents
		h.want("GET", "/consents", "", &c)
		if c.Version != 1 || c.Missing != 1 || len(c.People) != 1 || c.People[0].State != "none" || c.People[0].Phones != 1 {
			t.Errorf("before anybody agreed: %+v", c)
		}
		must(t, h.phone().Enroll(t.Context(), anna, password))
		h.want("GET", "/consents?kind=terms", "", &c)
		if c.Missing != 0 || c.People[0].State != "current" || len(c.Consents) != 1 || c.Consents[0].Answer != "accepted" {
			t.Fatalf("after: %+v", c)
		}
		var shown admin.ConsentText
		h.want("GET", "/consents/texts/"+c.Consents[0].Hash, "", &shown)
		if !strings.Contains(shown.Text, "Be kind.") {
			t.Errorf("the text: %+v", shown)
		}
		h.refused("GET", "/consents/texts/none", "", admin.NotFound)
		for _, format := range []string{"csv", "xlsx", "json", "tsv", "xml"} {
			var f admin.File
			h.want("GET", "/consents/export?format="+format, "", &f)
			if f.Name != "consents."+format || f.Type == "" || len(f.Content) < 100 {
				t.Errorf("%s: %s %s, %d bytes", format, f.Name, f.Type, len(f.Content))
			}
			if format == "csv" && !strings.Contains(string(f.Content), anna) {
				t.Errorf("csv: %s", f.Content)
			}
		}
	})
}
