package backend_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/pki"
	"example.org/gatehouse/backend/sim"
)

// BenchmarkPromiseEnrollment tells how much of a whole enrollment, the hashing of a password apart, is cryptography that
// nobody can spare, while a few phones enroll at once. The goal is half of the server's processor time; it is reported, not
// held, since it is not reached. The server is a process of its own; the cryptography is the same work done again here.
func BenchmarkPromiseEnrollment(b *testing.B) {
	const phones, warm, inFlight = 180, 20, 8
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skip("this system does not tell what another process has used")
	}
	w, codes := prepared(b, phones)
	server := spawn(b, w)
	enroll := func(from, to int) {
		var group errgroup.Group
		group.SetLimit(inFlight)
		for i := from; i < to; i++ {
			group.Go(func() error {
				_, err := bring(b.Context(), w.phones[identifier(i)], identifier(i), codes[i])
				return err
			})
		}
		must(b, group.Wait())
	}
	enroll(0, warm)
	before := used(b, server.cmd.Process.Pid)
	enroll(warm, phones)
	whole := (used(b, server.cmd.Process.Pid) - before) / (phones - warm)

	memory := resident(b, server.cmd.Process.Pid)
	server.kill()

	spared := cryptography(b, w)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(whole.Microseconds()), "µs-enrollment")
	b.ReportMetric(float64(spared.Microseconds()), "µs-cryptography")
	b.ReportMetric(float64(spared)/float64(whole), "share")
	b.ReportMetric(memory, "MB-resident")
}

// cryptography is what an enrollment asks of it, done again by itself with the server's own authorities, and with the
// messages of a phone that it has just enrolled: two signed requests, a signed profile, a certificate by SCEP, two signed
// check-ins, and the handshakes of two connections. Where the server's own code cannot be called alone, the calls of the
// standard library that it makes stand for it, so what only writes or reads structures is left out there.
func cryptography(b *testing.B, w *world) time.Duration {
	b.Helper()
	d, err := db.Open(b.Context(), "sqlite:"+filepath.Join(w.data, "gatehouse.db"), db.Options{Key: sealingKey})
	must(b, err)
	defer d.Close()
	authority, err := pki.Open(b.Context(), d, event.New(d), slog.New(slog.DiscardHandler))
	must(b, err)
	devices, err := makers()
	must(b, err)
	phone := w.phones[identifier(0)]
	request, err := phone.MachineInfo()
	must(b, err)
	message := phone.Message("TokenUpdate", map[string]any{"Token": phone.PushToken(), "PushMagic": phone.PushMagic()})
	header, err := phone.Signature(message)
	must(b, err)
	certificate := newSCEP(b, phone.Identity())

	const rounds = 100
	before := used(b, os.Getpid())
	for range rounds {
		for range 2 {
			handshake(b, certificate.short)
			_, _, err := pki.OpenMachineInfo(request, []*x509.Certificate{devices.Certificate()})
			must(b, err)
			_, err = authority.Verify(header, message)
			must(b, err)
		}
		_, err = authority.Sign(phone.Profile().Content)
		must(b, err)
		_, _, err = pki.OpenMachineInfo(request, nil) // as large as a SCEP request, and signed like one
		must(b, err)
		certificate.issue(b)
	}
	return (used(b, os.Getpid()) - before) / rounds
}

// scep has what the calls for one certificate need: the keys of an authority, and a request in its envelope.
type scep struct {
	authority *x509.Certificate
	key       *rsa.PrivateKey
	short     *ecdsa.PrivateKey
	client    *rsa.PublicKey
	request   []byte
	wrapped   []byte
	block     cipher.Block
}

func newSCEP(b *testing.B, phone *sim.Identity) *scep {
	b.Helper()
	s := &scep{client: &phone.Key.PublicKey}
	var err error
	s.key, err = rsa.GenerateKey(rand.Reader, 2048)
	must(b, err)
	s.short, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(b, err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &s.key.PublicKey, s.key)
	must(b, err)
	s.authority, err = x509.ParseCertificate(der)
	must(b, err)
	s.request, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "enrollment K7-31Q"}}, phone.Key)
	must(b, err)
	content := make([]byte, 32)
	rand.Read(content)
	s.block, err = aes.NewCipher(content)
	must(b, err)
	s.wrapped, err = rsa.EncryptPKCS1v15(rand.Reader, &s.key.PublicKey, content) //nolint:staticcheck // what SCEP has
	must(b, err)
	return s
}

// issue opens a request, signs the certificate, and seals and signs the answer.
func (s *scep) issue(b *testing.B) {
	b.Helper()
	vector, content := make([]byte, aes.BlockSize), make([]byte, 32)
	must(b, rsa.DecryptPKCS1v15SessionKey(nil, s.key, s.wrapped, content)) //nolint:staticcheck // what SCEP has
	text := make([]byte, (len(s.request)/aes.BlockSize+1)*aes.BlockSize)
	cipher.NewCBCDecrypter(s.block, vector).CryptBlocks(text, text)
	request, err := x509.ParseCertificateRequest(s.request)
	must(b, err)
	must(b, request.CheckSignature())
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: request.Subject, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, s.authority, request.PublicKey, s.key)
	must(b, err)
	_, err = x509.ParseCertificate(der)
	must(b, err)
	_, err = rsa.EncryptPKCS1v15(rand.Reader, s.client, content) //nolint:staticcheck // what SCEP has
	must(b, err)
	cipher.NewCBCEncrypter(s.block, vector).CryptBlocks(text, text)
	digest := sha256.Sum256(text)
	_, err = rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, digest[:])
	must(b, err)
}

// handshake is the server's part of a TLS 1.3 handshake: the key exchange that phones ask for, and the signature.
func handshake(b *testing.B, key *ecdsa.PrivateKey) {
	b.Helper()
	ours, err := ecdh.X25519().GenerateKey(rand.Reader)
	must(b, err)
	_, err = ours.ECDH(ours.PublicKey()) // any other costs as much
	must(b, err)
	encapsulation, err := mlkem.NewEncapsulationKey768(encapsulationKey())
	must(b, err)
	encapsulation.Encapsulate()
	digest := sha256.Sum256([]byte("transcript"))
	_, err = ecdsa.SignASN1(rand.Reader, key, digest[:])
	must(b, err)
}

// encapsulationKey is a client's, made once.
var encapsulationKey = sync.OnceValue(func() []byte {
	key, err := mlkem.GenerateKey768()
	if err != nil {
		panic(err)
	}
	return key.EncapsulationKey().Bytes()
})

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// used is the processor time that a process has used: fields 14 and 15 of its stat, in hundredths of a second.
func used(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	must(b, err)
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		must(b, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// resident is the memory of a process, in MB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	must(b, err)
	defer f.Close()
	text, err := io.ReadAll(f)
	must(b, err)
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	must(b, err)
	return kb / 1000
}
