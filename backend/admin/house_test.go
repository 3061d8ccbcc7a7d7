package admin_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend"
	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/sim"
)

const (
	anna     = "anna@example.com"
	password = "correct-horse-7"
	topic    = "com.apple.mgmt.External.11111111-2222-4333-8444-555555555555"
)

// house is a whole server that runs.
type house struct {
	*backend.Backend
	t      *testing.T
	door   http.Handler
	push   *sim.APNs
	device *sim.DeviceAuthority
}

// each runs the test on a server with each database.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, serve(t, ""))
	})
	if os.Getenv("TEST_DATABASE_URL") == "" {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, serve(t, dbtest.Postgres(t)))
	})
}

func serve(t *testing.T, database string) *house {
	t.Helper()
	push, err := sim.NewAPNs(sim.APNsOptions{})
	must(t, err)
	t.Cleanup(func() { must(t, push.Close()) })
	device, err := sim.NewDeviceAuthority(1)
	must(t, err)
	data := t.TempDir()
	if database == "" {
		dbtest.Write(t, filepath.Join(data, "gatehouse.db"))
	}
	b, err := backend.Open(t.Context(), backend.Config{
		Data: data, Database: database, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Key: dbtest.Key,
		Log: slog.New(slog.DiscardHandler), Anchors: []*x509.Certificate{device.Certificate()},
		PushURL: push.URL(), PushRoots: push.Roots(), Version: "1.2.3", Commit: "abc",
	})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-ended)
		must(t, b.Close())
	})
	<-b.Ready()
	return &house{Backend: b, t: t, door: b.API().Handler(), push: push, device: device}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask goes through the door as the window does. The answer must not have null where a list is promised.
func (h *house) ask(method, path, body string, out any) (int, admin.Problem) {
	h.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(admin.AsOperator(h.t.Context()), method, "/api"+path, content)
	h.door.ServeHTTP(w, r)
	var problem admin.Problem
	if w.Code >= http.StatusBadRequest {
		must(h.t, json.Unmarshal(w.Body.Bytes(), &problem))
		return w.Code, problem
	}
	if bytes.Contains(w.Body.Bytes(), []byte(":null")) {
		h.t.Errorf("%s %s: null in %s", method, path, w.Body)
	}
	if out != nil {
		must(h.t, json.Unmarshal(w.Body.Bytes(), out))
	}
	return w.Code, problem
}

// want is ask for what must work.
func (h *house) want(method, path, body string, out any) {
	h.t.Helper()
	if status, problem := h.ask(method, path, body, out); status != http.StatusOK {
		h.t.Fatalf("%s %s: got %d %+v", method, path, status, problem)
	}
}

// refused is ask for what must not work.
func (h *house) refused(method, path, body string, code admin.Code) admin.Problem {
	h.t.Helper()
	status, problem := h.ask(method, path, body, nil)
	if problem.Code != code {
		h.t.Fatalf("%s %s: got %d %+v, want %s", method, path, status, problem, code)
	}
	return problem
}

// setUp answers the first questions and waits until phones are served.
func (h *house) setUp() {
	h.t.Helper()
	h.want("POST", "/setup", `{"organization":"Example Inc.","domains":["example.com"],"url":"https://mdm.example.com"}`, nil)
	for end := time.Now().Add(10 * time.Second); h.PublicAddr() == ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatal("phones are not served")
		}
	}
	h.want("POST", "/push-certificate", h.pushBody(topic), nil)
	h.want("POST", "/people", `{"identifier":"`+anna+`","name":"Anna Ruiz","password":"`+password+`"}`, nil)
}

func (h *house) pushBody(topic string) string {
	h.t.Helper()
	certificate, key, err := h.push.NewPushCertificate(topic, time.Now().AddDate(1, 0, 0))
	must(h.t, err)
	b, err := json.Marshal(map[string]string{"certificate": string(certificate), "key": string(key), "account": "it@example.com"})
	must(h.t, err)
	return string(b)
}

// phone is an iPhone in somebody's hand.
func (h *house) phone() *sim.Phone {
	h.t.Helper()
	var anchor admin.TrustAnchor
	h.want("GET", "/trust-anchor", "", &anchor)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(anchor.PEM))
	device, err := h.device.Issue()
	must(h.t, err)
	p := sim.NewPhone(sim.PhoneOptions{Roots: roots, Dial: sim.DialTo(h.PublicAddr()), Device: device, Name: "Anna's iPhone", Push: h.push})
	h.t.Cleanup(p.Close)
	return p
}

// metrics asks the admin listener, as Prometheus does.
func (h *house) metrics() string {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, "http://"+h.AdminAddr()+"/metrics", nil)
	must(h.t, err)
	r.Header.Set("Authorization", "Bearer "+h.Token())
	answer, err := new(http.Client).Do(r)
	must(h.t, err)
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	must(h.t, err)
	if answer.StatusCode != http.StatusOK {
		h.t.Fatalf("metrics: %d %s", answer.StatusCode, b)
	}
	return string(b)
}
