package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

const token = "correct-token"

// web serves the door to browsers.
func web(t *testing.T, a *API) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(a.Web(Site{
		Token: token, Hosts: []string{"gatehouse.example.org"},
		Screens: fstest.MapFS{
			"index.html":      {Data: []byte("<title>Gatehouse</title>")},
			"assets/app-1.js": {Data: []byte("1")},
		},
	}))
	t.Cleanup(s.Close)
	return s
}

func ask(t *testing.T, method, address string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	answer, err := new(http.Client).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func TestOnlyTheTokenOpensTheDoor(t *testing.T) {
	t.Parallel()
	s := web(t, empty(t))
	bearer := func(v string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", v) }
	}
	for name, c := range map[string]struct {
		method, path string
		change       func(*http.Request)
		want         int
	}{
		"right":              {"GET", "/api/version", bearer("Bearer " + token), 200},
		"in the address":     {"GET", "/api/version?token=" + token, nil, 200},
		"none":               {"GET", "/api/version", nil, 401},
		"wrong":              {"GET", "/api/version", bearer("Bearer correct-tokem"), 401},
		"empty":              {"GET", "/api/version", bearer("Bearer "), 401},
		"another scheme":     {"GET", "/api/version", bearer("Basic " + token), 401},
		"paper":              {"GET", "/api/openapi.json", nil, 401},
		"metrics":            {"GET", "/metrics", nil, 401},
		"metrics with":       {"GET", "/metrics", bearer("Bearer " + token), 200},
		"unknown":            {"GET", "/api/nothing", bearer("Bearer " + token), 404},
		"address and change": {"POST", "/api/wake?token=" + token, nil, 401},
		"screens":            {"GET", "/", nil, 200},
	} {
		answer, body := ask(t, c.method, s.URL+c.path, c.change)
		if answer.StatusCode != c.want {
			t.Errorf("%s: got %d %s, want %d", name, answer.StatusCode, body, c.want)
		}
	}
}

// Any web site can make a browser call a loopback address.
func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := web(t, empty(t))
	for name, c := range map[string]struct {
		method, host, origin, site string
		want                       int
	}{
		"own":             {"POST", "", "", "", 409},
		"own origin":      {"POST", "", s.URL, "same-origin", 409},
		"known name":      {"POST", "gatehouse.example.org:8444", "", "", 409},
		"localhost":       {"POST", "localhost:8444", "", "", 409},
		"rebound name":    {"GET", "evil.example", "", "", 403},
		"rebound change":  {"POST", "evil.example", "", "", 403},
		"foreign origin":  {"POST", "", "https://evil.example", "", 403},
		"foreign site":    {"POST", "", "", "cross-site", 403},
		"foreign subsite": {"POST", "", "", "same-site", 403},
	} {
		answer, body := ask(t, c.method, s.URL+"/api/wake", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+token)
			r.Body = io.NopCloser(strings.NewReader("{}"))
			if c.host != "" {
				r.Host = c.host
			}
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			if c.site != "" {
				r.Header.Set("Sec-Fetch-Site", c.site)
			}
		})
		if answer.StatusCode != c.want {
			t.Errorf("%s: got %d %s, want %d", name, answer.StatusCode, body, c.want)
		}
	}
}

func TestScreens(t *testing.T) {
	t.Parallel()
	s := web(t, empty(t))
	for path, want := range map[string]struct {
		status       int
		body, caches string
	}{
		"/":                    {200, "Gatehouse", "no-store"},
		"/enrollments/1":       {200, "Gatehouse", "no-store"}, // a place inside the screens
		"/index.html":          {200, "Gatehouse", "no-store"},
		"/assets/app-1.js":     {200, "1", "public, max-age=31536000, immutable"},
		"/assets/app-0.js":     {404, "", ""},
		"/../../../etc/passwd": {200, "Gatehouse", "no-store"},
	} {
		answer, body := ask(t, http.MethodGet, s.URL+path, nil)
		if answer.StatusCode != want.status || !strings.Contains(body, want.body) {
			t.Errorf("%s: got %d %q", path, answer.StatusCode, body)
		}
		if caches := answer.Header.Get("Cache-Control"); want.caches != "" && caches != want.caches {
			t.Errorf("%s: Cache-Control %q, want %q", path, caches, want.caches)
		}
		if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "http:") {
			t.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
	}
	if answer, _ := ask(t, http.MethodPost, s.URL+"/", nil); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /: got %d", answer.StatusCode)
	}
}

// call asks the handler in the process, as the window does.
func inProcess(t *testing.T, a *API, method, path string, body io.Reader) (int, Problem) {
	t.Helper()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequestWithContext(AsOperator(t.Context()), method, "/api"+path, body))
	var p Problem
	if w.Code >= 400 {
		if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s: content type %q", path, kind)
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatalf("%s: %v in %s", path, err, w.Body)
		}
	}
	if caches := w.Header().Get("Cache-Control"); caches != "no-store" {
		t.Errorf("%s: Cache-Control %q", path, caches)
	}
	return w.Code, p
}

func TestWhatIsWrongWithARequestIsSaid(t *testing.T) {
	t.Parallel()
	a := empty(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               Code
		field              string
	}{
		"not set up":        {"GET", "/enrollments", "", 409, NotSetUp, ""},
		"no JSON":           {"POST", "/setup", "{", 400, Invalid, "body"},
		"missing field":     {"POST", "/setup", `{"organization":"X","domains":["example.com"]}`, 422, Invalid, "body"},
		"unknown field":     {"POST", "/setup", `{"organization":"X","domains":["e.com"],"url":"https://e.com","x":1}`, 422, Invalid, "x"},
		"wrong value":       {"POST", "/setup", `{"organization":"X","domains":["e.com"],"url":"http://e.com"}`, 422, Invalid, "url"},
		"out of bounds":     {"GET", "/enrollments?limit=501", "", 422, Invalid, "limit"},
		"unknown parameter": {"GET", "/enrollments?limits=5", "", 422, Invalid, "limits"},
		"no such choice":    {"GET", "/enrollments?state=happy", "", 422, Invalid, "state"},
		"no time":           {"GET", "/events?since=yesterday", "", 422, Invalid, "since"},
		"too large":         {"POST", "/tls", `{"certificate":"` + strings.Repeat("x", maxBody), 413, TooLarge, ""},
		"no such path":      {"GET", "/enrolments", "", 404, NotFound, ""},
	} {
		status, p := inProcess(t, a, c.method, c.path, strings.NewReader(c.body))
		if status != c.status || p.Code != c.code || p.Status != status {
			t.Errorf("%s: got %d %+v, want %d %s", name, status, p, c.status, c.code)
			continue
		}
		if c.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != c.field) {
			t.Errorf("%s: got fields %+v, want %s", name, p.Errors, c.field)
		}
	}
}

// An unknown error has a reference, and the reference finds the log line; the answer tells nothing else.
func TestAFaultOfOursHasAReference(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := empty(t)
	a.Log = slog.New(slog.NewJSONHandler(&log, nil))
	p := a.problem(t.Context(), "get-x", errors.New("secret detail"))
	if p.Status != 500 || p.Code != Internal || p.Reference == "" || strings.Contains(p.Detail, "secret") {
		t.Errorf("got %+v", p)
	}
	if line := log.String(); !strings.Contains(line, p.Reference) || !strings.Contains(line, "secret detail") {
		t.Errorf("the log says %s", line)
	}
}

// In the window a panic would end the program.
func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	a := empty(t)
	h := a.recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/x", nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"internal"`) || strings.Contains(w.Body.String(), "oh") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestRefusalsHaveCodes(t *testing.T) {
	t.Parallel()
	for code, err := range map[Code]error{
		PersonExists: directory.ErrExists, PersonUnknown: directory.ErrUnknown, DiskFull: db.ErrFull, Busy: db.ErrBusy,
		TimedOut: context.DeadlineExceeded,
	} {
		if e := errorOf(errors.Join(errors.New("what was tried"), err)); e == nil || e.Code != code {
			t.Errorf("%v: got %+v, want %s", err, e, code)
		}
		if statuses[code] == 0 {
			t.Errorf("%s has no status", code)
		}
	}
	several := errors.Join(&settings.Invalid{Field: "url", Problem: "not_https"}, &settings.Invalid{Field: "language", Problem: "not_language"})
	if e := errorOf(several); e == nil || len(e.Fields) != 2 || e.Fields[1].Code != "not_language" {
		t.Errorf("several fields: got %+v", e)
	}
	if e := errorOf(errors.New("anything else")); e != nil {
		t.Errorf("an unknown error became %+v", e)
	}
}

func TestNewsComesAtOnce(t *testing.T) {
	t.Parallel()
	a := empty(t)
	ctx := AsOperator(t.Context())
	began := time.Now()
	if quiet, err := a.News(ctx, &NewsIn{After: 0, Wait: 0}); err != nil || quiet.Changed {
		t.Fatalf("nothing happened: got %+v, %v", quiet, err)
	}
	answer := make(chan *News, 1)
	go func() {
		news, err := a.News(ctx, &NewsIn{After: 0, Wait: 20})
		if err != nil {
			t.Error(err)
		}
		answer <- news
	}()
	err := a.DB.Update(ctx, func(tx *db.Tx) error { return a.Config.Events.Add(tx, event.Event{Kind: "test.happened"}) })
	if err != nil {
		t.Fatal(err)
	}
	if news := <-answer; news == nil || !news.Changed || news.Latest == 0 {
		t.Errorf("got %+v", news)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("news took %s", took)
	}
	list, err := a.Events(ctx, &EventsIn{Limit: 10})
	if err != nil || len(list.Events) != 1 || list.Events[0].Actor != "admin" {
		t.Errorf("events: got %+v, %v", list, err)
	}
}

// Nobody waits for a server that stops.
func TestNewsEndsWithTheServer(t *testing.T) {
	t.Parallel()
	a := empty(t)
	time.AfterFunc(50*time.Millisecond, a.stop)
	began := time.Now()
	if _, err := a.News(AsOperator(t.Context()), &NewsIn{Wait: 25}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("waited %s", took)
	}
}
