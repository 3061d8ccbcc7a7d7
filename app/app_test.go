package app

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/frontend"
)

var silent = slog.New(slog.DiscardHandler)

// ask sends a request through a handler, as the page would.
func ask(t *testing.T, h http.Handler, method, target, body string) (int, map[string]any) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, target, strings.NewReader(body)))
	var v map[string]any
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
			t.Fatalf("%s %s answers %q, want JSON: %v", method, target, rec.Body, err)
		}
	}
	return rec.Code, v
}

func TestAttachedWindowForwardsWithTheTokenOfTheServer(t *testing.T) {
	t.Parallel()
	var seen *http.Request
	var body string
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen, body = r, string(b)
		w.WriteHeader(http.StatusTeapot)
		w.Write([]byte(`{"from":"there"}`))
	}))
	defer there.Close()
	h := forward(backend.Running{Admin: there.URL, Token: "sesame"}, silent)
	r := httptest.NewRequest(http.MethodPost, "wails://wails/api/people?x=1", strings.NewReader("anna"))
	r.Header.Set("Origin", "wails://wails")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if rec.Code != http.StatusTeapot || rec.Body.String() != `{"from":"there"}` {
		t.Errorf("got %d %s, want the server's own answer", rec.Code, rec.Body)
	}
	if seen.URL.String() != "/api/people?x=1" || body != "anna" || seen.Method != http.MethodPost {
		t.Errorf("the server saw %s %s %q", seen.Method, seen.URL, body)
	}
	if got := seen.Header.Get("Authorization"); got != "Bearer sesame" {
		t.Errorf("the server saw the authorization %q", got)
	}
	if seen.Header.Get("Origin") != "" || seen.Header.Get("Sec-Fetch-Site") != "" {
		t.Error("the server saw the window's origin, which it must refuse")
	}
	if !strings.HasPrefix(there.URL, "http://"+seen.Host) {
		t.Errorf("the server saw the host %q", seen.Host)
	}

	there.Close()
	if code, v := ask(t, h, http.MethodGet, "/api/people", ""); code != http.StatusServiceUnavailable || v["code"] != "unreachable" {
		t.Errorf("a server that has gone: got %d %v, want 503 unreachable", code, v)
	}
}

func TestOnlyALivingServerIsAttachedTo(t *testing.T) {
	t.Parallel()
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sesame" {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer there.Close()
	for _, c := range []struct {
		about   string
		running backend.Running
		want    bool
	}{
		{"it answers", backend.Running{Admin: there.URL, Token: "sesame"}, true},
		{"another has its port", backend.Running{Admin: there.URL, Token: "old"}, false},
		{"it was killed", backend.Running{Admin: "http://127.0.0.1:1", Token: "sesame"}, false},
		{"it is starting", backend.Running{}, false},
	} {
		if got := alive(t.Context(), c.running); got != c.want {
			t.Errorf("%s: alive says %v", c.about, got)
		}
	}
}

func newWindow(t *testing.T) *window {
	t.Helper()
	return &window{data: t.TempDir(), log: silent, memory: recall(t.TempDir(), silent)}
}

func TestDoorOfThePage(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	w.server = &server{attached: true, api: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/panic" {
			panic("a bug")
		}
		answer(rw, map[string]any{"api": r.URL.Path})
	})}
	h := w.door(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { answer(rw, map[string]any{"screen": r.URL.Path}) }))
	for _, c := range []struct {
		method, target, body string
		code                 int
		key                  string
		want                 any
	}{
		{"GET", "/api/overview", "", 200, "api", "/api/overview"},
		{"GET", "/api/panic", "", 500, "code", "internal"},
		{"GET", "/index.html", "", 200, "screen", "/index.html"},
		{"GET", "/shell", "", 200, "attached", true},
		{"GET", "/shell/unknown", "", 404, "code", "not_found"},
		{"POST", "/shell/open", `{"url":"file:///etc/passwd"}`, 400, "code", "not_an_address"},
		{"POST", "/shell/open", `{"url":"javascript:alert(1)"}`, 400, "code", "not_an_address"},
		{"POST", "/shell/open", `nonsense`, 400, "code", "malformed"},
		{"POST", "/shell/open", `{"url":"` + strings.Repeat("x", maxMessage) + `"}`, 400, "code", "malformed"},
		{"POST", "/shell/reveal", `{"file":"/etc/passwd"}`, 404, "code", "not_found"},
		{"PUT", "/shell/page", `{"language":"en","dark":true}`, 204, "", nil},
	} {
		code, v := ask(t, h, c.method, c.target, c.body)
		if code != c.code || v[c.key] != c.want {
			t.Errorf("%s %s: got %d %v, want %d with %s %v", c.method, c.target, code, v, c.code, c.key, c.want)
		}
	}
	if !w.memory.look().Dark {
		t.Error("the window forgot that the page is dark")
	}
	w.server = nil
	if code, v := ask(t, h, "GET", "/api/overview", ""); code != http.StatusServiceUnavailable || v["code"] != "unreachable" {
		t.Errorf("without a server: got %d %v", code, v)
	}
}

// broken is the pipe to a page that went elsewhere.
type broken struct{ http.ResponseWriter }

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestPageThatStopsListening(t *testing.T) {
	t.Parallel()
	w := newWindow(t)
	var told error
	w.server = &server{api: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, err := rw.Write([]byte("{}")); err != nil {
			t.Errorf("the handler saw the broken pipe: %v", err)
		}
		told = r.Context().Err()
	})}
	h := w.door(http.NotFoundHandler())
	h.ServeHTTP(broken{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/api/overview", nil))
	if told == nil {
		t.Error("the handler was not told that nobody listens any more")
	}
}

func TestWindowRemembers(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first := recall(data, silent)
	if at := first.look(); at.Width < minWidth || at.Height < minHeight || at.Told || at.Language != "en" {
		t.Errorf("a first window starts with %+v", at)
	}
	first.change(func(l *look) { l.Width, l.Height, l.Told, l.Language = 1000, 700, true, "de" })
	if got, want := recall(data, silent).look(), first.look(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, content := range []string{"", "{", `{"width":"wide"}`, `{"width":1,"height":-5}`} {
		if err := os.WriteFile(filepath.Join(data, "window.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if at := recall(data, silent).look(); at.Width < minWidth || at.Height < minHeight {
			t.Errorf("from %q the window got %d x %d", content, at.Width, at.Height)
		}
	}
}

func TestNativeWords(t *testing.T) {
	t.Parallel()
	w, err := readWords(fstest.MapFS{
		"en.json": {Data: []byte(`{"shell.quit":"Quit","shell.only":"Only English","phones":{"one":"1 phone","other":"phones"}}`)},
		"de.json": {Data: []byte(`{"shell.quit":"Beenden"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{
		{"de", "shell.quit", "Beenden"},
		{"de-AT", "shell.quit", "Beenden"},
		{"de", "shell.only", "Only English"},
		{"fr", "shell.quit", "Quit"},
		{"en", "phones", "phones"},
	} {
		if got := w.in(c[0], c[1]); got != c[2] {
			t.Errorf("%s in %s: got %q, want %q", c[1], c[0], got, c[2])
		}
	}
}

// Every sentence that the window says is in every catalogue of the screens.
func TestNoNativeWordIsMissing(t *testing.T) {
	t.Parallel()
	w, err := readWords(frontend.Words())
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{
		"shell.about", "shell.cancel", "shell.cannot_start", "shell.cannot_start.title", "shell.goes_on", "shell.goes_on.title",
		"shell.menu.close", "shell.menu.data", "shell.menu.file", "shell.menu.log", "shell.menu.quit",
		"shell.quit", "shell.quit.title", "shell.quit.yes", "shell.stopped", "shell.stopped.title", "shell.stopped.yes",
	}
	for language, sentences := range w {
		for _, key := range keys {
			if sentences[key] == "" {
				t.Errorf("%s.json has no %s", language, key)
			}
		}
	}
	if len(w) < 2 {
		t.Errorf("got %d languages, want English and German at least", len(w))
	}
}
