package portal_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/portal"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

const (
	anna     = "anna@nordlicht.example"
	password = "Über-den-Wolken-7"
)

// house is the site with the rooms that it stands on, and one person, anna.
type house struct {
	t         testing.TB
	mux       *http.ServeMux
	db        *db.DB
	clock     *dbtest.Clock
	settings  *settings.Store
	directory *directory.Directory
	enroll    *enroll.Server
	events    *event.Log
	text      *text.Store
	site      *portal.Site
	log       *bytes.Buffer
}

// houses has the house of each test.
var houses sync.Map

func houseOf(t *testing.T) *house {
	t.Helper()
	h, ok := houses.Load(t)
	if !ok {
		t.Fatal("the test has no house")
	}
	return h.(*house)
}

var authorities = dbtest.Template{Fill: func(ctx context.Context, d *db.DB) error { return pki.Create(ctx, d, "Nordlicht GmbH") }}

func build(t testing.TB) *house {
	t.Helper()
	clock := &dbtest.Clock{}
	h := &house{t: t, mux: http.NewServeMux(), db: authorities.Open(t, dbtest.At(clock)), clock: clock, log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(&locked{w: h.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.events = event.New(h.db)
	h.settings = settings.Open(h.db, h.events)
	h.set(func(s *settings.Settings) {
		s.Organization = settings.Organization{
			Name: "Nordlicht GmbH", ShortName: "Nordlicht", SupportName: "IT Help", SupportPhone: "+49 30 555 0100",
			SupportEmail: "it@nordlicht.example", SupportHours: "Mo–Fr 8–17",
		}
		s.URL, s.Domains = "https://mdm.nordlicht.example", []string{"nordlicht.example"}
	})
	h.directory = directory.New(h.db, h.settings, h.events, log)
	if _, err := h.directory.Add(t.Context(), directory.NewPerson{Identifier: anna, Name: "Anna Berg", Password: password}); err != nil {
		t.Fatal(err)
	}

	authority, err := pki.Open(t.Context(), h.db, h.events, log)
	if err != nil {
		t.Fatal(err)
	}
	push := apns.New(h.db, h.events, apns.Options{Log: log})
	bundle, err := apns.Parse(pushCertificate(t, clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := push.Import(t.Context(), bundle, "it@nordlicht.example", false); err != nil {
		t.Fatal(err)
	}
	words, err := text.Open(h.db, h.events)
	if err != nil {
		t.Fatal(err)
	}
	h.enroll = enroll.New(enroll.Config{
		DB: h.db, PKI: authority, APNS: push, Events: h.events, Settings: h.settings, Text: words, Log: log,
	})
	h.enroll.Routes(h.mux)
	h.site = portal.New(portal.Config{
		DB: h.db, Enroll: h.enroll, Directory: h.directory, Settings: h.settings, Events: h.events, Text: words, Log: log,
	})
	h.site.Routes(h.mux)
	h.text = words
	houses.Store(t, h)
	return h
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (h *house) set(fn func(*settings.Settings)) {
	h.t.Helper()
	if err := h.settings.Change(h.t.Context(), true, func(s *settings.Settings) error { fn(s); return nil }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	return w
}

// knock is what a phone does first. It gives the path of the sign-in page.
func (h *house) knock(language, product string) string {
	h.t.Helper()
	body := machineInfo(h.t, language, product)
	w := h.serve(httptest.NewRequestWithContext(h.t.Context(), http.MethodPost, "/enroll", bytes.NewReader(body)))
	_, address, ok := strings.Cut(w.Header().Get("WWW-Authenticate"), `url="`)
	if w.Code != http.StatusUnauthorized || !ok {
		h.t.Fatalf("knock: got %d with %q", w.Code, w.Header().Get("WWW-Authenticate"))
	}
	u, err := url.Parse(strings.TrimSuffix(address, `"`))
	if err != nil {
		h.t.Fatal(err)
	}
	return u.Path
}

func (h *house) get(path string, query url.Values) *httptest.ResponseRecorder {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return h.serve(httptest.NewRequestWithContext(h.t.Context(), http.MethodGet, path, nil))
}

func (h *house) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(h.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.serve(r)
}

func (h *house) signIn(path, identifier, password string) *httptest.ResponseRecorder {
	return h.post(path, url.Values{"identifier": {identifier}, "password": {password}})
}

// attempt is what the administrator sees of the attempt behind a path.
func (h *house) attempt(path string) enroll.Attempt {
	h.t.Helper()
	a, err := h.enroll.Session(h.t.Context(), strings.TrimPrefix(path, enroll.SignInPath))
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

var device = sync.OnceValues(func() (*x509.Certificate, *rsa.PrivateKey) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return certify(&key.PublicKey, key, pkix.Name{CommonName: "a device"}, time.Now().Add(-time.Hour)), key
})

func certify(public, key any, name pkix.Name, from time.Time) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: name, NotBefore: from, NotAfter: from.AddDate(1, 0, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

func machineInfo(t testing.TB, language, product string) []byte {
	t.Helper()
	message, err := pkcs7.NewSignedData([]byte(`<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict><key>LANGUAGE</key><string>` + language + `</string><key>PRODUCT</key><string>` + product +
		`</string><key>VERSION</key><string>22C161</string></dict></plist>`))
	if err != nil {
		t.Fatal(err)
	}
	message.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	certificate, key := device()
	if err := message.AddSigner(certificate, key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	body, err := message.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func pushCertificate(t testing.TB, now time.Time) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	userID := asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	c := certify(&key.PublicKey, key, pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
		{Type: userID, Value: "com.apple.mgmt.External.5ad4b7a8-0000-4000-8000-1234567890ab"},
	}}, now.Add(-time.Hour))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
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

// request sends a form as it is.
func request(ctx context.Context, method, path, form string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
