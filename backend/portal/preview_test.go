package portal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/portal"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// TestEachTextIsSeenSomewhere: whoever edits a text can look at it.
func TestEachTextIsSeenSomewhere(t *testing.T) {
	t.Parallel()
	h := build(t)
	pages, err := h.site.Pages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[text.Key]bool{}
	for _, p := range pages {
		for _, key := range p.Keys {
			seen[key] = true
		}
	}
	words, err := text.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range words.Keys() {
		if !seen[key] {
			t.Errorf("%s is on no page", key)
		}
		delete(seen, key)
	}
	for key := range seen {
		t.Errorf("a page shows %s, which is no text", key)
	}
}

// TestEveryPageInEveryLanguage: no page is without words, or too heavy for a phone.
func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	h := build(t)
	words, err := text.New()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := h.site.Pages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hole := regexp.MustCompile(`\{\{|\}\}|>(g|start|signin|privacy|terms|group|device|same|done|e|n|f|r|m|i)\.[a-z_.]+<|ZgotmplZ`)
	for _, l := range append(words.Languages(words.Match("en")), words.Exactly("en", "qps-ploc")) {
		for i, p := range pages {
			sample := portal.Samples()[i%len(portal.Samples())]
			b, err := h.site.Render(t.Context(), portal.Preview{Page: p.Name, Language: l.Tag(), Sample: sample, Catalog: words})
			if err != nil {
				t.Fatal(err)
			}
			if found := hole.Find(b); found != nil {
				t.Errorf("%s in %s: %q", p.Name, l.Tag(), found)
			}
			if len(b) > 60_000 {
				t.Errorf("%s in %s has %d bytes", p.Name, l.Tag(), len(b))
			}
			if l.RTL() != bytes.Contains(b, []byte(`dir="rtl"`)) {
				t.Errorf("%s in %s: the direction is wrong", p.Name, l.Tag())
			}
		}
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	h := build(t)
	draft := func(p portal.Preview, changes ...text.Change) string {
		t.Helper()
		drafted, err := h.text.Drafted(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Catalog, _ = drafted.With(changes...)
		b, err := h.site.Render(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if err := h.text.Save(t.Context(), "en", text.Change{Language: "de", Key: "signin.title", Words: "Nur ein Entwurf"}); err != nil {
		t.Fatal(err)
	}
	page := draft(portal.Preview{Page: "signin", Language: "de", Editor: true, Large: true, RTL: true, Scheme: "dark"},
		text.Change{Language: "de", Key: "signin.button", Words: `Los <script>alert(1)</script>`})
	for _, want := range []string{
		`<span data-key="signin.title">Nur ein Entwurf</span>`, `<span data-key="signin.button">Los &lt;script&gt;`, `class="large"`, `dir="rtl"`,
		"color-scheme:dark;", `data-key="g.test_banner"`, `<form method="dialog">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the preview has no %q", want)
		}
	}
	if strings.Contains(page, "href=") || strings.Contains(page, "action=") || strings.Contains(page, "<script") {
		t.Error("the preview leads somewhere")
	}
	if page := draft(portal.Preview{Page: "signin", Language: "de", Error: "e.password_last"}); !strings.Contains(page, "noch einen Versuch") || strings.Contains(page, "data-key") {
		t.Error("the problem is not shown, or keys are marked though nobody edits")
	}
	if page := draft(portal.Preview{Page: "error", Language: "en", Error: "e.locked"}); !strings.Contains(page, "in 15 minutes") || !strings.Contains(page, "Try again") {
		t.Errorf("locked: %s", page)
	}
	for _, p := range []portal.Preview{{Page: "nonsense"}, {Page: "signin", Sample: "nobody"}, {Page: "signin", Error: "e.code"}, {Page: "signin", Scheme: "pink"}} {
		if _, err := h.site.Render(t.Context(), p); !errors.Is(err, portal.ErrNoPage) {
			t.Errorf("%+v: got %v, want ErrNoPage", p, err)
		}
	}
}

func TestPreviewLink(t *testing.T) {
	t.Parallel()
	h := build(t)
	l, err := h.site.NewLink(t.Context(), portal.Preview{Page: "signin", Language: "de"}, []text.Change{{Language: "de", Key: "signin.body", Words: "Ungesichert"}})
	if err != nil || !strings.HasPrefix(l.URL, "https://mdm.nordlicht.example/preview/") || !strings.HasPrefix(l.QR, "<svg ") {
		t.Fatalf("got %+v, %v", l, err)
	}
	path := strings.TrimPrefix(l.URL, "https://mdm.nordlicht.example")
	page := h.get(path, nil).Body.String()
	if !strings.Contains(page, "Ungesichert") || !strings.Contains(page, "Vorschau") || strings.Contains(page, `method="post"`) {
		t.Errorf("the preview: %s", page)
	}
	if err := h.text.Save(t.Context(), "en", text.Change{Language: "de", Key: "signin.title", Words: "Soeben geschrieben"}); err != nil {
		t.Fatal(err)
	}
	if page := h.get(path, nil).Body.String(); !strings.Contains(page, "Soeben geschrieben") {
		t.Error("a draft that was saved meanwhile is not seen")
	}
	next := regexp.MustCompile(`name="page" value="([a-z_]+)"`).FindStringSubmatch(page)
	if next == nil || !strings.Contains(h.get(path, url.Values{"page": {next[1]}}).Body.String(), "<h1>") {
		t.Errorf("the button leads to %v", next)
	}
	if w := h.post(path, url.Values{"password": {"x"}}); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a form that is sent to a preview: got %d", w.Code)
	}
	if n := h.number(`SELECT COUNT(*) FROM attempts`); n != 0 {
		t.Errorf("a preview made %d attempts", n)
	}
	if stored := h.number(`SELECT COUNT(*) FROM previews WHERE request LIKE '%' || ` + "'" + path[len("/preview/"):] + "'" + ` || '%'`); stored != 0 {
		t.Error("the database has the token")
	}
	h.clock.Add(10*time.Minute + time.Second)
	for _, gone := range []string{path, "/preview/made-up"} {
		if w := h.get(gone, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", gone, w.Code)
		}
	}
	for range 105 {
		if _, err := h.site.NewLink(t.Context(), portal.Preview{Page: "done"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.number(`SELECT COUNT(*) FROM previews`); n > 100 {
		t.Errorf("%d links are kept", n)
	}
	if _, err := h.site.NewLink(t.Context(), portal.Preview{Page: "done"}, []text.Change{{Language: "en", Key: "signin.body", Words: strings.Repeat("x", 300_000)}}); !errors.Is(err, portal.ErrTooMuch) {
		t.Errorf("300 kB of unsaved words: got %v", err)
	}
}

func pictureOf(width, height int, at func(x, y int) color.Color) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			p.Set(x, y, at(x, y))
		}
	}
	return p
}

func asPNG(t *testing.T, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLogo(t *testing.T) {
	t.Parallel()
	h := build(t)
	teal := func(x, y int) color.Color { return color.NRGBA{R: 15, G: 118, B: 110, A: uint8(255 * ((x + y) % 2))} }
	l, err := h.site.SetLogo(t.Context(), portal.Light, asPNG(t, pictureOf(1200, 400, teal)))
	if err != nil || l.Kind != "image/png" || l.Width > 720 || l.Height > 180 || len(l.Content) > 32<<10 {
		t.Fatalf("a PNG: %+v, %v", l.Width, err)
	}
	var photo bytes.Buffer
	noise := pictureOf(900, 300, func(x, y int) color.Color { return color.NRGBA{uint8(x * y), uint8(x ^ y), uint8(x + y), 255} })
	if err := jpeg.Encode(&photo, noise, nil); err != nil {
		t.Fatal(err)
	}
	withEXIF := append(append(slices.Clone(photo.Bytes()[:2]), []byte("\xff\xe1\x00\x10Exif\x00\x00at home!")...), photo.Bytes()[2:]...)
	dark, err := h.site.SetLogo(t.Context(), portal.Dark, withEXIF)
	if err != nil || len(dark.Content) > 32<<10 || bytes.Contains(dark.Content, []byte("at home")) {
		t.Errorf("a JPEG: %d bytes, %v; or it still says where it was taken", len(dark.Content), err)
	}
	page := h.get(h.knock("de", "iPhone17,2"), nil).Body.String()
	address := regexp.MustCompile(`/portal/logo/[0-9a-f]+\.(png|jpeg)`).FindAllString(page, -1)
	if len(address) != 2 || !strings.Contains(page, `alt="Logo`) && !strings.Contains(page, `alt="Nordlicht GmbH`) {
		t.Fatalf("logos on the page: %v in %s", address, page)
	}
	for _, a := range address {
		w := h.get(a, nil)
		if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "image/") {
			t.Errorf("%s: got %d, %v", a, w.Code, w.Header())
		}
		if _, _, err := image.Decode(w.Body); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	if w := h.get("/portal/logo/0123456789abcdef.png", nil); w.Code != http.StatusNotFound {
		t.Errorf("a logo that is none: got %d", w.Code)
	}
	huge, err := hex.DecodeString("89504e470d0a1a0a0000000d49484452000100000001000008060000006c8430e3") // the head of a picture of 65,536 times 65,536 pixels
	if err != nil {
		t.Fatal(err)
	}
	for want, file := range map[string][]byte{
		"empty": nil, "too_large": make([]byte, 512<<10+1), "svg": []byte(`<?xml version="1.0"?><svg onload="alert(1)"/>`),
		"not_picture": []byte("GIF89a......"), "too_many_pixels": huge,
	} {
		var refused *portal.LogoError
		if _, err := h.site.SetLogo(t.Context(), portal.Light, file); !errors.As(err, &refused) || refused.Problem != want {
			t.Errorf("%s: got %v", want, err)
		}
	}
	if logos, err := h.site.Logos(t.Context()); err != nil || len(logos) != 2 || logos[1].Version != l.Version {
		t.Errorf("a refused logo changed something: %+v, %v", logos, err)
	}
	for _, scheme := range []string{portal.Light, portal.Dark} {
		if err := h.site.DropLogo(t.Context(), scheme); err != nil {
			t.Fatal(err)
		}
	}
	if page := h.get(h.knock("de", "iPhone17,2"), nil).Body.String(); strings.Contains(page, "<img") {
		t.Error("the logo is still there")
	}
}

func TestColoursAreInTheStyleSheet(t *testing.T) {
	t.Parallel()
	h := build(t)
	style := func() (string, string) {
		address := regexp.MustCompile(`/portal/style\.css\?v=[0-9a-f]+`).FindString(h.get(h.knock("de", "iPhone17,2"), nil).Body.String())
		return address, h.get(address, nil).Body.String()
	}
	before, _ := style()
	h.set(func(s *settings.Settings) { s.Portal.AccentLight, s.Portal.AccentDark = "#7A1FA2", "#ce93d8" })
	after, css := style()
	if before == after || !strings.Contains(css, "--accent:#7a1fa2;--on-accent:#ffffff") || !strings.Contains(css, "--accent:#ce93d8;--on-accent:#000000") {
		t.Errorf("%s after %s: %.400s", after, before, css)
	}
	if w := h.get(before, nil); strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Error("an old address of the style sheet is kept for ever with the new colours")
	}
}

// FuzzAnswers sends anything to any page of somebody who has signed in.
func FuzzAnswers(f *testing.F) {
	for _, page := range []string{"privacy", "terms", "declined", "group", "device", "same", "done", "code", "password", "nonsense"} {
		f.Add(page, "device_name=Anna&agree=yes&text=x&group=Office&same=yes")
	}
	f.Add("device", "device_name=%00%ff%f0%9f%93%b1")
	f.Add("terms", "agree=yes&agree=no&text="+strings.Repeat("a", 64))
	f.Add("group", "group[]=Office&%zz")
	h := build(f)
	h.set(func(s *settings.Settings) {
		s.Enrollment.Groups = []settings.Group{{Name: "Office", People: []string{anna}}, {Name: "Warehouse", People: []string{anna}}}
	})
	h.terms("Be kind.")
	page := h.enter("en", "iPhone17,2")
	f.Fuzz(func(t *testing.T, name, form string) {
		r := request(t.Context(), http.MethodPost, at(page, url.PathEscape(name)), form)
		w := h.serve(r)
		if w.Code >= 500 || strings.Contains(w.Body.String(), "<script") {
			t.Errorf("%s with %q: got %d", name, form, w.Code)
		}
	})
}
