package oracle

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"
	"github.com/smallstep/scep/x509util"
	"howett.net/plist"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/pki"
)

const topic = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555"

type dict = map[string]any

// house is our core on a fresh database.
type house struct {
	t      *testing.T
	db     *db.DB
	pki    *pki.Authority
	mux    *http.ServeMux
	key    *rsa.PrivateKey
	self   *x509.Certificate
	grants tokens
	issuer *x509.Certificate
	issues map[string]bool // certificates by their bytes
	uuid   string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "gatehouse.db"), db.Options{Key: []byte("0123456789abcdef0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	h := &house{t: t, db: d, mux: http.NewServeMux(), grants: tokens{}, issues: map[string]bool{}}
	if err := pki.Create(t.Context(), d, "Example"); err != nil {
		t.Fatal(err)
	}
	events, quiet := event.New(d), slog.New(slog.DiscardHandler)
	if h.pki, err = pki.Open(t.Context(), d, events, quiet); err != nil {
		t.Fatal(err)
	}
	server := mdm.New(mdm.Config{
		DB: d, PKI: h.pki, APNS: apns.New(d, events, apns.Options{}), Events: events, Tokens: h.grants, Declarations: declarations{}, Log: quiet,
	})
	h.pki.Routes(h.mux)
	server.Routes(h.mux)
	if h.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "phone"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, h.key.Public(), h.key)
	if err != nil {
		t.Fatal(err)
	}
	if h.self, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) send(t *testing.T, r *http.Request, uuid *string) answer {
	t.Helper()
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	return read(t, w, uuid)
}

func (h *house) issued(c *x509.Certificate) bool { return h.issues[string(c.Raw)] }

// signer verifies an Mdm-Signature for NanoMDM, by the library that it uses itself.
func (h *house) signer(header string, body []byte) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(header)
	if err != nil {
		return nil, err
	}
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return nil, err
	}
	p7.Content = body
	return p7.GetOnlySigner(), p7.Verify()
}

// declarations stands for ddm, which the other server does not have.
type declarations struct{}

func (declarations) Answer(*db.Tx, string, string, []byte) (int, []byte, error) {
	return http.StatusNotFound, nil, nil
}
func (declarations) Forget(*db.Tx, string) error { return nil }

// tokens stands for enroll.
type tokens map[string]mdm.Grant

func (g tokens) Grant(_ *db.Tx, token string) (mdm.Grant, error) {
	if grant, ok := g[token]; ok {
		return grant, nil
	}
	return mdm.Grant{}, mdm.ErrTokenUnknown
}
func (tokens) Enrolling(*db.Tx, string, string, string) error     { return nil }
func (tokens) Enrolled(*db.Tx, string, string) error              { return nil }
func (tokens) SignInAgain(*db.Tx, string, string) (string, error) { return "Bearer", nil }
func (tokens) Left(*db.Tx, string) error                          { return nil }

// phone has its certificate and its token.
type phone struct {
	h           *house
	id, token   string
	certificate *x509.Certificate
}

func (h *house) phone(person string) *phone {
	h.t.Helper()
	n := len(h.grants)
	p := &phone{h: h, id: fmt.Sprintf("9A6B5C4D-0001-4E2F-8A3B-%012d", n), token: "token of " + person}
	h.grants[p.token] = mdm.Grant{Attempt: person, Person: person, ManagedAccount: person}
	var challenge pki.Challenge
	err := h.db.Update(h.t.Context(), func(tx *db.Tx) (err error) {
		challenge, err = h.pki.NewChallenge(tx, pki.Subject{Attempt: person, Person: person}, time.Hour)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	der, err := x509util.CreateCertificateRequest(rand.Reader, &x509util.CertificateRequest{
		CertificateRequest: x509.CertificateRequest{Subject: pkix.Name{CommonName: "phone"}, SignatureAlgorithm: x509.SHA256WithRSA},
		ChallengePassword:  string(challenge),
	}, h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		h.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/scep?operation=GetCACert", nil))
	authorities, err := scep.CACerts(w.Body.Bytes())
	if err != nil {
		h.t.Fatal(err)
	}
	message, err := scep.NewCSRRequest(request, &scep.PKIMessage{MessageType: scep.PKCSReq, Recipients: authorities[:1], SignerKey: h.key, SignerCert: h.self})
	if err != nil {
		h.t.Fatal(err)
	}
	w = httptest.NewRecorder()
	h.mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/scep?operation=PKIOperation", bytes.NewReader(message.Raw)))
	reply, err := scep.ParsePKIMessage(w.Body.Bytes(), scep.WithCACerts(authorities))
	if err != nil {
		h.t.Fatal(err)
	}
	if err := reply.DecryptPKIEnvelope(h.self, h.key); err != nil {
		h.t.Fatal(err)
	}
	p.certificate = reply.CertRepMessage.Certificate
	h.issues[string(p.certificate.Raw)] = true
	return p
}

func (p *phone) sign(body []byte) string {
	p.h.t.Helper()
	signed, err := pkcs7.NewSignedData(body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSigner(p.certificate, p.h.key, pkcs7.SignerInfoConfig{}); err != nil {
		p.h.t.Fatal(err)
	}
	signed.Detach()
	der, err := signed.Finish()
	if err != nil {
		p.h.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func (p *phone) request(path string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPut, path, bytes.NewReader(body))
	mime := "application/x-apple-aspen-mdm"
	if path == "/mdm/checkin" {
		mime += "-checkin"
	}
	r.Header.Set("Content-Type", mime)
	r.Header.Set("Mdm-Signature", p.sign(body))
	r.Header.Set("Authorization", "Bearer "+p.token)
	return r
}

func encode(t *testing.T, d dict) []byte {
	t.Helper()
	b, err := plist.Marshal(d, plist.XMLFormat)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (p *phone) checkIn(d dict) *http.Request {
	m := dict{"EnrollmentID": p.id, "Topic": topic}
	for k, v := range d {
		m[k] = v
	}
	return p.request("/mdm/checkin", encode(p.h.t, m))
}

func (p *phone) answer(d dict) *http.Request {
	m := dict{"EnrollmentID": p.id}
	for k, v := range d {
		m[k] = v
	}
	return p.request("/mdm", encode(p.h.t, m))
}
