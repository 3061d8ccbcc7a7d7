package portal_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/gatehouse/backend/settings"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// what changes from run to run, or with every change of the style sheet.
var changing = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`/signin/[A-Za-z0-9_-]{10,}`), "/signin/SESSION"},
	{regexp.MustCompile(`style\.css\?v=[0-9a-f]+`), "style.css?v=VERSION"},
	{regexp.MustCompile(`[0-9A-Z]{2}-[0-9A-Z]{3}\b`), "K7-31Q"},
	{regexp.MustCompile(`\b[0-2][0-9]:[0-5][0-9]\b`), "14:30"},
	{regexp.MustCompile(`name="text" value="[0-9a-f]{64}"`), `name="text" value="DIGEST"`},
}

func golden(t *testing.T, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	got := w.Body.String()
	for _, c := range changing {
		got = c.find.ReplaceAllString(got, c.put)
	}
	file := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s changed (-want +got); if it should, run the test with -update:\n%s", name, d)
	}
	if w.Body.Len() > 60_000 {
		t.Errorf("%s has %d bytes; a page is promised to stay under 60 kB", name, w.Body.Len())
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := build(t)
	who := url.Values{"user-identifier": {anna}}
	english := h.knock("en-US", "iPhone17,2")
	german := h.knock("de", "iPad14,3")

	golden(t, "signin.en", h.get(english, who))
	golden(t, "signin.de", h.get(german, who))
	golden(t, "signin-open.en", h.get(english, url.Values{"other": {""}, "language": {"en"}}))
	golden(t, "wrong.de", h.signIn(german, anna, "falsch"))
	golden(t, "empty.en", h.signIn(english, "", ""))

	if _, err := h.directory.Add(t.Context(), newcomer); err != nil {
		t.Fatal(err)
	}
	golden(t, "signin-codes.en", h.get(english, who))
	golden(t, "code.en", h.get(english+"/code", who))
	golden(t, "code-wrong.de", h.post(german+"/code", url.Values{"identifier": {newcomer.Identifier}, "code": {"0000"}}))

	for range 4 {
		h.signIn(english, anna, "wrong")
	}
	golden(t, "locked.en", h.signIn(english, anna, password))
	golden(t, "unknown-session.en", h.get("/signin/NEVER-MADE-BY-US-1", nil))

	h.set(func(s *settings.Settings) { s.Enrollment.Open = false })
	if w := h.get(german, who); w.Code != http.StatusForbidden {
		t.Errorf("enrollment closed: got %d, want 403", w.Code)
	} else {
		golden(t, "closed.de", w)
	}
}

// TestPagesBehindTheSignIn are the others, as a person meets them: the terms in English for somebody who reads Arabic.
func TestPagesBehindTheSignIn(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.set(func(s *settings.Settings) {
		s.Enrollment.Groups = []settings.Group{{Name: "Office", People: []string{anna}}, {Name: "Warehouse", People: []string{anna}}}
		s.Portal.Gets = []string{"Mail", "Calendar"}
	})
	h.terms("## What we ask\n\nKeep a **passcode**, and tell {{support_name}} when the phone is lost.")
	address := h.enter("ar", "iPhone17,2")
	for _, page := range []string{"privacy", "terms", "group", "device", "done"} {
		if where(address) != page {
			t.Fatalf("got to %s, want %s", address, page)
		}
		w := h.get(address, nil)
		golden(t, page+".ar", w)
		f := firstForm(w.Body.String())
		address = h.post(f.action, f.values).Header().Get("Location")
	}
	address = h.enter("en", "iPad14,3")
	golden(t, "privacy.en", h.get(address, nil))
	h.set(func(s *settings.Settings) { s.Portal.Start = true })
	if _, err := h.directory.Add(t.Context(), newcomer); err != nil {
		t.Fatal(err)
	}
	golden(t, "start.en", h.get(h.knock("en", "iPhone17,2"), url.Values{"user-identifier": {anna}}))
}
