package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"
	"github.com/smallstep/scep/x509util"
)

var anna = Subject{Attempt: "a1", Person: "anna@example.org"}

// client asks for a certificate with the library, which shares no code with our side of the door.
type client struct {
	key       *rsa.PrivateKey // of the request
	signer    *x509.Certificate
	signerKey *rsa.PrivateKey
	challenge string
	kind      scep.MessageType
	csr       func(*x509util.CertificateRequest)
	csrKey    any
}

func newClient(t testing.TB, n int, challenge Challenge) client {
	t.Helper()
	key := rsaKey(t, 2048, n)
	return client{key: key, signer: selfSigned(t, key), signerKey: key, challenge: string(challenge), kind: scep.PKCSReq}
}

func (c client) request(t testing.TB) *x509.CertificateRequest {
	t.Helper()
	template := &x509util.CertificateRequest{
		CertificateRequest: x509.CertificateRequest{
			Subject: pkix.Name{CommonName: "root", Organization: []string{"Somebody else"}}, DNSNames: []string{"mdm.example.org"},
			SignatureAlgorithm: x509.SHA256WithRSA,
		},
		ChallengePassword: c.challenge,
	}
	var key any = c.key
	if c.csrKey != nil {
		key = c.csrKey
		template.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	}
	if c.csr != nil {
		c.csr(template)
	}
	der, err := x509util.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func (c client) message(t testing.TB, a *Authority) *scep.PKIMessage {
	t.Helper()
	m, err := scep.NewCSRRequest(c.request(t), &scep.PKIMessage{
		MessageType: c.kind, Recipients: []*x509.Certificate{a.registration.certificate},
		SignerCert: c.signer, SignerKey: c.signerKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ask sends a message by POST and reads the answer as the library does.
func (c client) ask(t testing.TB, a *Authority) *scep.PKIMessage {
	t.Helper()
	return c.read(t, a, post(t, a, c.message(t, a).Raw))
}

func (c client) read(t testing.TB, a *Authority, reply []byte) *scep.PKIMessage {
	t.Helper()
	m, err := scep.ParsePKIMessage(reply, scep.WithCACerts([]*x509.Certificate{a.registration.certificate}))
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	if m.PKIStatus == scep.SUCCESS {
		if err := m.DecryptPKIEnvelope(c.signer, c.signerKey); err != nil {
			t.Fatalf("open the answer: %v", err)
		}
	}
	return m
}

func serve(a *Authority, r *http.Request) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	a.Routes(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func post(t testing.TB, a *Authority, message []byte) []byte {
	t.Helper()
	w := serve(a, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/scep?operation=PKIOperation", bytes.NewReader(message)))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/x-pki-message" {
		t.Fatalf("PKIOperation: got %d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return w.Body.Bytes()
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// wrap signs an envelope that something else made.
func (c client) wrap(t testing.TB, envelope []byte, change ...func(*pkcs7.SignerInfoConfig)) []byte {
	t.Helper()
	s, err := pkcs7.NewSignedData(envelope)
	if err != nil {
		t.Fatal(err)
	}
	config := pkcs7.SignerInfoConfig{ExtraSignedAttributes: []pkcs7.Attribute{
		{Type: oidTransactionID, Value: "T1"}, {Type: oidMessageType, Value: string(c.kind)}, {Type: oidSenderNonce, Value: []byte("0123456789abcdef")},
	}}
	for _, f := range change {
		f(&config)
	}
	if err := s.AddSigner(c.signer, c.signerKey, config); err != nil {
		t.Fatal(err)
	}
	der, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// get is a request whose query is taken as it is.
func get(t *testing.T, target string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/scep", nil)
	_, r.URL.RawQuery, _ = strings.Cut(target, "?")
	return r
}

func chunks(s string, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(s) > 0 && yield(s[:min(n, len(s))]) {
			s = s[min(n, len(s)):]
		}
	}
}
