package pki

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

var hosts = []string{"mdm.example.org", "example.org", "192.0.2.7"}

// served is what a phone gets in a handshake.
func served(t testing.TB, a *Authority) *x509.Certificate {
	t.Helper()
	pair, err := a.Certificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatalf("the server's certificate: %v", err)
	}
	return pair.Leaf
}

func TestPrivateTLS(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		if _, err := a.TLS(t.Context()); !errors.Is(err, ErrNoTLS) || !a.PrivateTLS() {
			t.Fatalf("at first: %v, private %v", err, a.PrivateTLS())
		}
		if err := a.EnsureTLS(t.Context(), append([]string{"MDM.example.org."}, hosts...)); err != nil {
			t.Fatal(err)
		}
		first := served(t, a)
		lintServer(t, a, first)
		info, err := a.TLS(t.Context())
		if err != nil || info.Source != TLSPrivate || !slices.Equal(info.Names, hosts) || len(info.Uncovered) > 0 || info.Fingerprint != fingerprint(first) || info.Incomplete {
			t.Errorf("it is described as %+v, %v", info, err)
		}

		// Nothing to do, then other hosts, then the last third of its life.
		if err := a.EnsureTLS(t.Context(), hosts); err != nil || !served(t, a).Equal(first) {
			t.Errorf("asked again: a new certificate, %v", err)
		}
		if err := a.EnsureTLS(t.Context(), hosts[:2]); err != nil || served(t, a).VerifyHostname("192.0.2.7") == nil {
			t.Errorf("for fewer hosts: the old certificate, %v", err)
		}
		second := served(t, a)
		clock.Add(tlsLife*2/3 - 48*time.Hour)
		if err := a.tend(t.Context()); err != nil || !served(t, a).Equal(second) {
			t.Errorf("before two thirds: a new certificate, %v", err)
		}
		clock.Add(72 * time.Hour)
		if err := a.tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		third := served(t, a)
		if third.Equal(second) || third.VerifyHostname("example.org") != nil || third.VerifyHostname("192.0.2.7") == nil {
			t.Error("after two thirds: not renewed for the same hosts")
		}
		events, err := a.events.List(t.Context(), event.Query{Kind: TLSRenewed})
		if err != nil || len(events) != 3 {
			t.Errorf("%d events, %v; want one for each certificate", len(events), err)
		}
	})
}

// lintServer holds a certificate against what iOS wants: https://support.apple.com/en-us/103769.
func lintServer(t *testing.T, a *Authority, c *x509.Certificate) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.Anchor())
	for _, host := range hosts {
		if _, err := c.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: a.db.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	switch {
	case c.Subject.CommonName != "mdm.example.org":
		t.Errorf("the common name is %q", c.Subject.CommonName)
	case c.NotAfter.Sub(c.NotBefore) > 398*24*time.Hour:
		t.Errorf("it lives %v", c.NotAfter.Sub(c.NotBefore))
	case c.IsCA || !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || c.KeyUsage != x509.KeyUsageDigitalSignature:
		t.Errorf("it may do something else: %v %v %v", c.IsCA, c.ExtKeyUsage, c.KeyUsage)
	case len(c.SubjectKeyId) == 0 || string(c.AuthorityKeyId) != string(a.Anchor().SubjectKeyId):
		t.Error("it has no key identifiers")
	case c.SignatureAlgorithm != x509.ECDSAWithSHA256 || c.PublicKey.(*ecdsa.PublicKey).Curve != elliptic.P256():
		t.Errorf("it is %v", c.SignatureAlgorithm)
	}
	dir := t.TempDir()
	write(t, dir, "root.pem", a.AnchorPEM())
	write(t, dir, "leaf.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	openssl(t, dir, "verify", "-x509_strict", "-purpose", "sslserver", "-no_check_time", "-verify_hostname", "example.org", "-CAfile", "root.pem", "leaf.pem")
	if out := openssl(t, dir, "x509", "-in", "root.pem", "-noout", "-ext", "basicConstraints,keyUsage"); !strings.Contains(out, "CA:TRUE") {
		t.Errorf("the root is\n%s", out)
	}
}

// Another process renews; this one serves the new certificate within seconds, and its own change at once.
func TestCertificateFromAnotherProcess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		other := reopen(t, a.db)
		if err := a.EnsureTLS(t.Context(), hosts); err != nil {
			t.Fatal(err)
		}
		if !served(t, other).Equal(served(t, a)) {
			t.Error("two processes serve two certificates")
		}
		if err := a.EnsureTLS(t.Context(), hosts[:1]); err != nil {
			t.Fatal(err)
		}
		clock.Add(tlsFresh)
		if !served(t, other).Equal(served(t, a)) {
			t.Error("the other process has not noticed")
		}
		if !served(t, reopen(t, a.db)).Equal(served(t, a)) {
			t.Error("a new process serves another certificate")
		}
	})
}

// Two processes start at once: one certificate, served by both.
func TestEnsureTLSTwiceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, _ *dbtest.Clock) {
		b := reopen(t, a.db)
		done := make(chan error, 2)
		for _, p := range []*Authority{a, b} {
			go func() { done <- p.EnsureTLS(context.WithoutCancel(t.Context()), hosts) }()
		}
		if err := errors.Join(<-done, <-done); err != nil {
			t.Fatal(err)
		}
		if !served(t, a).Equal(served(t, b)) {
			t.Error("two processes serve two certificates")
		}
	})
}

// The certificate does its work in a real handshake, TLS 1.2 and 1.3.
func TestHandshake(t *testing.T) {
	t.Parallel()
	a := open(t, dbtest.Open(t))
	if err := a.EnsureTLS(t.Context(), hosts); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.Anchor())
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client, server := net.Pipe()
		go func() {
			_ = tls.Server(server, &tls.Config{GetCertificate: a.Certificate, MinVersion: version}).HandshakeContext(t.Context())
		}()
		c := tls.Client(client, &tls.Config{RootCAs: roots, ServerName: "example.org", MaxVersion: version, MinVersion: version})
		if err := c.HandshakeContext(t.Context()); err != nil {
			t.Errorf("TLS %x: %v", version, err)
		}
		_ = client.Close()
	}
}

// bought is a certificate that an administrator brings.
type bought struct {
	now      time.Time
	template x509.Certificate
	key      crypto.Signer
}

func (b bought) pem(t *testing.T) (certificate, key, above []byte) {
	t.Helper()
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Intermediate"}, Issuer: pkix.Name{CommonName: "Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: b.now.Add(-time.Hour), NotAfter: b.now.Add(9000 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := *authority
	root.Subject = pkix.Name{CommonName: "Root"}
	intermediate := must(x509.CreateCertificate(rand.Reader, authority, &root, authorityKey.Public(), rootKey))
	leaf := must(x509.CreateCertificate(rand.Reader, &b.template, authority, b.key.Public(), authorityKey))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(b.key))}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: intermediate})
}

func buy(t *testing.T, now time.Time) bought {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return bought{now, x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mdm.example.org"}, DNSNames: []string{"mdm.example.org"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(90 * 24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, key}
}

func TestImportTLS(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		if err := a.EnsureTLS(t.Context(), hosts); err != nil {
			t.Fatal(err)
		}
		certificate, key, above := buy(t, clock.Now()).pem(t)
		for name, file := range map[string][]byte{"in order": slices.Concat(certificate, above), "in disorder": slices.Concat(above, certificate)} {
			info, err := a.ImportTLS(t.Context(), file, key)
			if err != nil || info.Source != TLSByAdmin || info.Incomplete || !slices.Equal(info.Uncovered, hosts[1:]) {
				t.Fatalf("%s: got %+v, %v", name, info, err)
			}
			pair, err := a.Certificate(&tls.ClientHelloInfo{})
			if err != nil || len(pair.Certificate) != 2 || pair.Leaf.Subject.CommonName != "mdm.example.org" || a.PrivateTLS() {
				t.Errorf("%s: served %d certificates of %s, private %v, %v", name, len(pair.Certificate), pair.Leaf.Subject, a.PrivateTLS(), err)
			}
		}
		// It is the administrator's: neither age nor hosts make us replace it.
		imported := served(t, a)
		clock.Add(80 * 24 * time.Hour)
		if err := errors.Join(a.tend(t.Context()), a.EnsureTLS(t.Context(), []string{"new.example.org", "mdm.example.org"})); err != nil || !served(t, a).Equal(imported) {
			t.Errorf("the imported certificate was replaced, %v", err)
		}
		var codes []string
		for _, f := range a.Health(t.Context()) {
			codes = append(codes, f.Code)
		}
		if want := []string{"tls.expiring", "tls.wrong_host", "authority.valid"}; !slices.Equal(codes, want) {
			t.Errorf("the findings are %q, want %q", codes, want)
		}
		certificate, key, _ = buy(t, clock.Now()).pem(t)
		_, err := a.ImportTLS(t.Context(), certificate, key)
		if p := new(TLSProblem); !errors.As(err, &p) || p.Code != "tls_wrong_host" || p.Params["host"] != "new.example.org" {
			t.Errorf("for the host of before: got %v, want tls_wrong_host", err)
		}
	})
}

func TestImportTLSRefuses(t *testing.T) {
	t.Parallel()
	clock := new(dbtest.Clock)
	a := open(t, dbtest.Open(t, dbtest.At(clock)))
	if err := a.EnsureTLS(t.Context(), hosts); err != nil {
		t.Fatal(err)
	}
	before := served(t, a)
	certificate, key, _ := buy(t, clock.Now()).pem(t)
	_, otherKey, _ := buy(t, clock.Now()).pem(t)
	with := func(change func(*bought)) [2][]byte {
		b := buy(t, clock.Now())
		change(&b)
		certificate, key, _ := b.pem(t)
		return [2][]byte{certificate, key}
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string][2][]byte{
		"tls_certificate_missing":    {key, key},
		"tls_certificate_unreadable": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), key},
		"tls_key_missing":            {certificate, certificate},
		"tls_key_unreadable":         {certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})},
		"tls_key_encrypted":          {certificate, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})},
		"tls_key_mismatch":           {certificate, otherKey},
		"tls_expired":                with(func(b *bought) { b.template.NotAfter = b.now.Add(-time.Minute) }),
		"tls_not_yet":                with(func(b *bought) { b.template.NotBefore = b.now.Add(time.Hour) }),
		"tls_too_long":               with(func(b *bought) { b.template.NotAfter = b.now.Add(900 * 24 * time.Hour) }),
		"tls_wrong_usage":            with(func(b *bought) { b.template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
		"tls_wrong_host":             with(func(b *bought) { b.template.DNSNames = []string{"www.example.org"} }),
		"tls_authority":              with(func(b *bought) { b.template.IsCA, b.template.BasicConstraintsValid = true, true }),
		"tls_weak_key":               with(func(b *bought) { b.key = rsaKey(t, 1024, 0) }),
		"tls_weak_key ":              with(func(b *bought) { b.key = edwards }),
	} {
		_, err := a.ImportTLS(t.Context(), files[0], files[1])
		p := new(TLSProblem)
		if !errors.As(err, &p) || p.Code != strings.TrimSpace(want) || p.Error() == "" {
			t.Errorf("want %s, got %v", want, err)
		}
	}
	if !served(t, a).Equal(before) {
		t.Error("a refused certificate is served")
	}
}

func TestRunForgetsChallenges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		newChallenge(t, a, anna)
		clock.Add(time.Minute)
		late := newChallenge(t, a, anna)
		clock.Add(time.Hour - time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		for count(t, a, `SELECT COUNT(*) FROM challenges`) != 1 {
			if t.Context().Err() != nil {
				t.Fatal("the expired challenge is still there")
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
		inTx(t, a, func(tx *db.Tx) error {
			_, err := peek(tx, late)
			return err
		})
	})
}
