package apns_test

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend/apns"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/db/dbtest"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/sim"
)

const topic = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555"

func service(t *testing.T) *sim.APNs {
	t.Helper()
	a, err := sim.NewAPNs(sim.APNsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func bundle(t *testing.T, a *sim.APNs, topic string, notAfter time.Time) apns.Bundle {
	t.Helper()
	certificate, key, err := a.NewPushCertificate(topic, notAfter)
	if err != nil {
		t.Fatal(err)
	}
	b, err := apns.Parse(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// client has imported a certificate of the service.
func client(t *testing.T, d *db.DB, a *sim.APNs) *apns.Client {
	t.Helper()
	c := apns.New(d, event.New(d), apns.Options{URL: a.URL(), Roots: a.Roots()})
	if _, _, err := c.Import(t.Context(), bundle(t, a, topic, time.Time{}), "it@example.org", false); err != nil {
		t.Fatal(err)
	}
	return c
}

func push(n int) apns.Push {
	return apns.Push{Token: bytes.Repeat([]byte{0xAB, byte(n)}, 16), Magic: fmt.Sprintf("magic \"%d\"", n), Topic: topic}
}

func TestPushIsWhatAppleDocuments(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := service(t)
		c := client(t, d, a)
		r, err := c.Send(t.Context(), push(1))
		if err != nil || r.Outcome != apns.Accepted || r.Status != 200 {
			t.Fatalf("got %+v, %v", r, err)
		}
		got := a.Log()[0]
		if got.Complaint != "" || got.Topic != topic || got.Magic != `magic "1"` || got.Priority != "10" {
			t.Errorf("the service saw %+v", got)
		}
		expires, _ := strconv.ParseInt(got.Expiration, 10, 64)
		if want := d.Now().Add(7 * 24 * time.Hour).Unix(); expires < want-60 || expires > want+60 {
			t.Errorf("expires at %d, want in a week: %d", expires, want)
		}
	})
}

func TestPushesShareOneConnection(t *testing.T) {
	t.Parallel()
	a := service(t)
	c := client(t, dbtest.Open(t), a)
	send := func(n int) {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				if r, err := c.Send(t.Context(), push(i)); err != nil || r.Outcome != apns.Accepted {
					t.Errorf("push %d: %+v, %v", i, r, err)
				}
			})
		}
		all.Wait()
	}
	send(40)
	send(40)
	connections := map[string]bool{}
	for _, r := range a.Log() {
		connections[r.Connection] = true
	}
	if len(connections) != 1 {
		t.Errorf("80 pushes took %d connections, want 1", len(connections))
	}
	a.GoAway()
	send(1)
	send(5)
}

func TestAnswersMeanWhatAppleSays(t *testing.T) {
	t.Parallel()
	a := service(t)
	c := client(t, dbtest.Open(t), a)
	since := time.UnixMilli(1700000000000)
	for i, x := range []struct {
		status int
		reason string
		want   apns.Outcome
	}{
		{400, "BadDeviceToken", apns.Refused},
		{400, "DeviceTokenNotForTopic", apns.Refused},
		{400, "TopicDisallowed", apns.BadCertificate},
		{403, "BadCertificateEnvironment", apns.BadCertificate},
		{410, "Unregistered", apns.Gone},
		{413, "PayloadTooLarge", apns.Refused},
		{429, "TooManyRequests", apns.Later},
		{500, "InternalServerError", apns.Later},
		{503, "Shutdown", apns.Later},
	} {
		p := push(i)
		a.AnswerSince(p.Token, x.status, x.reason, since)
		r, err := c.Send(t.Context(), p)
		if err != nil || r.Outcome != x.want || r.Status != x.status || r.Reason != x.reason {
			t.Errorf("%d %s: %+v, %v; want %s", x.status, x.reason, r, err, x.want)
		}
		if x.status == 410 && !r.Since.Equal(since) {
			t.Errorf("410: since %v, want %v", r.Since, since)
		}
	}
}

func TestTroubleWithTheCertificateIsAFinding(t *testing.T) {
	t.Parallel()
	clock := &dbtest.Clock{}
	d := dbtest.Open(t, dbtest.At(clock))
	a := service(t)
	c := apns.New(d, event.New(d), apns.Options{URL: a.URL(), Roots: a.Roots()})
	finding := func(code string, level event.Level) {
		t.Helper()
		if f := c.Health(t.Context()); len(f) != 1 || f[0].Code != code || f[0].Level != level {
			t.Errorf("health %+v, want %s", f, code)
		}
	}
	outcome := func(want apns.Outcome) {
		t.Helper()
		if r, err := c.Send(t.Context(), push(1)); err != nil || r.Outcome != want {
			t.Errorf("send: %+v, %v; want %s", r, err, want)
		}
	}
	finding("push_certificate_missing", event.Attention)
	outcome(apns.BadCertificate)

	clock.Add(time.Since(clock.Now())) // the service looks at the real time
	end := clock.Now().Add(300 * 24 * time.Hour)
	if _, _, err := c.Import(t.Context(), bundle(t, a, topic, end), "it@example.org", false); err != nil {
		t.Fatal(err)
	}
	finding("push_certificate_good", event.Good)
	outcome(apns.Accepted)
	if r, err := c.Send(t.Context(), apns.Push{Token: push(1).Token, Magic: "m", Topic: "com.apple.mgmt.other"}); err != nil || r.Outcome != apns.BadCertificate {
		t.Errorf("a phone of another topic: %+v, %v", r, err)
	}
	finding("push_certificate_good", event.Good)

	a.Revoke(true)
	outcome(apns.BadCertificate)
	finding("push_certificate_refused", event.Broken)
	a.Revoke(false)
	outcome(apns.Accepted)
	finding("push_certificate_good", event.Good)

	for _, x := range []struct {
		before time.Duration
		within string
	}{{59, "60"}, {29, "30"}, {13, "14"}, {6, "7"}} {
		clock.Add(end.Add(-x.before*24*time.Hour - time.Hour).Sub(clock.Now()))
		finding("push_certificate_expiring", event.Attention)
		if p := c.Health(t.Context())[0].Params; p["within"] != x.within || p["account"] != "it@example.org" {
			t.Errorf("%d days before: %v, want within %s and the account", x.before, p, x.within)
		}
	}
	clock.Add(8 * 24 * time.Hour)
	finding("push_certificate_expired", event.Broken)
	outcome(apns.BadCertificate)
}

// TestStrangersCertificate: a service that does not know who issued ours ends the handshake.
func TestStrangersCertificate(t *testing.T) {
	t.Parallel()
	a, other := service(t), service(t)
	d := dbtest.Open(t)
	c := apns.New(d, event.New(d), apns.Options{URL: a.URL(), Roots: a.Roots()})
	if _, _, err := c.Import(t.Context(), bundle(t, other, topic, time.Time{}), "it@example.org", false); err != nil {
		t.Fatal(err)
	}
	for range 20 { // the alert can lose the race against the end of the connection
		r, err := c.Send(t.Context(), push(1))
		if err != nil {
			t.Fatal(err)
		}
		if r.Outcome == apns.BadCertificate {
			if f := c.Health(t.Context()); f[0].Code != "push_certificate_refused" {
				t.Errorf("health %+v, want the refusal", f)
			}
			return
		}
	}
	t.Error("twenty pushes with a stranger's certificate, and no word of it")
}

func TestServiceThatIsNotThere(t *testing.T) {
	t.Parallel()
	a := service(t)
	d := dbtest.Open(t)
	client(t, d, a)
	var log bytes.Buffer
	c := apns.New(d, event.New(d), apns.Options{URL: a.URL(), Roots: a.Roots(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	p := push(1)
	if r, err := c.Send(t.Context(), p); err != nil || r.Outcome != apns.Later {
		t.Errorf("got %+v, %v; want later", r, err)
	}
	if said := log.String(); !strings.Contains(said, "not reached") || strings.Contains(said, hex.EncodeToString(p.Token)) {
		t.Errorf("the log says %q; want that the service was not reached, without the phone's token", said)
	}
}

// startNginx starts the testbed's push service for one test, and gives its address and the folder of its certificates.
func startNginx(t *testing.T) (address, folder string) {
	t.Helper()
	script, err := filepath.Abs("../../../shared/testbed/apns.sh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil {
		t.Skip("there is no testbed beside the project")
	}
	if _, err := exec.LookPath("nginx"); err != nil {
		if _, err := os.Stat("/usr/sbin/nginx"); err != nil {
			t.Skip("nginx is not installed: apt install nginx-light")
		}
	}
	folder, err = os.MkdirTemp("", "gatehouse-apns-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })      //nolint:errcheck // a temporary folder
	if err := os.Chmod(folder, 0o755); err != nil { //nolint:gosec // nginx runs as another user, who must get in
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) //nolint:errcheck // a listener's own address
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	run := func(verb string) ([]byte, error) {
		c := exec.Command(script, verb) //nolint:noctx // it outlives the call that starts it
		c.Env = append(os.Environ(), "TESTBED="+folder, "APNS_PORT="+port)
		return c.CombinedOutput()
	}
	if out, err := run("start"); err != nil {
		t.Fatalf("start the push service: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := run("stop"); err != nil {
			t.Errorf("stop the push service: %v\n%s", err, out)
		}
	})
	return "https://localhost:" + port, folder
}

// TestNginx runs against a push service that nobody of this project wrote.
func TestNginx(t *testing.T) {
	t.Parallel()
	address, folder := startNginx(t)
	roots := x509.NewCertPool()
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	roots.AppendCertsFromPEM(read("ca/ca.pem"))
	b, err := apns.Parse(read("apns/push.pem"), read("apns/push.key"))
	if err != nil {
		t.Fatal(err)
	}
	d := dbtest.Open(t)
	c := apns.New(d, event.New(d), apns.Options{URL: address, Roots: roots})
	info, warnings, err := c.Import(t.Context(), b, "it@example.org", false)
	if err != nil || len(warnings) != 1 || warnings[0] != apns.NotApple {
		t.Fatalf("import: %+v, %v, %v", info, warnings, err)
	}
	for begin, want := range map[string]apns.Outcome{
		"00": apns.Accepted, "41": apns.Gone, "40": apns.Refused, "403": apns.BadCertificate, "42": apns.Later, "50": apns.Later, "444": apns.Later,
	} {
		token := map[string]string{"00": "0000", "41": "4100", "40": "4000", "403": "4030", "42": "4290", "50": "5000", "444": "4440"}[begin]
		raw := make([]byte, 32)
		if _, err := fmt.Sscanf(token, "%02x%02x", &raw[0], &raw[1]); err != nil {
			t.Fatal(err)
		}
		r, err := c.Send(t.Context(), apns.Push{Token: raw, Magic: "magic", Topic: info.Topic})
		if err != nil || r.Outcome != want {
			t.Errorf("token %s…: %+v, %v; want %s", token, r, err, want)
		}
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	a := service(t)
	b := bundle(t, a, topic, time.Time{})
	for _, s := range []string{fmt.Sprint(b), fmt.Sprintf("%+v", b), fmt.Sprintf("%v", push(1).LogValue())} {
		if strings.Contains(s, "PRIVATE KEY") || strings.Contains(s, "magic") {
			t.Errorf("printed %q", s)
		}
	}
}
