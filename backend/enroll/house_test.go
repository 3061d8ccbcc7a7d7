package enroll_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
	"example.org/gatehouse/backend/text"
)

const topic = "com.apple.mgmt.External.3b0c8f0e-0000-4000-8000-1234567890ab"

// house is the room with everything it stands on.
type house struct {
	*enroll.Server
	t        testing.TB
	db       *db.DB
	settings *settings.Store
	events   *event.Log
	pki      *pki.Authority
	mux      *http.ServeMux
	log      *lines
	device   *sim.DeviceIdentity
}

// lines is a log that a test can read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// devices is the authority of the test's phones. Making it once keeps the tests quick.
var devices = sync.OnceValues(func() (*sim.DeviceAuthority, error) { return sim.NewDeviceAuthority(7) })

var pushCertificate = sync.OnceValues(func() (apns.Bundle, error) {
	service, err := sim.NewAPNs(sim.APNsOptions{})
	if err != nil {
		return apns.Bundle{}, err
	}
	defer service.Close()
	certificate, key, err := service.NewPushCertificate(topic, time.Now().AddDate(1, 0, 0))
	if err != nil {
		return apns.Bundle{}, err
	}
	return apns.Parse(certificate, key)
})

// open furnishes the room: set up, with a push certificate, for the domain example.org.
func open(t testing.TB, d *db.DB) *house {
	t.Helper()
	h := unset(t, d)
	h.change(func(s *settings.Settings) {
		s.Organization = settings.Organization{Name: "Nordlicht GmbH", ShortName: "Nordlicht", SupportName: "IT Help"}
		s.URL = "https://mdm.example.org:8443"
		s.Domains = []string{"example.org", "xn--mller-kva.example"}
	})
	bundle, err := pushCertificate()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.APNS.Import(t.Context(), bundle, "it@example.org", false); err != nil {
		t.Fatal(err)
	}
	return h
}

// unset is the room before anything is set.
func unset(t testing.TB, d *db.DB) *house {
	t.Helper()
	log := &lines{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	events := event.New(d)
	if err := pki.Create(t.Context(), d, "Nordlicht"); err != nil {
		t.Fatal(err)
	}
	authority, err := pki.Open(t.Context(), d, events, logger)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := text.Open(d, events)
	if err != nil {
		t.Fatal(err)
	}
	makers, err := devices()
	if err != nil {
		t.Fatal(err)
	}
	device, err := makers.Issue()
	if err != nil {
		t.Fatal(err)
	}
	store := settings.Open(d, events)
	h := &house{
		t: t, db: d, settings: store, events: events, pki: authority, mux: http.NewServeMux(), log: log, device: device,
		Server: enroll.New(enroll.Config{
			DB: d, PKI: authority, APNS: apns.New(d, events, apns.Options{Log: logger}), Events: events, Settings: store, Text: catalog, Log: logger,
			Directory: directory.New(d, store, events, logger),
			Anchors:   []*x509.Certificate{makers.Certificate()},
		}),
	}
	h.Routes(h.mux)
	return h
}

func (h *house) change(fn func(*settings.Settings)) {
	h.t.Helper()
	err := h.settings.Change(h.t.Context(), true, func(s *settings.Settings) error {
		fn(s)
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// do sends a request, as from another computer.
func (h *house) do(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	return w.Result()
}

// machineInfo is what a German iPhone says about itself.
const machineInfo = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>LANGUAGE</key><string>de</string>
<key>PRODUCT</key><string>iPhone17,2</string>
<key>VERSION</key><string>22C161</string>
</dict></plist>`

// signed is content under the signature of a device.
func (h *house) signed(device *sim.DeviceIdentity, content string) []byte {
	h.t.Helper()
	b, err := device.Sign([]byte(content))
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

// post sends an enrollment request with a token, or without one if it is empty.
func (h *house) post(body []byte, token string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, "/enroll", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded") // as iOS 15 says
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return h.do(r)
}

// knock is the first request of a good phone; it returns the session.
func (h *house) knock() string {
	h.t.Helper()
	return h.session(h.post(h.signed(h.device, machineInfo), ""))
}

// session takes the session out of a challenge, which must be exactly as Apple prints it.
func (h *house) session(answer *http.Response) string {
	h.t.Helper()
	if answer.StatusCode != http.StatusUnauthorized {
		h.t.Fatalf("enrollment request: got %d, want 401; log:\n%s", answer.StatusCode, h.log)
	}
	if got := answer.Header.Get("Content-Length"); got != "0" {
		h.t.Errorf("Content-Length of the challenge: got %q, want 0", got)
	}
	return h.sessionIn(answer.Header.Get("WWW-Authenticate"))
}

func (h *house) sessionIn(challenge string) string {
	h.t.Helper()
	rest, ok := strings.CutPrefix(challenge, `Bearer method="apple-as-web", url="`)
	address, ok2 := strings.CutSuffix(rest, `"`)
	u, err := url.Parse(address)
	if !ok || !ok2 || err != nil || u.RawQuery != "" || u.Scheme != "https" || u.Host != "mdm.example.org:8443" {
		h.t.Fatalf("challenge %q is not what a phone wants", challenge)
	}
	session, ok := strings.CutPrefix(u.Path, "/signin/")
	if !ok || len(session) != 43 {
		h.t.Fatalf("challenge url %q has no session in its path", u.Path)
	}
	return session
}

var anna = directory.Person{Identifier: "anna@example.org", Name: "Anna Lind", Source: directory.FromLocal}

// through is a person who signs in and goes through the pages without a word.
func (h *house) through(session string, p directory.Person) (enroll.AccessToken, error) {
	h.t.Helper()
	next, _, err := h.SignIn(h.t.Context(), session, p)
	if err != nil {
		return "", err
	}
	return h.Grant(h.t.Context(), next)
}

// signedIn is a phone whose person has just signed in.
func (h *house) signedIn() (session, token string) {
	h.t.Helper()
	session = h.knock()
	t, err := h.through(session, anna)
	if err != nil {
		h.t.Fatal(err)
	}
	return session, string(t)
}

// attempts lists all attempts, the newest first.
func (h *house) attempts() []enroll.Attempt {
	h.t.Helper()
	list, err := h.Attempts(h.t.Context(), enroll.AttemptQuery{})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// kinds lists what happened.
func (h *house) kinds() string {
	h.t.Helper()
	list, err := h.events.List(context.Background(), event.Query{})
	if err != nil {
		h.t.Fatal(err)
	}
	var kinds []string
	for _, e := range list {
		if strings.HasPrefix(string(e.Kind), "attempt.") {
			kinds = append(kinds, strings.TrimPrefix(string(e.Kind), "attempt."))
		}
	}
	return strings.Join(kinds, " ")
}

func (h *house) count(table string) int {
	h.t.Helper()
	return h.number(fmt.Sprintf(`SELECT COUNT(*) FROM %s`, table))
}

// number asks the database.
func (h *house) number(query string) (n int) {
	h.t.Helper()
	err := h.db.View(h.t.Context(), func(tx *db.Tx) error { return tx.Row(query).Scan(&n) })
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// each runs a test on a furnished room, on each database, each with a clock of its own.
func each(t *testing.T, test func(t *testing.T, h *house, clock *dbtest.Clock)) {
	t.Helper()
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { test(t, open(t, d), clock) })
}
