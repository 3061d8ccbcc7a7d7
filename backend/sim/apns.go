package sim

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// APNsOptions describe a push service.
type APNsOptions struct {
	// KnownTokensOnly refuses tokens that no phone listens for with BadDeviceToken; else every token is accepted.
	KnownTokensOnly bool
}

// APNs is Apple's push service as far as device management uses it: HTTP/2 over TLS with a client certificate, one push a
// request, answers as in Apple's paper “Handling notification responses from APNs”. It looks at every header and at the
// body, and wakes the phone that owns the token.
type APNs struct {
	o      APNsOptions
	ca     *x509.Certificate
	key    *ecdsa.PrivateKey
	server *http.Server
	addr   string
	done   chan struct{}

	mu      sync.Mutex
	phones  map[string]func(magic string)
	kept    map[string]string     // magic of the last push to a token that nobody listens for
	answers map[string]pushAnswer // by token in hexadecimal; "" for everybody
	log     []PushRecord
	goAway  bool
	revoked bool
	serial  int64
}

type pushAnswer struct {
	status int
	reason string
	since  time.Time
}

// PushRecord is one request to the push service.
type PushRecord struct {
	At         time.Time
	Token      []byte
	Topic      string
	Magic      string
	ID         string
	Expiration string
	Priority   string
	Status     int
	Reason     string
	Connection string
	Complaint  string // what Apple's papers forbid although the service takes it
}

// NewAPNs starts a push service on loopback.
func NewAPNs(o APNsOptions) (*APNs, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("start push service: %w", err)
	}
	a := &APNs{o: o, key: key, done: make(chan struct{}), phones: map[string]func(string){}, kept: map[string]string{}, answers: map[string]pushAnswer{}}
	now := time.Now()
	if a.ca, err = a.certificate(&x509.Certificate{
		Subject:   pkix.Name{CommonName: "Simulated Push Authority"},
		NotBefore: now.AddDate(-20, 0, 0), NotAfter: now.AddDate(20, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, &key.PublicKey); err != nil {
		return nil, fmt.Errorf("start push service: %w", err)
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("start push service: %w", err)
	}
	leaf, err := a.certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &serverKey.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("start push service: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start push service: %w", err)
	}
	a.addr = listener.Addr().String()
	clients := x509.NewCertPool()
	clients.AddCert(a.ca)
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	a.server = &http.Server{
		Handler: a, ReadHeaderTimeout: 10 * time.Second, Protocols: protocols,
		ErrorLog: discardLog(),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: serverKey}},
			ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12,
		},
	}
	go func() {
		defer close(a.done)
		_ = a.server.ServeTLS(listener, "", "") // ends with Close
	}()
	return a, nil
}

// Close stops the service and waits for its end.
func (a *APNs) Close() error {
	err := a.server.Close()
	<-a.done
	return err
}

// URL is the address to push to, without a path.
func (a *APNs) URL() string { return "https://" + a.addr }

// CAPEM is the authority behind the service and its push certificates.
func (a *APNs) CAPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.ca.Raw})
}

// Roots trusts the service.
func (a *APNs) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.ca)
	return pool
}

// NewPushCertificate issues an MDM push certificate for a topic; zero notAfter means a year.
func (a *APNs) NewPushCertificate(topic string, notAfter time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := phoneKeys.take()
	if err != nil {
		return nil, nil, err
	}
	if notAfter.IsZero() {
		notAfter = time.Now().AddDate(1, 0, 0)
	}
	leaf, err := a.certificate(&x509.Certificate{
		Subject: pkix.Name{Country: []string{"US"}, ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: userID, Value: topic}, {Type: shortNames["CN"], Value: "APSP:" + topic},
		}},
		NotBefore: notAfter.AddDate(-1, 0, 0), NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, &key.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("issue push certificate: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("issue push certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func (a *APNs) certificate(template *x509.Certificate, public any) (*x509.Certificate, error) {
	a.mu.Lock()
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	a.mu.Unlock()
	parent := a.ca
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// OnPush registers the phone that owns a token: fn is called with the magic of each push, and with that of the last one
// before if nobody listened then, since Apple keeps it for a phone that is off. Nil ends it: from then on the token is
// unregistered.
func (a *APNs) OnPush(token []byte, fn func(magic string)) {
	if magic, waits := a.register(hex.EncodeToString(token), fn); waits {
		fn(magic)
	}
}

func (a *APNs) register(name string, fn func(magic string)) (magic string, waits bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	magic, waits = a.kept[name]
	delete(a.kept, name)
	if fn == nil {
		delete(a.phones, name)
		a.answers[name] = pushAnswer{http.StatusGone, "Unregistered", time.Now()}
		return "", false
	}
	delete(a.answers, name)
	a.phones[name] = fn
	return magic, waits
}

// Answer makes the service answer a token, or with nil everybody, in a certain way; status 0 ends it.
func (a *APNs) Answer(token []byte, status int, reason string) {
	a.AnswerSince(token, status, reason, time.Now())
}

// AnswerSince is Answer with the time since when a token is dead (410).
func (a *APNs) AnswerSince(token []byte, status int, reason string, since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if status == 0 {
		delete(a.answers, hex.EncodeToString(token))
		return
	}
	a.answers[hex.EncodeToString(token)] = pushAnswer{status, reason, since}
}

// GoAway makes the service end each connection after its next answer, as Apple does when it restarts a machine.
func (a *APNs) GoAway() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.goAway = true
}

// Revoke makes the service refuse every push certificate, as after a revocation in the portal.
func (a *APNs) Revoke(revoked bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revoked = revoked
}

// Log is every request so far.
func (a *APNs) Log() []PushRecord {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.log)
}

// ServeHTTP answers one push.
func (a *APNs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	record := PushRecord{
		At: time.Now(), Topic: r.Header.Get("apns-topic"), ID: r.Header.Get("apns-id"),
		Expiration: r.Header.Get("apns-expiration"), Priority: r.Header.Get("apns-priority"), Connection: r.RemoteAddr,
	}
	if record.ID == "" {
		record.ID = rand.Text()
	}
	answer := a.judge(r, body, &record)
	record.Status, record.Reason = answer.status, answer.reason

	a.mu.Lock()
	a.log = append(a.log, record)
	name := hex.EncodeToString(record.Token)
	wake := a.phones[name]
	if wake == nil && answer.status == http.StatusOK {
		a.kept[name] = record.Magic
	}
	if a.goAway {
		w.Header().Set("Connection", "close") // net/http says GOAWAY for it
		a.goAway = false
	}
	a.mu.Unlock()

	w.Header().Set("apns-id", record.ID)
	if answer.status != http.StatusOK {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.status)
		document := map[string]any{"reason": answer.reason}
		if answer.status == http.StatusGone {
			document["timestamp"] = answer.since.UnixMilli()
		}
		_ = json.NewEncoder(w).Encode(document) // whoever does not listen misses it
		return
	}
	w.WriteHeader(http.StatusOK)
	if wake != nil {
		wake(record.Magic)
	}
}

// judge looks at a push in the order in which Apple's service is known to complain.
func (a *APNs) judge(r *http.Request, body []byte, record *PushRecord) pushAnswer {
	bad := func(status int, reason string) pushAnswer { return pushAnswer{status: status, reason: reason} }
	a.mu.Lock()
	revoked, everybody := a.revoked, a.answers[""]
	a.mu.Unlock()
	if revoked {
		return bad(http.StatusForbidden, "BadCertificate")
	}
	if r.Method != http.MethodPost {
		return bad(http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
	token, ok := strings.CutPrefix(r.URL.Path, "/3/device/")
	if !ok {
		return bad(http.StatusNotFound, "BadPath")
	}
	if token == "" {
		return bad(http.StatusBadRequest, "MissingDeviceToken")
	}
	raw, err := hex.DecodeString(token)
	if err != nil || len(raw) < 16 {
		return bad(http.StatusBadRequest, "BadDeviceToken")
	}
	if token != strings.ToLower(token) {
		record.Complaint = "the token is not in lower case"
	}
	record.Token = raw
	switch topic := topicOf(r.TLS.PeerCertificates[0]); {
	case record.Topic == "":
		return bad(http.StatusBadRequest, "MissingTopic")
	case record.Topic != topic:
		return bad(http.StatusBadRequest, "TopicDisallowed")
	}
	if r.Header.Get("apns-push-type") != "mdm" {
		return bad(http.StatusBadRequest, "InvalidPushType")
	}
	if n, err := strconv.ParseInt(record.Expiration, 10, 64); record.Expiration != "" && (err != nil || n < 0) {
		return bad(http.StatusBadRequest, "BadExpirationDate")
	}
	if record.Priority != "" && !slices.Contains([]string{"1", "5", "10"}, record.Priority) {
		return bad(http.StatusBadRequest, "BadPriority")
	}
	if id := r.Header.Get("apns-id"); id != "" && !isUUID(id) {
		return bad(http.StatusBadRequest, "BadMessageId")
	}
	switch {
	case len(body) == 0:
		return bad(http.StatusBadRequest, "PayloadEmpty")
	case len(body) > 4096:
		return bad(http.StatusRequestEntityTooLarge, "PayloadTooLarge")
	}
	record.Magic, record.Complaint = readPush(body, record.Complaint)

	a.mu.Lock()
	defer a.mu.Unlock()
	if answer, there := a.answers[hex.EncodeToString(raw)]; there {
		return answer
	}
	if everybody.status != 0 {
		return everybody
	}
	if a.o.KnownTokensOnly && a.phones[hex.EncodeToString(raw)] == nil {
		return bad(http.StatusBadRequest, "BadDeviceToken")
	}
	return pushAnswer{status: http.StatusOK}
}

// readPush reads the body, in which nothing but the magic belongs (docs/PROTOCOL.md, 7).
func readPush(body []byte, complaint string) (magic, _ string) {
	var document map[string]any
	if err := json.Unmarshal(body, &document); err != nil {
		return "", "the body is no JSON object"
	}
	magic, _ = document["mdm"].(string)
	switch {
	case magic == "":
		complaint = "the body has no mdm"
	case len(document) != 1:
		complaint = "the body has more than mdm"
	}
	return magic, complaint
}

func topicOf(c *x509.Certificate) string {
	for _, name := range c.Subject.Names {
		if name.Type.Equal(userID) {
			text, _ := name.Value.(string)
			return text
		}
	}
	return ""
}

func isUUID(s string) bool {
	raw, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return err == nil && len(raw) == 16 && len(s) == 36
}
