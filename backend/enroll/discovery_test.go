package enroll_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/settings"
)

const wellKnown = "/.well-known/com.apple.remotemanagement"

func (h *house) discover(host, query, language string) (*http.Response, string) {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodGet, wellKnown, nil)
	r.Host, r.URL.RawQuery = host, query
	if language != "" {
		r.Header.Set("Accept-Language", language)
	}
	answer := h.do(r)
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer, string(body)
}

func TestDiscoveryLeadsHereWhateverTheHost(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	const want = `{"Servers":[{"Version":"mdm-byod","BaseURL":"https://mdm.example.org:8443/enroll"}]}`
	for _, host := range []string{"example.org", "mdm.example.org:8443", "anything.test", "127.0.0.1"} {
		for _, query := range []string{
			"user-identifier=anna%40example.org&model-family=iPhone",
			"user-identifier=anna@example.org&model-family=iPad",
			"user-identifier=anna@EXAMPLE.org.",
			"user-identifier=anna+work@example.org", // phones leave the plus sign as it is
			"user-identifier=anna@M%C3%BCller.example&model-family=RealityDevice",
			"user-identifier=anna@example.org&user-identifier=mallory@elsewhere.test",
			"model-family=iPhone",
			"", // the redirect of a web host lost the query
		} {
			answer, body := h.discover(host, query, "")
			if answer.StatusCode != http.StatusOK || body != want {
				t.Errorf("%s ?%s: got %d %s, want 200 %s", host, query, answer.StatusCode, body, want)
			}
			if got := answer.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("%s: Content-Type %q, want exactly application/json", host, got)
			}
		}
	}
	if n := h.count("attempts"); n != 0 {
		t.Errorf("discovery left %d attempts behind", n)
	}
}

func TestDiscoveryRefusesInThePersonsWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query   string
		setting func(*settings.Settings)
		english string
		german  string
	}{
		"unknown domain": {
			query: "user-identifier=anna@elsewhere.test&model-family=iPhone", english: "cannot be used here", german: "nicht",
		},
		"kind": {query: "user-identifier=anna@example.org&model-family=Mac", english: "kind of device", german: "Gerät"},
		"kind without a name": {
			query: "model-family=Toaster", english: "kind of device", german: "Gerät",
		},
		"closed": {
			query: "user-identifier=anna@example.org", setting: func(s *settings.Settings) { s.Enrollment.Open = false },
			english: "closed", german: "geschlossen",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, dbtest.Open(t))
			if c.setting != nil {
				h.change(c.setting)
			}
			for language, want := range map[string]string{"en-US,en;q=0.9": c.english, "de-CH": c.german, "": c.english} {
				answer, body := h.discover("example.org", c.query, language)
				message := refusedBy(t, answer, body)
				if !strings.Contains(message, want) {
					t.Errorf("message in %q: got %q, want something with %q", language, message, want)
				}
				if strings.Contains(message, "{{") {
					t.Errorf("message has an unfilled variable: %q", message)
				}
			}
			if !strings.Contains(h.log.String(), "discovery refused") {
				t.Errorf("the log says nothing of the refusal")
			}
		})
	}
}

// refusedBy checks that an answer is Apple's refusal, and returns what the person reads.
func refusedBy(t *testing.T, answer *http.Response, body string) string {
	t.Helper()
	var document struct{ Code, Message, Description string }
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		t.Fatalf("refusal %d %q: %v", answer.StatusCode, body, err)
	}
	if answer.StatusCode != http.StatusForbidden || document.Code != "com.apple.well-known.failed" || document.Message == "" {
		t.Errorf("got %d %s, want 403 com.apple.well-known.failed with a message", answer.StatusCode, body)
	}
	if got := answer.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q, want application/json", got)
	}
	return document.Message
}

func TestDiscoveryIsNotReadyWithoutPushCertificateOrAddress(t *testing.T) {
	t.Parallel()
	h := unset(t, dbtest.Open(t))
	for _, step := range []string{"nothing set", "no push certificate"} {
		answer, body := h.discover("example.org", "user-identifier=anna@example.org", "")
		if message := refusedBy(t, answer, body); !strings.Contains(message, "not ready") {
			t.Errorf("%s: got %q, want the words of n.not_ready", step, message)
		}
		h.change(func(s *settings.Settings) {
			s.Organization.Name, s.URL, s.Domains = "Nordlicht", "https://mdm.example.org", []string{"example.org"}
		})
	}
}

// hostile are queries that nobody sends in earnest.
var hostile = []string{
	"user-identifier=" + strings.Repeat("a", 5000) + "@example.org",
	"user-identifier=" + strings.Repeat("a", 65) + "@example.org",
	"user-identifier=anna%00@example.org",
	"user-identifier=anna@example.org%00",
	"user-identifier=%zz",
	"user-identifier=anna@example.org;model-family=iPhone",
	"user-identifier=*)(uid=*@example.org",
	"user-identifier=%3Cscript%3Ealert(1)%3C/script%3E@example.org",
	"user-identifier=anna@bert@example.org",
	"user-identifier=@example.org",
	"user-identifier=anna@",
	"user-identifier=anna",
	"user-identifier=%FF%FE@example.org",
	"user-identifier=anna@example.org%0d%0aSet-Cookie:%20a=b",
	"user-identifier=%E2%80%AEgro.elpmaxe@anna",
}

func TestDiscoverySurvivesHostileQueries(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	for _, query := range hostile {
		answer, body := h.discover("example.org", query, "en")
		if message := refusedBy(t, answer, body); !strings.Contains(message, "cannot be used here") {
			t.Errorf("?%.60s: got %q, want the words of n.domain", query, message)
		}
	}
}

func TestDiscoveryHasNoOtherMethods(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Open(t))
	if got := h.do(httptest.NewRequest(http.MethodPost, wellKnown, nil)).StatusCode; got != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d, want 405", got)
	}
	if got := h.do(httptest.NewRequest(http.MethodGet, wellKnown+"/", nil)).StatusCode; got != http.StatusOK {
		t.Errorf("GET with a slash at the end: got %d, want 200", got)
	}
}

func FuzzDiscoveryQuery(f *testing.F) {
	for _, query := range hostile {
		f.Add(query)
	}
	f.Add("user-identifier=anna%40example.org&model-family=iPhone")
	f.Add("user-identifier=a&user-identifier=b&&&=&%")
	h := open(f, dbtest.Open(f))
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, wellKnown, nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.mux.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusForbidden {
			t.Fatalf("?%q: got %d, want 200 or 403", query, w.Code)
		}
		if w.Code == http.StatusForbidden {
			refusedBy(t, w.Result(), w.Body.String())
			return
		}
		values, err := url.ParseQuery(query)
		if id := values.Get("user-identifier"); err != nil || (id != "" && !strings.Contains(strings.ToLower(id), "@")) {
			t.Fatalf("?%q was let in", query)
		}
	})
}
