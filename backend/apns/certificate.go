package apns

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Imported is the event of a new push certificate.
const Imported event.Kind = "push_certificate.imported"

// ErrNoCertificate says that no push certificate was imported yet.
var ErrNoCertificate = errors.New("apns: no push certificate")

// ErrTopicChanged refuses a certificate whose topic is not the one that enrolled phones listen to.
type ErrTopicChanged struct {
	Have, Got   string
	Enrollments int // how many phones would be cut off
}

func (e *ErrTopicChanged) Error() string {
	return fmt.Sprintf("this certificate is for another topic (%s, not %s): %d enrolled phones would never be woken again and would have to enroll anew; "+
		"renew the old certificate under the same Apple account instead", e.Got, e.Have, e.Enrollments)
}

// Certificate is what may be shown of a push certificate.
type Certificate struct {
	Topic      string
	Account    string // the Apple account that made it; whoever renews needs it
	Issuer     string
	NotBefore  time.Time
	NotAfter   time.Time
	ImportedAt time.Time
}

// Warning is the code of something odd about a certificate that works all the same.
type Warning string

// The warnings of an import.
const (
	NotApple    Warning = "not_issued_by_apple" // good for tests and rehearsals; real phones are not woken with it
	ExpiresSoon Warning = "expires_soon"
	NoAccount   Warning = "no_account" // nobody will know under which account to renew it
)

// Guard adds a function that is asked before a certificate with another topic takes the place of the present one. Its
// error refuses the import.
func (c *Client) Guard(fn func(tx *db.Tx, oldTopic, newTopic string) error) {
	c.guards = append(c.guards, fn)
}

// Import stores a certificate and uses it from now on. With force it does so even if a guard warns that phones would
// be cut off.
func (c *Client) Import(ctx context.Context, b Bundle, account string, force bool) (Certificate, []Warning, error) {
	leaf := b.leaf
	info := Certificate{Topic: b.topic, Account: strings.TrimSpace(account), Issuer: leaf.Issuer.String(), NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter}
	if !c.db.Now().Before(leaf.NotAfter) {
		return Certificate{}, nil, &FileError{Problem: "expired", Detail: leaf.NotAfter.Format(time.DateOnly)}
	}
	s := stored{id: db.NewID(), chain: b.chain}
	var err error
	if s.key, err = c.db.Seal(s.place(), b.key); err != nil {
		return Certificate{}, nil, fmt.Errorf("import push certificate: %w", err)
	}
	err = c.db.Update(ctx, func(tx *db.Tx) error {
		if err := c.ask(tx, info.Topic, force); err != nil {
			return err
		}
		info.ImportedAt = tx.Now
		s.Certificate = info
		if err := insert(tx, s); err != nil {
			return err
		}
		return c.events.Add(tx, event.Event{Kind: Imported, Actor: event.Actor(ctx), Params: map[string]string{
			"topic": info.Topic, "account": info.Account, "not_after": info.NotAfter.UTC().Format(time.RFC3339),
		}})
	})
	if err != nil {
		return Certificate{}, nil, fmt.Errorf("import push certificate: %w", err)
	}
	return info, c.warnings(leaf, info), nil
}

func (c *Client) ask(tx *db.Tx, topic string, force bool) error {
	old, err := newest(tx)
	if errors.Is(err, ErrNoCertificate) {
		return nil
	}
	if err != nil || force || old.Topic == topic {
		return err
	}
	for _, guard := range c.guards {
		if err := guard(tx, old.Topic, topic); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) warnings(leaf *x509.Certificate, info Certificate) []Warning {
	var w []Warning
	if !byApple(leaf) {
		w = append(w, NotApple)
	}
	if info.NotAfter.Sub(c.db.Now()) < 30*24*time.Hour {
		w = append(w, ExpiresSoon)
	}
	if info.Account == "" {
		w = append(w, NoAccount)
	}
	return w
}

// Current is the certificate in use, or [ErrNoCertificate].
func (c *Client) Current(tx *db.Tx) (Certificate, error) {
	s, err := newest(tx)
	return s.Certificate, err
}

// steps are the days before the end at which a reminder gets a new text.
var steps = []int{7, 14, 30, 60}

// Health says what is wrong with the push certificate.
func (c *Client) Health(ctx context.Context) []event.Finding {
	var s stored
	err := c.db.View(ctx, func(tx *db.Tx) (err error) {
		if s, err = newest(tx); err != nil {
			return err
		}
		return s.fill(tx)
	})
	if errors.Is(err, ErrNoCertificate) {
		return []event.Finding{{Code: "push_certificate_missing", Level: event.Attention}}
	}
	if err != nil {
		c.log.ErrorContext(ctx, "push certificate not read", "err", err)
		return []event.Finding{{Code: "push_certificate_unreadable", Level: event.Broken}}
	}
	params := map[string]string{"topic": s.Topic, "account": s.Account, "not_after": s.NotAfter.UTC().Format(time.RFC3339)}
	left := s.NotAfter.Sub(c.db.Now())
	days := int(left / (24 * time.Hour))
	params["days"] = strconv.Itoa(max(days, 0))
	if left <= 0 {
		return []event.Finding{{Code: "push_certificate_expired", Level: event.Broken, Params: params}}
	}
	if s.complaint != "" {
		params["reason"] = s.complaint
		return []event.Finding{{Code: "push_certificate_refused", Level: event.Broken, Params: params}}
	}
	for _, step := range steps {
		if days < step {
			params["within"] = strconv.Itoa(step)
			return []event.Finding{{Code: "push_certificate_expiring", Level: event.Attention, Params: params}}
		}
	}
	return []event.Finding{{Code: "push_certificate_good", Level: event.Good, Params: params}}
}
