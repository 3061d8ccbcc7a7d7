package apns

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// URL is Apple's push service.
const URL = "https://api.push.apple.com"

const (
	sendTime = 20 * time.Second
	// keptFor is how long Apple may keep a push for a phone that is off. A week is how often a phone is woken at least.
	keptFor     = 7 * 24 * time.Hour
	answerLimit = 4096
)

// Options say where pushes go. The zero value is Apple.
type Options struct {
	URL   string
	Roots *x509.CertPool // whom to trust as push service; nil is the system's authorities
	Log   *slog.Logger
}

// Client sends pushes with the certificate that was imported last. It is safe for use from many goroutines.
type Client struct {
	db     *db.DB
	events *event.Log
	url    string
	roots  *x509.CertPool
	log    *slog.Logger
	guards []func(tx *db.Tx, oldTopic, newTopic string) error

	mu        sync.Mutex
	wire      *wire  // guarded by mu; the connection for the certificate in use
	complaint string // guarded by mu; what Apple said of that certificate last, "" when it was content
}

// wire is the connection that belongs to one certificate.
type wire struct {
	id       string
	topic    string
	notAfter time.Time
	http     *http.Client
}

// New makes a client. It opens no connection before the first push.
func New(d *db.DB, l *event.Log, o Options) *Client {
	c := &Client{db: d, events: l, url: o.URL, roots: o.Roots, log: o.Log}
	if c.url == "" {
		c.url = URL
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Push is one call to wake a phone, with what its last TokenUpdate said.
type Push struct {
	Token []byte
	Magic string
	Topic string
}

// LogValue keeps token and magic out of logs.
func (p Push) LogValue() slog.Value { return slog.StringValue("[push to " + p.Topic + "]") }

// Outcome is what an answer means for the next attempt.
type Outcome string

// What a push can come to.
const (
	// Accepted: Apple has it. Whether the phone gets it, nobody says.
	Accepted Outcome = "accepted"
	// Later: not now; try again after a pause.
	Later Outcome = "later"
	// Gone: nobody listens under this token since [Result.Since], which counts only if the token is older.
	Gone Outcome = "gone"
	// Refused: this token is not good; wait for the phone's next TokenUpdate.
	Refused Outcome = "refused"
	// BadCertificate: ours is missing, expired, revoked or for another topic. No push works until somebody acts.
	BadCertificate Outcome = "certificate"
)

// Result is the answer to one push. Status is 0 when there was no HTTP answer.
type Result struct {
	Outcome Outcome
	Status  int
	Reason  string
	Since   time.Time
}

// Send makes one attempt to wake a phone. An error means that the question could not even be put: the database failed
// or the context ended.
func (c *Client) Send(ctx context.Context, p Push) (Result, error) {
	w, err := c.current(ctx)
	if errors.Is(err, ErrNoCertificate) {
		return Result{Outcome: BadCertificate, Reason: "NoCertificate"}, nil
	}
	if err != nil {
		return Result{}, fmt.Errorf("send push: %w", err)
	}
	if !c.db.Now().Before(w.notAfter) {
		return Result{Outcome: BadCertificate, Reason: "CertificateExpired"}, nil
	}
	if p.Topic != w.topic {
		// The phone enrolled under another certificate. Apple would say TopicDisallowed, of ours and not of this one.
		return Result{Outcome: BadCertificate, Reason: "OtherTopic"}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	r, err := c.request(ctx, p)
	if err != nil {
		return Result{}, fmt.Errorf("send push: %w", err)
	}
	answer, err := w.http.Do(r)
	if err != nil {
		return c.noAnswer(ctx, w, err), nil
	}
	defer answer.Body.Close()
	result := read(answer)
	c.remember(ctx, w, result)
	return result, nil
}

func (c *Client) request(ctx context.Context, p Push) (*http.Request, error) {
	body, err := json.Marshal(struct {
		MDM string `json:"mdm"`
	}{p.Magic})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/3/device/"+hex.EncodeToString(p.Token), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("apns-push-type", "mdm")
	r.Header.Set("apns-topic", p.Topic)
	r.Header.Set("apns-priority", "10") // at once; Apple's default, said aloud
	r.Header.Set("apns-expiration", strconv.FormatInt(c.db.Now().Add(keptFor).Unix(), 10))
	return r, nil
}

// read says what Apple's answer means; the table stands in docs/PROTOCOL.md.
func read(answer *http.Response) Result {
	r := Result{Status: answer.StatusCode}
	var body struct {
		Reason    string `json:"reason"`
		Timestamp int64  `json:"timestamp"`
	}
	if b, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit)); err == nil {
		_ = json.Unmarshal(b, &body) // without a reason the status decides alone
	}
	r.Reason = body.Reason
	switch {
	case r.Status == http.StatusOK:
		r.Outcome = Accepted
	case r.Status == http.StatusGone:
		r.Outcome = Gone
		r.Since = db.Time(body.Timestamp)
	case r.Status == http.StatusForbidden:
		r.Outcome = BadCertificate
	case r.Status == http.StatusBadRequest && (r.Reason == "TopicDisallowed" || r.Reason == "BadCertificate" || r.Reason == "BadCertificateEnvironment"):
		r.Outcome = BadCertificate
	case r.Status == http.StatusTooManyRequests || r.Status >= 500:
		r.Outcome = Later
	default:
		r.Outcome = Refused
	}
	return r
}

// noAnswer tells a refused certificate from a network that is not there: the first needs a person, the second time.
func (c *Client) noAnswer(ctx context.Context, w *wire, err error) Result {
	// crypto/tls marks what the other side complains of with this word. In a handshake that has come so far, a service
	// has nothing to complain of but our certificate.
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		r := Result{Outcome: BadCertificate, Reason: op.Err.Error()}
		c.remember(ctx, w, r)
		return r
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // without the address, which has the phone's token in it
	}
	c.log.InfoContext(ctx, "push service not reached", "err", err)
	return Result{Outcome: Later, Reason: "NoAnswer"}
}

// remember keeps what Apple thinks of the certificate where [Client.Health] finds it, when it changes.
func (c *Client) remember(ctx context.Context, w *wire, r Result) {
	complaint := ""
	switch r.Outcome {
	case BadCertificate:
		complaint = r.Reason
		if complaint == "" {
			complaint = strconv.Itoa(r.Status)
		}
	case Accepted:
	default:
		return // says nothing about the certificate
	}
	c.mu.Lock()
	same := c.complaint == complaint
	c.complaint = complaint
	c.mu.Unlock()
	if same {
		return
	}
	err := c.db.Update(ctx, func(tx *db.Tx) error { return storeComplaint(tx, w.id, complaint) })
	if err != nil {
		c.log.ErrorContext(ctx, "push certificate's complaint not stored", "complaint", complaint, "err", err)
	}
}

// current is the connection for the certificate that counts now. It notices an import by another process.
func (c *Client) current(ctx context.Context) (*wire, error) {
	c.mu.Lock()
	last := c.wire
	c.mu.Unlock()
	var s stored
	err := c.db.View(ctx, func(tx *db.Tx) (err error) {
		if s, err = newest(tx); err != nil || last != nil && last.id == s.id {
			return err
		}
		return s.fill(tx)
	})
	if err != nil {
		return nil, err
	}
	if last != nil && last.id == s.id {
		return last, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wire != nil && c.wire.id == s.id {
		return c.wire, nil
	}
	w, err := c.open(s)
	if err != nil {
		return nil, err
	}
	if c.wire != nil {
		c.wire.http.CloseIdleConnections()
	}
	c.wire, c.complaint = w, s.complaint
	return w, nil
}

func (c *Client) open(s stored) (*wire, error) {
	key, err := c.db.Unseal(s.place(), s.key)
	if err != nil {
		return nil, fmt.Errorf("open push certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(s.chain, key)
	if err != nil {
		return nil, fmt.Errorf("open push certificate: %w", err)
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	return &wire{id: s.id, topic: s.Topic, notAfter: s.NotAfter, http: &http.Client{Transport: &http.Transport{
		Protocols:           &protocols,
		MaxConnsPerHost:     1, // Apple wants one connection that stays
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     time.Hour,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: time.Minute, PingTimeout: 15 * time.Second},
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{
			MinVersion:   tls.VersionTLS12,
			RootCAs:      c.roots,
			Certificates: []tls.Certificate{pair},
		},
	}}}, nil
}
