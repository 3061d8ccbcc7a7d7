package pki

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

const idle = applesDoctype + `<plist version="1.0"><dict><key>Status</key><string>Idle</string></dict></plist>`

// phone is an identity with its key.
type phone struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
}

// newPhone issues an identity past the SCEP door.
func newPhone(t testing.TB, a *Authority, s Subject, n int) phone {
	t.Helper()
	key := rsaKey(t, 2048, n)
	r := &certificateRequest{key: key.Public(), challenge: newChallenge(t, a, s)}
	var err error
	if r.keyDigest, err = keyDigest(r.key); err != nil {
		t.Fatal(err)
	}
	c, err := issue(a.device, a.identityTemplate(r, s), r.key)
	if err != nil {
		t.Fatal(err)
	}
	inTx(t, a, func(tx *db.Tx) error { return a.store(tx, r, entitlement{subject: s}, c) })
	return phone{c, key}
}

// header signs a body as a phone does; the library, not we, writes it.
func (p phone) header(t testing.TB, body []byte, change ...func(*pkcs7.SignedData)) string {
	t.Helper()
	s, err := pkcs7.NewSignedData(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddSigner(p.certificate, p.key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	s.Detach()
	for _, f := range change {
		f(s)
	}
	der, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	clock := new(dbtest.Clock)
	a := open(t, dbtest.Open(t, dbtest.At(clock)))
	p := newPhone(t, a, Subject{Attempt: "a1", Person: "anna@example.org"}, 0)
	body := []byte(idle)

	got, err := a.Verify(p.header(t, body), body)
	if err != nil || got.Fingerprint != fingerprint(p.certificate) {
		t.Fatalf("a phone's message: got %q, %v", got.Fingerprint, err)
	}
	withChain := p.header(t, body, func(s *pkcs7.SignedData) { s.AddCertificate(a.device.certificate) })
	if _, err := a.Verify(withChain, body); err != nil {
		t.Errorf("with the chain: %v", err)
	}

	stranger := phone{selfSigned(t, rsaKey(t, 2048, 1)), rsaKey(t, 2048, 1)}
	lookalike := phone{selfSigned(t, rsaKey(t, 2048, 1), func(c *x509.Certificate) { c.Subject = a.device.certificate.Subject }), rsaKey(t, 2048, 1)}
	thief := phone{p.certificate, rsaKey(t, 2048, 1)}
	registrar := phone{a.registration.certificate, a.registration.key.(*rsa.PrivateKey)}
	valid := p.header(t, body)
	for name, c := range map[string]struct {
		header string
		body   []byte
	}{
		"no header":                  {"", body},
		"no base64":                  {"!!!", body},
		"no CMS":                     {base64.StdEncoding.EncodeToString(body), body},
		"too long":                   {strings.Repeat("A", maxSignature+4), body},
		"cut off":                    {valid[:len(valid)/2/4*4], body},
		"another body":               {valid, append(bytes.Clone(body), ' ')},
		"no body":                    {valid, nil},
		"a stranger's certificate":   {stranger.header(t, body), body},
		"our authority's name":       {lookalike.header(t, body), body},
		"another's certificate":      {thief.header(t, body), body},
		"the registration authority": {registrar.header(t, body), body},
		"two signers": {p.header(t, body, func(s *pkcs7.SignedData) {
			_ = s.AddSigner(p.certificate, p.key, pkcs7.SignerInfoConfig{})
		}), body},
		"no signer":      {p.header(t, body, func(s *pkcs7.SignedData) { s.GetSignedData().SignerInfos = nil }), body},
		"no certificate": {p.header(t, body, func(s *pkcs7.SignedData) { *s = *without(t, s) }), body},
		"nested":         {base64.StdEncoding.EncodeToString(nested(2000)), body},
	} {
		if got, err := a.Verify(c.header, c.body); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: got %q, %v; want ErrSignature", name, got.Fingerprint, err)
		}
	}

	clock.Add(identityLife - time.Minute)
	if _, err := a.Verify(valid, body); err != nil {
		t.Errorf("in the last minute: %v", err)
	}
	clock.Add(time.Hour)
	if _, err := a.Verify(valid, body); !errors.Is(err, ErrSignature) {
		t.Errorf("expired: got %v, want ErrSignature", err)
	}
}

// without is a message whose signer's certificate is left out.
func without(t *testing.T, s *pkcs7.SignedData) *pkcs7.SignedData {
	t.Helper()
	bare, err := pkcs7.NewSignedData(nil)
	if err != nil {
		t.Fatal(err)
	}
	bare.GetSignedData().SignerInfos = s.GetSignedData().SignerInfos
	bare.Detach()
	return bare
}

func TestVerifyFromOpenSSL(t *testing.T) {
	t.Parallel()
	a := open(t, dbtest.Open(t))
	p := newPhone(t, a, Subject{Attempt: "a1", Person: "anna@example.org"}, 0)
	dir := t.TempDir()
	write(t, dir, "body", []byte(idle))
	writePEM(t, dir, "phone", p)
	openssl(t, dir, "cms", "-sign", "-binary", "-in", "body", "-signer", "phone.pem", "-inkey", "phone.key", "-outform", "DER", "-out", "signature.der")
	header := base64.StdEncoding.EncodeToString(read(t, dir, "signature.der"))
	if got, err := a.Verify(header, []byte(idle)); err != nil || got.Fingerprint != fingerprint(p.certificate) {
		t.Errorf("got %q, %v", got.Fingerprint, err)
	}
}

func FuzzMdmSignature(f *testing.F) {
	a := open(f, dbtest.Open(f))
	p := newPhone(f, a, Subject{Attempt: "a1", Person: "anna@example.org"}, 0)
	f.Add(p.header(f, []byte(idle)), []byte(idle))
	f.Add(p.header(f, []byte(idle), func(s *pkcs7.SignedData) { s.AddCertificate(a.device.certificate) }), []byte(idle))
	f.Add("MIAGCSqGSIb3DQEHAqCAMIACAQExAAAAAAA=", []byte{})
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		_, err := a.Verify(header, body)
		if err == nil && string(body) != idle {
			t.Errorf("a forgery was taken: %q over %q", header, body)
		}
		if err != nil && !errors.Is(err, ErrSignature) {
			t.Errorf("%v is no ErrSignature", err)
		}
	})
}
