package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	a := open(t, dbtest.Open(t))
	w := serve(a, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/scep?operation=GetCACaps&message=gatehouse", nil))
	got := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if want := []string{"AES", "POSTPKIOperation", "SHA-256", "SHA-384", "SHA-512", "SCEPStandard", "Renewal"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}

	w = serve(a, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/scep?operation=GetCACert", nil))
	if got := w.Header().Get("Content-Type"); got != "application/x-x509-ca-ra-cert" {
		t.Errorf("GetCACert is %q", got)
	}
	certificates, err := scep.CACerts(w.Body.Bytes())
	if err != nil || len(certificates) != 2 || !certificates[0].Equal(a.registration.certificate) || !certificates[1].Equal(a.device.certificate) {
		t.Errorf("GetCACert: got %d certificates, %v; want registration and device authority", len(certificates), err)
	}
	dir := t.TempDir()
	write(t, dir, "ca.p7", w.Body.Bytes())
	if out := openssl(t, dir, "pkcs7", "-inform", "DER", "-in", "ca.p7", "-print_certs", "-noout"); strings.Count(out, "subject=") != 2 {
		t.Errorf("openssl reads\n%s", out)
	}

	w = serve(a, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/scep?operation=Dance", nil))
	if w.Code != http.StatusBadRequest {
		t.Errorf("an unknown operation: got %d", w.Code)
	}
}

func TestPhoneGetsItsIdentity(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		c := newClient(t, 0, newChallenge(t, a, anna))
		m := c.message(t, a)
		reply := post(t, a, m.Raw)
		answer := c.read(t, a, reply)
		if answer.PKIStatus != scep.SUCCESS || answer.TransactionID != m.TransactionID || !bytes.Equal(answer.RecipientNonce, m.SenderNonce) {
			t.Fatalf("got %s %s, want success for the same transaction and nonce", answer.PKIStatus, answer.FailInfo)
		}
		certificate := answer.Certificate
		lint(t, a, certificate, clock.Now())

		i, err := identity(t, a, certificate)
		if err != nil || i.Attempt != "a1" || i.Person != "anna@example.org" || i.Enrollment != "" || !i.RevokedAt.IsZero() || !i.NotAfter.Equal(certificate.NotAfter) {
			t.Errorf("the identity is %+v, %v", i, err)
		}
		if n := count(t, a, `SELECT COUNT(*) FROM challenges`); n != 0 {
			t.Errorf("%d challenges are left, want none", n)
		}
		events, err := a.events.List(t.Context(), event.Query{Attempt: "a1"})
		if err != nil || len(events) != 1 || events[0].Kind != Issued || events[0].Actor != "phone" || events[0].Params["serial"] != i.Serial {
			t.Errorf("the timeline has %+v, %v", events, err)
		}

		// Some clients read no other identifier, and none needs DES.
		p7, err := pkcs7.Parse(reply)
		if err != nil {
			t.Fatal(err)
		}
		if got := p7.Signers[0].DigestEncryptionAlgorithm.Algorithm; !got.Equal(pkcs7.OIDEncryptionAlgorithmRSA) {
			t.Errorf("the answer is signed with %v", got)
		}
		if got := p7.Signers[0].DigestAlgorithm.Algorithm; !got.Equal(pkcs7.OIDDigestAlgorithmSHA256) {
			t.Errorf("the answer's digest is %v", got)
		}
		envelope, err := parseEnvelope(p7.Content)
		if err != nil || !envelope.Content.Algorithm.Algorithm.Equal(pkcs7.OIDEncryptionAlgorithmAES256CBC) {
			t.Errorf("the answer is enciphered with %v, %v", envelope.Content.Algorithm.Algorithm, err)
		}
	})
}

// lint holds an identity against what phones and our own rules want.
func lint(t *testing.T, a *Authority, c *x509.Certificate, now time.Time) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.device.certificate)
	if _, err := c.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Errorf("the identity does not verify: %v", err)
	}
	switch {
	case c.Subject.CommonName == "root" || slices.Contains(c.Subject.Organization, "Somebody else") || len(c.DNSNames) > 0:
		t.Errorf("the request named itself: %v %v", c.Subject, c.DNSNames)
	case strings.Contains(c.Subject.String(), "anna"):
		t.Errorf("the identity names the person: %v", c.Subject)
	case c.SerialNumber.BitLen() < 64:
		t.Errorf("the serial number has %d bits", c.SerialNumber.BitLen())
	case c.IsCA || len(c.ExtKeyUsage) != 1 || c.KeyUsage != x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment:
		t.Errorf("the identity may do something else: CA %v, %v, %v", c.IsCA, c.ExtKeyUsage, c.KeyUsage)
	case !c.NotAfter.Equal(now.Add(identityLife).Truncate(time.Second)):
		t.Errorf("the identity ends %v", c.NotAfter)
	case len(c.SubjectKeyId) == 0 || !bytes.Equal(c.AuthorityKeyId, a.device.certificate.SubjectKeyId):
		t.Error("the identity has no key identifiers")
	}
}

func TestChallengeIsSpentOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		challenge := newChallenge(t, a, anna)
		c := newClient(t, 0, challenge)
		first := c.ask(t, a)
		if first.PKIStatus != scep.SUCCESS {
			t.Fatalf("first use: %s", first.FailInfo)
		}
		// The answer was lost; the phone asks again, after a while, with a new message for the same key.
		clock.Add(2 * time.Hour)
		again := c.ask(t, a)
		if again.PKIStatus != scep.SUCCESS || !again.Certificate.Equal(first.Certificate) {
			t.Errorf("the same request again: %s, want the same certificate", again.FailInfo)
		}
		// Somebody else has seen the challenge.
		thief := newClient(t, 1, challenge)
		if got := thief.ask(t, a); got.PKIStatus != scep.FAILURE || got.FailInfo != scep.BadRequest {
			t.Errorf("another key with the spent challenge: %s %s", got.PKIStatus, got.FailInfo)
		}
		if n := count(t, a, `SELECT COUNT(*) FROM identities`); n != 1 {
			t.Errorf("%d identities, want one", n)
		}
		events, err := a.events.List(t.Context(), event.Query{Attempt: "a1", Kind: Refused})
		if err != nil || len(events) != 1 || events[0].Params["reason"] != "challenge" {
			t.Errorf("the theft left %+v, %v", events, err)
		}
		// Once revoked, the lost answer is not given any more.
		inTx(t, a, func(tx *db.Tx) error {
			if err := a.Bind(tx, fingerprint(first.Certificate), "E1"); err != nil {
				return err
			}
			return a.Revoke(tx, "E1")
		})
		if got := c.ask(t, a); got.PKIStatus != scep.FAILURE {
			t.Error("a revoked identity was given out again")
		}
	})
}

func TestSameRequestTwiceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, _ *dbtest.Clock) {
		c := newClient(t, 0, newChallenge(t, a, anna))
		messages := [][]byte{c.message(t, a).Raw, c.message(t, a).Raw, c.message(t, a).Raw, c.message(t, a).Raw}
		replies := make([][]byte, len(messages))
		var wait sync.WaitGroup
		for i := range messages {
			wait.Go(func() { replies[i] = post(t, a, messages[i]) })
		}
		wait.Wait()
		for i := range replies {
			if got := c.read(t, a, replies[i]); got.PKIStatus != scep.SUCCESS || !got.Certificate.Equal(c.read(t, a, replies[0]).Certificate) {
				t.Errorf("answer %d: %s, want the same certificate for all", i, got.FailInfo)
			}
		}
		if n := count(t, a, `SELECT COUNT(*) FROM identities`); n != 1 {
			t.Errorf("%d identities, want one", n)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *Authority, clock *dbtest.Clock) {
		expired := newChallenge(t, a, anna)
		clock.Add(time.Hour)
		small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		fresh := newChallenge(t, a, anna)
		with := func(change func(*client)) client {
			c := newClient(t, 0, fresh)
			change(&c)
			return c
		}
		for name, c := range map[string]struct {
			client client
			want   scep.FailInfo
		}{
			"expired challenge":      {newClient(t, 0, expired), scep.BadRequest},
			"made-up challenge":      {newClient(t, 0, "MADEUP"), scep.BadRequest},
			"no challenge":           {newClient(t, 0, ""), scep.BadRequest},
			"1024 bits":              {with(func(c *client) { c.key = rsaKey(t, 1024, 0) }), scep.BadAlg},
			"P-224":                  {with(func(c *client) { c.csrKey = small }), scep.BadAlg},
			"renewal by nobody":      {with(func(c *client) { c.kind, c.challenge = scep.RenewalReq, "" }), scep.BadRequest},
			"forged signature":       {with(func(c *client) { c.signerKey = rsaKey(t, 2048, 1) }), scep.BadMessageCheck},
			"a question, no request": {with(func(c *client) { c.kind = scep.GetCRL }), scep.BadRequest},
		} {
			reply := post(t, a, c.client.message(t, a).Raw)
			if got := c.client.read(t, a, reply); got.PKIStatus != scep.FAILURE || got.FailInfo != c.want {
				t.Errorf("%s: got status %s, %q; want failure %q", name, got.PKIStatus, string(got.FailInfo), string(c.want))
			}
		}
		if n := count(t, a, `SELECT COUNT(*) FROM identities`); n != 0 {
			t.Errorf("%d identities, want none", n)
		}
		if got := newClient(t, 0, fresh).ask(t, a); got.PKIStatus != scep.SUCCESS {
			t.Errorf("the refused requests used up the challenge: %s", got.FailInfo)
		}
	})
}

// What is no SCEP message has no sender to answer, and a message that cannot be decrypted never says why.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	a := open(t, dbtest.Open(t))
	var log bytes.Buffer
	a.log = slog.New(slog.NewTextHandler(&log, nil))
	reasoned := func(name string) {
		t.Helper()
		if !strings.Contains(log.String(), "err=") {
			t.Errorf("%s: the log gives no reason: %q", name, log.String())
		}
		log.Reset()
	}
	for name, body := range map[string][]byte{
		"nothing": {}, "text": []byte("hello"), "nested": nested(10_000), "a plain signature": signedInfo(t, newChain(t), machineInfo, pkcs7.OIDDigestAlgorithmSHA256),
	} {
		w := serve(a, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/scep?operation=PKIOperation", bytes.NewReader(body)))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", name, w.Code)
		}
		reasoned(name)
	}
	w := serve(a, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/scep?operation=PKIOperation", bytes.NewReader(make([]byte, maxRequest+1))))
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: got %d, want 413", w.Code)
	}
	reasoned("too large")
	w = serve(a, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/scep?operation=GetNextCACert", http.NoBody))
	if w.Code != http.StatusBadRequest {
		t.Errorf("an unknown operation: got %d, want 400", w.Code)
	}
	reasoned("an unknown operation")

	c := newClient(t, 0, "x")
	good, err := pkcs7.Encrypt(c.request(t).Raw, []*x509.Certificate{a.registration.certificate})
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := parseEnvelope(good)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at []byte, i int) []byte { // in a copy of the message, the byte where this part begins or ends
		bad := bytes.Clone(good)
		bad[bytes.Index(bad, at)+i] ^= 1
		return bad
	}
	text, key := envelope.Content.Content.Bytes, envelope.Recipients[0].EncryptedKey
	elsewhere, err := pkcs7.Encrypt(c.request(t).Raw, []*x509.Certificate{c.signer})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"the key altered":      flip(key, 20),
		"the padding altered":  flip(text, len(text)-1),
		"the content altered":  flip(text, 20),
		"for somebody else":    elsewhere,
		"no envelope":          []byte("hello"),
		"text in the envelope": must(pkcs7.Encrypt([]byte("hello"), []*x509.Certificate{a.registration.certificate})),
	} {
		if got := c.read(t, a, post(t, a, c.wrap(t, content))); got.FailInfo != scep.BadMessageCheck {
			t.Errorf("%s: got %q, want badMessageCheck", name, string(got.FailInfo))
		}
	}
}

// The ciphers that clients use, written by OpenSSL, in one piece and in pieces.
func TestCiphersOfClients(t *testing.T) {
	t.Parallel()
	a := open(t, dbtest.Open(t))
	for _, extra := range []string{"-aes128", "-aes192", "-aes256", "-des3", "-aes256 -stream"} {
		dir := t.TempDir()
		c := newClient(t, 0, newChallenge(t, a, anna))
		write(t, dir, "csr", c.request(t).Raw)
		writePEM(t, dir, "ra", phone{a.registration.certificate, a.registration.key.(*rsa.PrivateKey)})
		openssl(t, dir, append(append([]string{"cms", "-encrypt", "-binary", "-in", "csr", "-outform", "DER", "-out", "out"}, strings.Fields(extra)...), "ra.pem")...)
		if got := c.read(t, a, post(t, a, c.wrap(t, read(t, dir, "out")))); got.PKIStatus != scep.SUCCESS {
			t.Errorf("%s: %s", extra, got.FailInfo)
		}
	}
}

// GET and POST, the alphabets of base64, escaped or not, with the message in the query beside the body.
func TestWaysToSend(t *testing.T) {
	t.Parallel()
	a := open(t, dbtest.Open(t))
	c := newClient(t, 0, newChallenge(t, a, anna))
	der := c.message(t, a).Raw
	standard := base64.StdEncoding.EncodeToString(der)
	for len(der) < 1<<14 && !strings.ContainsAny(standard, "+") { // a message in which the alphabets differ
		der = c.message(t, a).Raw
		standard = base64.StdEncoding.EncodeToString(der)
	}
	const path = "/scep?operation=PKIOperation"
	lines := strings.Join(slices.Collect(chunks(standard, 64)), "\n")
	for name, r := range map[string]*http.Request{
		"GET, escaped":          httptest.NewRequestWithContext(t.Context(), http.MethodGet, path+"&message="+url.QueryEscape(standard), nil),
		"GET, raw":              get(t, path+"&message="+standard),
		"GET, URL alphabet":     get(t, path+"&message="+base64.URLEncoding.EncodeToString(der)),
		"GET, without padding":  get(t, path+"&message="+base64.RawURLEncoding.EncodeToString(der)),
		"GET, lines":            get(t, path+"&message="+url.QueryEscape(lines)),
		"GET, message first":    get(t, "/scep?message="+url.QueryEscape(standard)+"&operation=PKIOperation"),
		"GET, small letters":    get(t, "/scep?operation=pkioperation&message="+url.QueryEscape(standard)),
		"POST":                  httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(der)),
		"POST, base64":          httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(standard)),
		"POST, in the query":    httptest.NewRequestWithContext(t.Context(), http.MethodPost, path+"&message="+url.QueryEscape(standard), nil),
		"POST, in both places":  httptest.NewRequestWithContext(t.Context(), http.MethodPost, path+"&message="+url.QueryEscape(standard), bytes.NewReader(der)),
		"POST, something there": httptest.NewRequestWithContext(t.Context(), http.MethodPost, path+"&message=gatehouse", bytes.NewReader(der)),
	} {
		w := serve(a, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
			continue
		}
		if got := c.read(t, a, w.Body.Bytes()); got.PKIStatus != scep.SUCCESS {
			t.Errorf("%s: %s", name, got.FailInfo)
		}
	}
}

// Debian has a SCEP client that is not ours and not the library of these tests.
func TestScepclient(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("scepclient"); err != nil {
		t.Skip("the independent client is not installed (Debian: apt-get install scep)")
	}
	a := open(t, dbtest.Open(t))
	mux := http.NewServeMux()
	a.Routes(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	run := func(challenge Challenge) (string, error) {
		command := exec.CommandContext(t.Context(), "scepclient", "-server-url", server.URL+"/scep", "-challenge", string(challenge),
			"-private-key", filepath.Join(dir, "client.key"), "-certificate", filepath.Join(dir, "client.pem"))
		command.Dir = dir
		out, err := command.CombinedOutput()
		return string(out), err
	}
	if out, err := run(newChallenge(t, a, anna)); err != nil {
		t.Fatalf("scepclient: %v\n%s", err, out)
	}
	if i, err := identity(t, a, mustCertificate(read(t, dir, "client.pem"))); err != nil || i.Person != anna.Person {
		t.Errorf("the identity is %+v, %v", i, err)
	}
	dir = t.TempDir()
	if out, err := run("MADEUP"); err == nil {
		t.Errorf("scepclient was given a certificate for a made-up challenge:\n%s", out)
	}
}

func FuzzSCEP(f *testing.F) {
	a := open(f, dbtest.Open(f))
	c := newClient(f, 0, "MADEUP")
	f.Add(c.message(f, a).Raw)
	f.Add([]byte(base64.StdEncoding.EncodeToString(c.message(f, a).Raw)))
	f.Add(c.wrap(f, must(pkcs7.Encrypt([]byte("no request"), []*x509.Certificate{a.registration.certificate}))))
	f.Add(c.wrap(f, []byte{0x30, 0x80, 0, 0}))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := serve(a, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/scep?operation=PKIOperation", bytes.NewReader(b)))
		body, _ := io.ReadAll(w.Body)
		switch w.Code {
		case http.StatusOK:
			if m := c.read(t, a, body); m.PKIStatus != scep.FAILURE {
				t.Errorf("a certificate for a made-up challenge")
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("got %d", w.Code)
		}
	})
}
