package pki

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

// TestMain tells the library that plays the client to use ciphers of this century.
func TestMain(m *testing.M) {
	pkcs7.ContentEncryptionAlgorithm = pkcs7.EncryptionAlgorithmAES256CBC
	if err := pkcs7.SetDefaultDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// epoch is when the authorities of the tests were made, before the clock of any test, the real one included. All tests
// share them, as making two RSA keys takes most of a second.
var epoch = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

var made = sync.OnceValue(func() map[string]credential {
	all, err := createAll("Example Ltd", epoch)
	if err != nil {
		panic(err)
	}
	return all
})

// open gives a database the authorities of the tests and opens them.
func open(t testing.TB, d *db.DB) *Authority {
	t.Helper()
	if err := storeAll(t.Context(), d, made()); err != nil {
		t.Fatalf("store authorities: %v", err)
	}
	return reopen(t, d)
}

// reopen is what a second process does.
func reopen(t testing.TB, d *db.DB) *Authority {
	t.Helper()
	a, err := Open(t.Context(), d, event.New(d), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("open authorities: %v", err)
	}
	return a
}

// each runs a test with an authority on each database. The clock stands, unless the test moves it.
func each(t *testing.T, test func(t *testing.T, a *Authority, clock *dbtest.Clock)) {
	t.Helper()
	dbtest.Clocked(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { test(t, open(t, d), clock) })
}

func inTx(t testing.TB, a *Authority, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := a.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func newChallenge(t testing.TB, a *Authority, s Subject) (c Challenge) {
	t.Helper()
	inTx(t, a, func(tx *db.Tx) (err error) {
		c, err = a.NewChallenge(tx, s, time.Hour)
		return err
	})
	return c
}

func identity(t testing.TB, a *Authority, c *x509.Certificate) (i Identity, err error) {
	t.Helper()
	err = a.db.View(t.Context(), func(tx *db.Tx) (err error) {
		i, err = a.Identity(tx, fingerprint(c))
		return err
	})
	return i, err
}

func count(t testing.TB, a *Authority, query string, args ...any) (n int) {
	t.Helper()
	err := a.db.View(t.Context(), func(tx *db.Tx) error { return tx.Row(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// rsaKeys are made once each: 2048 bits take a tenth of a second.
var rsaKeys = struct {
	sync.Mutex
	made map[int][]*rsa.PrivateKey
}{made: map[int][]*rsa.PrivateKey{}}

// rsaKey returns the nth key of a size.
func rsaKey(t testing.TB, bits, n int) *rsa.PrivateKey {
	t.Helper()
	rsaKeys.Lock()
	defer rsaKeys.Unlock()
	for len(rsaKeys.made[bits]) <= n {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		rsaKeys.made[bits] = append(rsaKeys.made[bits], k)
	}
	return rsaKeys.made[bits][n]
}

// selfSigned is a certificate as a client makes it for itself.
func selfSigned(t testing.TB, key *rsa.PrivateKey, change ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "a client"},
		NotBefore: epoch.Add(-time.Hour), NotAfter: epoch.Add(10 * 365 * 24 * time.Hour),
	}
	for _, c := range change {
		c(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openssl runs the program that the world holds certificates against, in a folder of the test.
func openssl(t testing.TB, dir string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	command := exec.CommandContext(t.Context(), "openssl", args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func write(t testing.TB, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// writePEM writes a certificate and its key for openssl.
func writePEM(t testing.TB, dir, name string, p phone) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.certificate.Raw}))
	write(t, dir, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}
