package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/smallstep/scep"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
)

// BenchmarkPromiseSCEP holds two promises: a request with its commit costs at most one and a half times the library calls
// alone, with the same keys, and no more after ten thousand certificates than after a hundred. They are ratios of
// processor time in one interleaved run.
func BenchmarkPromiseSCEP(b *testing.B) {
	few, many := open(b, dbtest.Open(b)), open(b, dbtest.Open(b))
	fill(b, few, 100)
	fill(b, many, 10_000)
	registration := few.registration.key.(*rsa.PrivateKey)
	recorded := newClient(b, 0, "ANY").message(b, few).Raw

	var library, at100, at10k []time.Duration
	for b.Loop() {
		library = append(library, spent(func() {
			m, err := scep.ParsePKIMessage(recorded)
			if err == nil {
				err = m.DecryptPKIEnvelope(few.registration.certificate, registration)
			}
			if err != nil {
				b.Fatal(err)
			}
			r := &certificateRequest{key: m.CSR.PublicKey}
			der, err := x509.CreateCertificate(rand.Reader, few.identityTemplate(r, anna), few.device.certificate, r.key, few.device.key)
			if err != nil {
				b.Fatal(err)
			}
			c, err := x509.ParseCertificate(der)
			if err == nil {
				_, err = m.Success(few.registration.certificate, registration, c)
			}
			if err != nil {
				b.Fatal(err)
			}
		}))
		at100 = append(at100, request(b, few))
		at10k = append(at10k, request(b, many))
	}
	over, growth := quiet(at100)/quiet(library), quiet(at10k)/quiet(at100)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(over, "x-library")
	b.ReportMetric(growth, "x-at-10k")
	if b.N < 20 {
		return // too few to say anything
	}
	if over > 1.5 {
		b.Fatalf("a request with its commit costs %.2f times the library calls alone, promised is 1.5", over)
	}
	if growth > 1.3 {
		b.Fatalf("a request after 10,000 certificates costs %.2f times one after 100, promised is no more", growth)
	}
}

// quiet is the lower quartile: what a thing costs while the machine does little else.
func quiet(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/4])
}

// request is what one request costs the server, from the body to the answer.
func request(b *testing.B, a *Authority) time.Duration {
	b.Helper()
	message := newClient(b, 0, newChallenge(b, a, anna)).message(b, a).Raw
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/scep?operation=PKIOperation", bytes.NewReader(message))
	var w *httptest.ResponseRecorder
	took := spent(func() { w = serve(a, r) })
	m, err := scep.ParsePKIMessage(w.Body.Bytes())
	if err != nil || m.PKIStatus != scep.SUCCESS {
		b.Fatalf("the request was refused: %v", err)
	}
	return took
}

// fill issues n identities past the door.
func fill(b *testing.B, a *Authority, n int) {
	b.Helper()
	c := newPhone(b, a, anna, 0).certificate
	random := func() []byte {
		r := make([]byte, 32)
		_, _ = rand.Read(r)
		return r
	}
	for range n / 100 {
		inTx(b, a, func(tx *db.Tx) error {
			for range 100 {
				_, err := tx.Exec(`
					INSERT INTO identities (fingerprint, serial, attempt, person, enrollment, public_key, challenge, renews,
						not_before, not_after, issued_at, revoked_at, certificate)
					VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10, 0, $11)`,
					hex.EncodeToString(random()), hex.EncodeToString(random()[:16]), db.NewID(), "somebody@example.org", db.NewID(), random(), random(),
					db.Millis(c.NotBefore), db.Millis(c.NotAfter), db.Millis(tx.Now), c.Raw)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// BenchmarkVerify is what every message of a phone costs before anybody reads it.
func BenchmarkVerify(b *testing.B) {
	a := open(b, dbtest.Open(b))
	p := newPhone(b, a, anna, 0)
	header := p.header(b, []byte(idle))
	for b.Loop() {
		if _, err := a.Verify(header, []byte(idle)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckPlist is the guard before the decoder.
func BenchmarkCheckPlist(b *testing.B) {
	for b.Loop() {
		if err := CheckPlist([]byte(idle), 1<<20); err != nil {
			b.Fatal(err)
		}
	}
}
