package backend_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/pki"
)

// BenchmarkEnrollmentShare tells how much of a whole enrollment, the hashing of a password apart, is cryptography that
// nobody can spare. The goal is half of the server's processor time; it is reported, not held, since it is not reached. The
// server is a process of its own; the cryptography is the same work done again here, by itself.
func BenchmarkEnrollmentShare(b *testing.B) {
	const phones, warm = 60, 20
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skip("this system does not tell what another process has used")
	}
	w, codes := prepared(b, phones)
	server := spawn(b, w)
	enroll := func(i int) {
		if _, err := bring(b.Context(), w.phones[identifier(i)], identifier(i), codes[i]); err != nil {
			b.Fatal(err)
		}
	}
	for i := range warm {
		enroll(i)
	}
	before := used(b, server.cmd.Process.Pid)
	for i := warm; i < phones; i++ {
		enroll(i)
	}
	whole := (used(b, server.cmd.Process.Pid) - before) / (phones - warm)

	spared := cryptography(b, w)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(whole.Microseconds()), "µs-enrollment")
	b.ReportMetric(float64(spared.Microseconds()), "µs-cryptography")
	b.ReportMetric(float64(spared)/float64(whole), "share")
	b.ReportMetric(resident(b, server.cmd.Process.Pid), "MB-resident")
}

// cryptography is what an enrollment asks of it: two signed requests, a signed profile, a certificate by SCEP (three
// private operations), two signed check-ins, and the handshakes of its connections.
func cryptography(b *testing.B, w *world) time.Duration {
	b.Helper()
	d := dbtest.Open(b)
	if err := pki.Create(b.Context(), d, "Nordlicht GmbH"); err != nil {
		b.Fatal(err)
	}
	authority, err := pki.Open(b.Context(), d, event.New(d), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	request, err := w.phones[identifier(0)].MachineInfo()
	if err != nil {
		b.Fatal(err)
	}
	devices, err := makers()
	if err != nil {
		b.Fatal(err)
	}
	profile := bytes.Repeat([]byte("profile "), 750)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	short, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256(profile)
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	const rounds = 50
	before := used(b, os.Getpid())
	for range rounds {
		for range 2 {
			_, _, err := pki.OpenMachineInfo(request, []*x509.Certificate{devices.Certificate()})
			must(b, err)
		}
		_, err := authority.Sign(profile)
		must(b, err)
		for range 3 {
			_, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
			must(b, err)
		}
		for range 4 { // message and certificate of two check-ins
			must(b, rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest[:], signature))
		}
		_, err = ecdsa.SignASN1(rand.Reader, short, digest[:])
		must(b, err)
	}
	return (used(b, os.Getpid()) - before) / rounds
}

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
