package mdm_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"
	"howett.net/plist"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/settings"
)

const topic = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555"

// house is the room with what stands below it, real, and an upstairs that remembers what it was asked.
type house struct {
	t        testing.TB
	db       *db.DB
	clock    *dbtest.Clock
	pki      *pki.Authority
	apns     *apns.Client
	events   *event.Log
	settings *settings.Store
	upstairs *upstairs
	server   *mdm.Server
	mux      *http.ServeMux
	log      *bytes.Buffer
}

// each runs a test in a house on SQLite and, where there is a server, in one on PostgreSQL.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		clock := &dbtest.Clock{}
		test(t, newHouse(t, furnished(t, clock), clock, apns.Options{}))
	})
	if os.Getenv("TEST_DATABASE_URL") == "" {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		clock := &dbtest.Clock{}
		d := openAt(t, dbtest.Postgres(t), clock)
		if err := pki.Create(t.Context(), d, "Example"); err != nil {
			t.Fatal(err)
		}
		test(t, newHouse(t, d, clock, apns.Options{}))
	})
}

func openAt(t testing.TB, address string, clock *dbtest.Clock, options ...dbtest.Option) *db.DB {
	t.Helper()
	o := db.Options{Key: dbtest.Key, Now: clock.Now}
	for _, option := range options {
		option(&o)
	}
	d, err := db.Open(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

var authorities = dbtest.Template{Fill: func(ctx context.Context, d *db.DB) error { return pki.Create(ctx, d, "Example") }}

// furnished is a database with authorities.
func furnished(t testing.TB, clock *dbtest.Clock, options ...dbtest.Option) *db.DB {
	t.Helper()
	return authorities.Open(t, append(options, dbtest.At(clock))...)
}

func newHouse(t testing.TB, d *db.DB, clock *dbtest.Clock, o apns.Options) *house {
	t.Helper()
	h := &house{t: t, db: d, clock: clock, events: event.New(d), mux: http.NewServeMux(), log: &bytes.Buffer{}}
	h.settings = settings.Open(d, h.events)
	h.upstairs = &upstairs{grants: map[string]mdm.Grant{}}
	log := slog.New(slog.NewTextHandler(&locked{w: h.log}, nil))
	var err error
	if h.pki, err = pki.Open(t.Context(), d, h.events, log); err != nil {
		t.Fatal(err)
	}
	o.Log = log
	h.apns = apns.New(d, h.events, o)
	h.server = mdm.New(mdm.Config{
		DB: d, PKI: h.pki, APNS: h.apns, Events: h.events, Tokens: h.upstairs, Declarations: h.upstairs, Settings: h.settings,
		Log: log,
	})
	h.pki.Routes(h.mux)
	h.server.Routes(h.mux)
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

// upstairs stands for enroll and ddm, which this room calls and cannot import.
type upstairs struct {
	mu     sync.Mutex
	grants map[string]mdm.Grant // by token
	calls  []string
}

func (u *upstairs) call(format string, args ...any) {
	u.calls = append(u.calls, fmt.Sprintf(format, args...))
}

func (u *upstairs) Grant(_ *db.Tx, token string) (mdm.Grant, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.call("grant")
	g, ok := u.grants[token]
	if !ok {
		return g, mdm.ErrTokenUnknown
	}
	return g, nil
}

func (u *upstairs) Enrolling(_ *db.Tx, _, attempt, id string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.call("enrolling %s", attempt)
	for token, g := range u.grants {
		if g.Attempt == attempt {
			g.Enrollment = id
			u.grants[token] = g
		}
	}
	return nil
}

func (u *upstairs) Enrolled(_ *db.Tx, attempt, _ string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.call("enrolled %s", attempt)
	return nil
}

func (u *upstairs) SignInAgain(_ *db.Tx, _, id string) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.call("sign in again %s", id)
	return `Bearer method="apple-as-web", url="https://mdm.example.com/signin/again"`, nil
}

func (u *upstairs) Left(_ *db.Tx, id string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.call("left %s", id)
	return nil
}

func (u *upstairs) Forget(_ *db.Tx, id string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.call("forget %s", id)
	return nil
}

func (u *upstairs) Answer(_ *db.Tx, id, endpoint string, data []byte) (int, []byte, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.call("declare %s %s", endpoint, data)
	switch endpoint {
	case "tokens":
		return http.StatusOK, []byte(`{"SyncTokens":{}}`), nil
	case "status":
		return http.StatusOK, nil, nil
	}
	return http.StatusNotFound, nil, nil
}

// phone is one device, as far as this room sees it.
type phone struct {
	h           *house
	id          string
	attempt     string
	person      string
	token       string
	certificate *x509.Certificate
}

// deviceKey is every test phone's key: certificates differ, and keys take long to make.
var deviceKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var attempts struct {
	sync.Mutex
	n int
}

// phone is a device whose person has signed in and that has its certificate.
func (h *house) phone(person string) *phone {
	h.t.Helper()
	attempts.Lock()
	attempts.n++
	n := attempts.n
	attempts.Unlock()
	p := &phone{
		h: h, person: person, attempt: fmt.Sprintf("attempt-%d", n), token: fmt.Sprintf("token-%d", n),
		id: fmt.Sprintf("9A6B5C4D-0001-4E2F-8A3B-%012d", n),
	}
	h.upstairs.grants[p.token] = mdm.Grant{Attempt: p.attempt, Person: person, Name: "Anna Müller", ManagedAccount: person}
	p.certificate = h.certificate(pki.Subject{Attempt: p.attempt, Person: person})
	return p
}

// certificate goes through the SCEP door, as a phone does.
func (h *house) certificate(s pki.Subject) *x509.Certificate {
	h.t.Helper()
	var challenge pki.Challenge
	err := h.db.Update(h.t.Context(), func(tx *db.Tx) (err error) {
		challenge, err = h.pki.NewChallenge(tx, s, time.Hour)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	authorities, err := scep.CACerts(h.get("/scep?operation=GetCACert"))
	if err != nil {
		h.t.Fatal(err)
	}
	request := certificateRequest(h.t, string(challenge))
	message, err := scep.NewCSRRequest(request, &scep.PKIMessage{
		MessageType: scep.PKCSReq, Recipients: authorities[:1], SignerKey: deviceKey(), SignerCert: selfSigned(h.t),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/scep?operation=PKIOperation", bytes.NewReader(message.Raw)))
	reply, err := scep.ParsePKIMessage(w.Body.Bytes(), scep.WithCACerts(authorities))
	if err != nil {
		h.t.Fatalf("SCEP answer %d: %v", w.Code, err)
	}
	if err := reply.DecryptPKIEnvelope(selfSigned(h.t), deviceKey()); err != nil {
		h.t.Fatalf("SCEP answer: %v", err)
	}
	return reply.Certificate
}

func (h *house) get(path string) []byte {
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Body.Bytes()
}

var selfSignedOnce struct {
	sync.Once
	certificate *x509.Certificate
}

func selfSigned(t testing.TB) *x509.Certificate {
	selfSignedOnce.Do(func() {
		tmpl := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "phone"},
			NotBefore: time.Now().Add(-24 * 365 * time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, deviceKey().Public(), deviceKey())
		if err == nil {
			selfSignedOnce.certificate, err = x509.ParseCertificate(der)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return selfSignedOnce.certificate
}

// sign makes an Mdm-Signature.
func (p *phone) sign(body []byte) string {
	p.h.t.Helper()
	signed, err := pkcs7.NewSignedData(body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSigner(p.certificate, deviceKey(), pkcs7.SignerInfoConfig{}); err != nil {
		p.h.t.Fatal(err)
	}
	signed.Detach()
	der, err := signed.Finish()
	if err != nil {
		p.h.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// request is a signed message with the phone's token.
func (p *phone) request(path, mime string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPut, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", mime)
	r.Header.Set("Mdm-Signature", p.sign(body))
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	return r
}

func (h *house) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	return w
}

type dict = map[string]any

func encode(t testing.TB, d dict) []byte {
	t.Helper()
	b, err := plist.MarshalIndent(d, plist.XMLFormat, "\t")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkIn sends a message to the check-in address, with EnrollmentID and Topic filled in.
func (p *phone) checkIn(d dict) *httptest.ResponseRecorder {
	p.h.t.Helper()
	message := dict{"EnrollmentID": p.id, "Topic": topic}
	for k, v := range d {
		message[k] = v
	}
	return p.h.do(p.request("/mdm/checkin", "application/x-apple-aspen-mdm-checkin", encode(p.h.t, message)))
}

// answer sends a message to the command address.
func (p *phone) answer(d dict) *httptest.ResponseRecorder {
	p.h.t.Helper()
	message := dict{"EnrollmentID": p.id}
	for k, v := range d {
		message[k] = v
	}
	return p.h.do(p.request("/mdm", "application/x-apple-aspen-mdm; charset=UTF-8", encode(p.h.t, message)))
}

func (p *phone) authenticate() *httptest.ResponseRecorder {
	return p.checkIn(dict{"MessageType": "Authenticate", "OSVersion": "26.1", "BuildVersion": "23B85", "ProductName": "iPhone17,2"})
}

func (p *phone) updateToken() *httptest.ResponseRecorder {
	return p.checkIn(dict{"MessageType": "TokenUpdate", "Token": []byte("token of " + p.id), "PushMagic": "magic", "AwaitingConfiguration": false})
}

// enrolled is a phone that has gone all the way.
func (h *house) enrolled(person string) *phone {
	h.t.Helper()
	p := h.phone(person)
	p.ok(p.authenticate())
	p.ok(p.updateToken())
	return p
}

// command is what a phone is sent.
type command struct {
	CommandUUID string
	Command     dict
}

func (c command) requestType() string {
	s, _ := c.Command["RequestType"].(string)
	return s
}

// ok insists on a 200 and reads the command in it; the zero command if there is none.
func (p *phone) ok(w *httptest.ResponseRecorder) command {
	p.h.t.Helper()
	if w.Code != http.StatusOK {
		p.h.t.Fatalf("status %d, want 200; log:\n%s", w.Code, p.h.log)
	}
	var c command
	if w.Body.Len() > 0 {
		if _, err := plist.Unmarshal(w.Body.Bytes(), &c); err != nil {
			p.h.t.Fatalf("answer is no property list: %v\n%s", err, w.Body)
		}
	}
	return c
}

func (p *phone) idle() command {
	p.h.t.Helper()
	return p.ok(p.answer(dict{"Status": "Idle"}))
}

// drain acknowledges everything and says what it was asked.
func (p *phone) drain() []string {
	p.h.t.Helper()
	var asked []string
	for c := p.idle(); c.CommandUUID != ""; {
		asked = append(asked, c.requestType())
		c = p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": c.CommandUUID}))
	}
	return asked
}

// get reads the enrollment through the door.
func (p *phone) get() mdm.Enrollment {
	p.h.t.Helper()
	e, err := p.h.server.Get(p.h.t.Context(), p.id)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return e
}

// kinds lists the events about an enrollment.
func (h *house) kinds(id string) []event.Kind {
	h.t.Helper()
	list, err := h.events.List(h.t.Context(), event.Query{Enrollment: id})
	if err != nil {
		h.t.Fatal(err)
	}
	var kinds []event.Kind
	for _, e := range list {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// number asks the database.
func (h *house) number(query string, args ...any) int {
	h.t.Helper()
	var n int
	if err := h.db.View(h.t.Context(), func(tx *db.Tx) error { return tx.Row(query, args...).Scan(&n) }); err != nil {
		h.t.Fatal(err)
	}
	return n
}
