package apns_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

type files struct {
	t    *testing.T
	root *ecdsa.PrivateKey
}

func (f files) key() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.t.Fatal(err)
	}
	return key
}

// certificate for a key, with any subject, issued by an organization.
func (f files) certificate(key *rsa.PrivateKey, subject pkix.Name, issuer string, ca bool) *x509.Certificate {
	f.t.Helper()
	parent := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{issuer}}, NotAfter: time.Now().AddDate(5, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: subject, NotBefore: time.Now().AddDate(0, -1, 0), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: ca, BasicConstraintsValid: true,
	}, parent, key.Public(), f.root)
	if err != nil {
		f.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pushSubject(topic string) pkix.Name {
	return pkix.Name{CommonName: "APSP:1111", ExtraNames: []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: topic},
	}}
}

func TestFilesAreNamedByWhatTheyAre(t *testing.T) {
	t.Parallel()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := files{t, root}
	key, other := f.key(), f.key()
	good := f.certificate(key, pushSubject(topic), "Apple Inc.", false)
	keyPEM := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := x509.ParsePKCS1PrivateKey(weakKey(t))
	if err != nil {
		t.Fatal(err)
	}
	goodPEM := block("CERTIFICATE", good.Raw)
	issuer := block("CERTIFICATE", f.certificate(other, pkix.Name{CommonName: "Apple Application Integration 2 Certification Authority"}, "Apple Inc.", true).Raw)
	for _, c := range []struct {
		name             string
		certificate, key []byte
		problem          string
	}{
		{"good, PEM", goodPEM, keyPEM, ""},
		{"good, PKCS #8", goodPEM, block("PRIVATE KEY", pkcs8), ""},
		{"good, DER", good.Raw, pkcs8, ""},
		{"good, both in one file", append(append([]byte{}, keyPEM...), goodPEM...), append(append([]byte{}, goodPEM...), keyPEM...), ""},
		{"good, behind its issuer", append(append([]byte{}, issuer...), goodPEM...), keyPEM, ""},
		{"request", block("CERTIFICATE REQUEST", request), keyPEM, "csr"},
		{"request of an old tool", block("NEW CERTIFICATE REQUEST", request), keyPEM, "csr"},
		{"request, DER", request, keyPEM, "csr"},
		{"signed request", []byte("PD94bWwgdmVyc2lvbj0iMS4wIj8+"), keyPEM, "signed_request"},
		{"signed request, not encoded", []byte("<plist><dict><key>PushCertRequestCSR</key></dict></plist>"), keyPEM, "signed_request"},
		{"vendor certificate", block("CERTIFICATE", f.certificate(key, pkix.Name{CommonName: "MDM Vendor: Example"}, "Apple Inc.", false).Raw), keyPEM, "vendor_certificate"},
		{"authority", issuer, block("PRIVATE KEY", must8(t, other)), "authority"},
		{"TLS certificate", block("CERTIFICATE", f.certificate(key, pkix.Name{CommonName: "www.example.org"}, "X", false).Raw), keyPEM, "not_push"},
		{"push for apps", block("CERTIFICATE", f.certificate(key, pushSubject("org.example.app"), "Apple Inc.", false).Raw), keyPEM, "not_push"},
		{"other key", goodPEM, block("PRIVATE KEY", must8(t, other)), "key_mismatch"},
		{"swapped", keyPEM, goodPEM, "certificate_is_key"},
		{"certificate twice", goodPEM, goodPEM, "key_is_certificate"},
		{"encrypted key", goodPEM, block("ENCRYPTED PRIVATE KEY", []byte("x")), "encrypted_key"},
		{"weak key", goodPEM, block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weak)), "weak_key"},
		{"no key", goodPEM, []byte("hello"), "no_key"},
		{"empty", nil, keyPEM, "unreadable"},
		{"garbage", []byte("garbage"), keyPEM, "unreadable"},
		{"broken PEM", block("CERTIFICATE", []byte("x")), keyPEM, "unreadable"},
		{"other PEM", block("PGP MESSAGE", []byte("x")), keyPEM, "no_certificate"},
		{"huge", make([]byte, 1<<20), keyPEM, "too_large"},
		{"huge key", goodPEM, make([]byte, 1<<20), "too_large"},
		{"server token", []byte("Content-Type: application/pkcs7-mime; name=\"smime.p7m\"\n"), keyPEM, "server_token"},
	} {
		_, err := apns.Parse(c.certificate, c.key)
		var problem *apns.FileError
		switch {
		case c.problem == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.problem == "":
		case !errors.As(err, &problem) || problem.Problem != c.problem:
			t.Errorf("%s: %v, want %s", c.name, err, c.problem)
		case problem.Error() == "" || problem.Error()[0] == ' ':
			t.Errorf("%s: no words for %s", c.name, problem.Problem)
		}
	}
	for name, encoder := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern, "legacy": pkcs12.LegacyDES} {
		file, err := encoder.Encode(key, good, nil, "secret")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := apns.ParsePKCS12(file, "secret"); err != nil || b.String() != "[push certificate "+topic+"]" {
			t.Errorf("PKCS #12, %s: %v, %v", name, b, err)
		}
		var problem *apns.FileError
		if _, err := apns.ParsePKCS12(file, "wrong"); !errors.As(err, &problem) || problem.Problem != "passphrase" {
			t.Errorf("PKCS #12, %s, wrong passphrase: %v", name, err)
		}
	}
	var problem *apns.FileError
	if _, err := apns.ParsePKCS12(block("CERTIFICATE REQUEST", request), ""); !errors.As(err, &problem) || problem.Problem != "csr" {
		t.Errorf("a request as PKCS #12: %v, want it named", err)
	}
}

func must8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestTopicIsGuarded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := service(t)
		c := client(t, d, a)
		asked := 0
		c.Guard(func(_ *db.Tx, have, got string) error {
			asked++
			return &apns.ErrTopicChanged{Have: have, Got: got, Enrollments: 3}
		})
		if _, _, err := c.Import(t.Context(), bundle(t, a, topic, time.Time{}), "it@example.org", false); err != nil || asked != 0 {
			t.Errorf("a renewal: %v, guard asked %d times", err, asked)
		}
		const other = "com.apple.mgmt.External.other"
		var changed *apns.ErrTopicChanged
		_, _, err := c.Import(t.Context(), bundle(t, a, other, time.Time{}), "it@example.org", false)
		if !errors.As(err, &changed) || changed.Enrollments != 3 || changed.Have != topic || changed.Got != other {
			t.Errorf("another topic: %v", err)
		}
		current := func() (info apns.Certificate) {
			if err := d.View(t.Context(), func(tx *db.Tx) (err error) { info, err = c.Current(tx); return err }); err != nil {
				t.Fatal(err)
			}
			return info
		}
		if current().Topic != topic {
			t.Errorf("the refused certificate is in use: %+v", current())
		}
		info, warnings, err := c.Import(t.Context(), bundle(t, a, other, time.Time{}), "", true)
		if err != nil || info.Topic != other || len(warnings) != 2 || warnings[1] != apns.NoAccount {
			t.Errorf("forced: %+v, %v, %v", info, warnings, err)
		}
		if current().Topic != other {
			t.Errorf("the forced certificate is not in use: %+v", current())
		}
		list, err := event.New(d).List(t.Context(), event.Query{Kind: apns.Imported})
		if err != nil || len(list) != 3 || list[2].Params["topic"] != other {
			t.Errorf("events %+v, %v", list, err)
		}
	})
}

func TestExpiredCertificateIsNotImported(t *testing.T) {
	t.Parallel()
	clock := &dbtest.Clock{}
	d := dbtest.Open(t, dbtest.At(clock))
	a := service(t)
	c := apns.New(d, event.New(d), apns.Options{})
	var problem *apns.FileError
	_, _, err := c.Import(t.Context(), bundle(t, a, topic, clock.Now().Add(-time.Hour)), "", false)
	if !errors.As(err, &problem) || problem.Problem != "expired" {
		t.Errorf("got %v, want expired", err)
	}
	if err := d.View(t.Context(), func(tx *db.Tx) error { _, err := c.Current(tx); return err }); !errors.Is(err, apns.ErrNoCertificate) {
		t.Errorf("current: %v, want none", err)
	}
}

// weakKey is an RSA key of 1024 bits, which crypto/rsa does not make any more.
func weakKey(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile("testdata/weak-key.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(file)
	return block.Bytes
}
