package sim

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const topic = "com.apple.mgmt.External.3b0c8f0e-0000-4000-8000-1234567890ab"

func pusher(t *testing.T, a *APNs, topic string) *http.Client {
	t.Helper()
	certificate, key, err := a.NewPushCertificate(topic, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: a.Roots(), Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestPushService(t *testing.T) {
	t.Parallel()
	a, err := NewAPNs(APNsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	client := pusher(t, a, topic)
	token := bytes.Repeat([]byte{0xAB}, 32)
	woken := make(chan string, 1)
	a.OnPush(token, func(magic string) { woken <- magic })
	path := "/3/device/" + hex.EncodeToString(token)

	push := func(path, body string, headers ...string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("apns-push-type", "mdm")
		r.Header.Set("apns-topic", topic)
		r.Header.Set("apns-expiration", "1800000000")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(answer)
	}

	if status, answer := push(path, `{"mdm":"m"}`); status != 200 {
		t.Fatalf("a good push: %d %s", status, answer)
	}
	if magic := <-woken; magic != "m" {
		t.Errorf("the phone was woken with %q", magic)
	}
	for name, c := range map[string]struct {
		path, body string
		headers    []string
		status     int
		reason     string
	}{
		"no topic":    {path, `{"mdm":"m"}`, []string{"apns-topic", ""}, 400, "MissingTopic"},
		"other topic": {path, `{"mdm":"m"}`, []string{"apns-topic", "com.apple.mgmt.other"}, 400, "TopicDisallowed"},
		"push type":   {path, `{"mdm":"m"}`, []string{"apns-push-type", "alert"}, 400, "InvalidPushType"},
		"expiration":  {path, `{"mdm":"m"}`, []string{"apns-expiration", "soon"}, 400, "BadExpirationDate"},
		"priority":    {path, `{"mdm":"m"}`, []string{"apns-priority", "3"}, 400, "BadPriority"},
		"id":          {path, `{"mdm":"m"}`, []string{"apns-id", "1"}, 400, "BadMessageId"},
		"no body":     {path, ``, nil, 400, "PayloadEmpty"},
		"much body":   {path, strings.Repeat(" ", 4097), nil, 413, "PayloadTooLarge"},
		"no token":    {"/3/device/zz", `{"mdm":"m"}`, nil, 400, "BadDeviceToken"},
		"other path":  {"/2/device/ab", `{"mdm":"m"}`, nil, 404, "BadPath"},
	} {
		if status, answer := push(c.path, c.body, c.headers...); status != c.status || !strings.Contains(answer, c.reason) {
			t.Errorf("%s: %d %s, want %d %s", name, status, answer, c.status, c.reason)
		}
	}
	push(path, `{"mdm":"m","aps":{}}`)
	if log := a.Log(); log[len(log)-1].Complaint == "" {
		t.Error("a body with aps raised no complaint")
	}
	<-woken
	a.OnPush(token, nil)
	if status, answer := push(path, `{"mdm":"m"}`); status != 410 || !strings.Contains(answer, `"timestamp"`) {
		t.Errorf("a phone that left: %d %s", status, answer)
	}
	later := bytes.Repeat([]byte{0xCD}, 32)
	for _, magic := range []string{"first", "last"} {
		if status, answer := push("/3/device/"+hex.EncodeToString(later), `{"mdm":"`+magic+`"}`); status != 200 {
			t.Errorf("a push to a phone that is off: %d %s", status, answer)
		}
	}
	a.OnPush(later, func(magic string) { woken <- magic })
	if len(woken) != 1 || <-woken != "last" {
		t.Error("a phone that is on again does not get the last push, and that alone")
	}
	a.OnPush(token, func(string) {})
	before := a.Log()[0].Connection
	a.GoAway()
	push(path, `{"mdm":"m"}`)
	push(path, `{"mdm":"m"}`)
	if log := a.Log(); log[len(log)-1].Connection == before {
		t.Error("after GOAWAY the old connection is still used")
	}
}

func TestPushServiceWantsItsCertificate(t *testing.T) {
	t.Parallel()
	a, err := NewAPNs(APNsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: a.Roots(), MinVersion: tls.VersionTLS12}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+"/3/device/ab", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := (&http.Client{Transport: transport}).Do(r); err == nil {
		resp.Body.Close()
		t.Error("a push without a certificate was answered")
	}
}
