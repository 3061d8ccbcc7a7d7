//go:build linux && e2e

package windowtest

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/settings"
)

// The pages that phones get, in the engine of their own browser: nothing is wider than the phone, and there is a picture
// of each for people to look at. Languages, sizes and colours take turns, so that all of them meet all pages over time.
func TestPagesOfThePortal(t *testing.T) {
	api := portal(t)
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		preview, err := api.PreviewText(admin.AsOperator(r.Context()), &admin.PreviewIn{Body: admin.PreviewOf{
			Page: q.Get("page"), Language: q.Get("language"), Scheme: q.Get("scheme"),
		}})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, preview.HTML)
	}))
	t.Cleanup(pages.Close)

	schemes := []string{"light", "dark"}
	for i, size := range []int{320, 393, 820} { // a browser each: one that was resized draws no more pictures
		b := browse(t)
		b.widen(pages.URL+"/?page=start", size)
		for p, page := range []string{"start", "signin", "code", "privacy", "terms", "group", "device", "same", "done", "error"} {
			language := []string{"de", "ar", "ja", "qps-ploc"}[(p+i)%4]
			scheme := schemes[(p/4+i)%2]
			address := pages.URL + "/?page=" + page + "&language=" + language + "&scheme=" + scheme
			must(t, "go to "+address, b.call("POST", "/url", map[string]any{"url": address}, nil))
			over, err := b.js("return document.documentElement.scrollWidth - innerWidth")
			must(t, "measure the page", err)
			name := fmt.Sprintf("portal-%s-%s-%s-%d", page, language, scheme, size)
			if n, _ := over.(float64); n > 0 {
				t.Errorf("%s scrolls sideways by %v px", name, n)
			}
			b.picture(name)
		}
	}
}

// portal is the door of a server that has been set up and serves nobody.
func portal(t *testing.T) *admin.API {
	t.Helper()
	b, err := backend.Open(t.Context(), backend.Config{
		Data: t.TempDir(), Listen: "127.0.0.1:0", Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler), Screens: os.DirFS("."),
	})
	must(t, "open a server", err)
	t.Cleanup(func() { must(t, "close the server", b.Close()) })
	now := settings.Defaults()
	now.Organization = settings.Organization{Name: "Nordlicht GmbH", ShortName: "Nordlicht", SupportName: "IT Help", SupportPhone: "+49 30 555 0100"}
	now.URL, now.Domains = "https://mdm.example.org:8443", []string{"example.org"}
	must(t, "set the server up", b.Create(t.Context(), now))
	return b.API()
}

// browse opens WebKit's own little browser, without bars that would keep it from being as narrow as a phone.
func browse(t *testing.T) *window {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")
	if err != nil || len(found) == 0 {
		t.Fatal("WebKit's browser is missing: apt install libwebkit2gtk-4.1-0 webkit2gtk-driver")
	}
	home := t.TempDir()
	must(t, "make a folder", os.MkdirAll(filepath.Join(home, "gtk-3.0"), 0o700))
	const thin = "* { font-size: 1px; padding: 0; margin: 0; min-width: 0; min-height: 0; border-width: 0; }"
	must(t, "write a style sheet", os.WriteFile(filepath.Join(home, "gtk-3.0", "gtk.css"), []byte(thin), 0o600))
	return drive(t, found[0], []string{"--automation", "--geometry=393x720"},
		"XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "XDG_CACHE_HOME="+home, "LIBGL_ALWAYS_SOFTWARE=1", "NO_AT_BRIDGE=1", "GTK_A11Y=none", "GDK_BACKEND=x11",
		"DBUS_SESSION_BUS_ADDRESS=disabled:", "GSETTINGS_BACKEND=memory")
}

// widen makes the window as wide as a phone, which can be told only with a page in it, and only once it has come to rest:
// a busy machine resizes it after it has said so.
func (w *window) widen(address string, width int) {
	w.t.Helper()
	must(w.t, "go to "+address, w.call("POST", "/url", map[string]any{"url": address}, nil))
	rect := map[string]any{"x": 0, "y": 0, "width": width, "height": 720}
	before := 0
	eventually(w.t, "be "+strconv.Itoa(width)+" px wide", func() error {
		if err := w.call("POST", "/window/rect", rect, nil); err != nil {
			return err
		}
		v, err := w.js("return innerWidth")
		if err != nil {
			return err
		}
		measured, _ := v.(float64)
		is := int(measured)
		switch {
		case is == width:
			return nil
		case is != before:
			before = is
		default: // never narrower than the page: a window has a frame
			rect["width"] = max(width, rect["width"].(int)+width-is)
			before = 0
		}
		return fmt.Errorf("it is %d px wide", is)
	})
}
