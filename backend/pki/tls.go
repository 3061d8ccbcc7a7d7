package pki

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Events of the server's certificate.
const (
	TLSRenewed  event.Kind = "tls.renewed"  // the private authority issued a new one
	TLSImported event.Kind = "tls.imported" // the administrator brought one
)

// ErrNoTLS says that the server has no certificate yet.
var ErrNoTLS = errors.New("pki: the server has no TLS certificate")

// Where the server's certificate comes from.
const (
	TLSPrivate = "private"
	TLSByAdmin = "imported"
)

const (
	// tlsLife is well below the 825 days that iOS allows under a root that somebody installed.
	// https://support.apple.com/en-us/103769
	tlsLife = 397 * 24 * time.Hour
	// tlsRow is the one certificate that the server shows.
	tlsRow = "server"
	// tlsFresh is for how long a process uses the certificate without asking whether another process changed it.
	tlsFresh = 3 * time.Second
)

// TLSInfo describes the server's certificate.
type TLSInfo struct {
	Source      string // TLSPrivate or TLSByAdmin
	Subject     string
	Issuer      string
	Names       []string // host names and addresses it is good for
	Uncovered   []string // host names that phones use and it is not good for
	Incomplete  bool     // the certificates between it and its root were not given
	NotBefore   time.Time
	NotAfter    time.Time
	Fingerprint string // SHA-256, hexadecimal
}

// serverCertificate is what this process has of the certificate in the database.
type serverCertificate struct {
	mu      sync.Mutex
	version int64
	asked   time.Time
	source  string
	hosts   []string
	pair    *tls.Certificate
}

// Certificate gives the server's certificate to a TLS listener, for each handshake anew: another process may have renewed
// it. What it reads is for all handshakes, so it does not end with the one that happened to ask.
func (a *Authority) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return a.certificate(context.Background(), false)
}

// PrivateTLS says whether the server shows a certificate of the private root, which phones must learn to trust.
func (a *Authority) PrivateTLS() bool {
	if _, err := a.certificate(context.Background(), false); err != nil {
		return true // nothing yet, and what comes first is private
	}
	a.served.mu.Lock()
	defer a.served.mu.Unlock()
	return a.served.source == TLSPrivate
}

// TLS describes the server's certificate. It says [ErrNoTLS] when there is none.
func (a *Authority) TLS(ctx context.Context) (TLSInfo, error) {
	pair, err := a.certificate(ctx, true)
	if err != nil {
		return TLSInfo{}, err
	}
	a.served.mu.Lock()
	defer a.served.mu.Unlock()
	return describe(pair.Leaf, pair.Certificate[1:], a.served.source, a.served.hosts), nil
}

// describe lists what a person wants to know. hosts are the names that phones use, the public one first.
func describe(leaf *x509.Certificate, chain [][]byte, source string, hosts []string) TLSInfo {
	i := TLSInfo{
		Source: source, Subject: leaf.Subject.CommonName, Issuer: leaf.Issuer.String(), Names: namesOf(leaf),
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, Fingerprint: fingerprint(leaf),
		Incomplete: source != TLSPrivate && len(chain) == 0 && !bytes.Equal(leaf.RawIssuer, leaf.RawSubject),
	}
	for _, h := range hosts {
		if leaf.VerifyHostname(h) != nil {
			i.Uncovered = append(i.Uncovered, h)
		}
	}
	return i
}

func namesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// certificate returns the current certificate. It asks the database for its version, but no more often than tlsFresh unless
// now is set; while the database cannot be asked, the one at hand is good enough.
func (a *Authority) certificate(ctx context.Context, now bool) (*tls.Certificate, error) {
	s := &a.served
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := a.db.Now().Sub(s.asked); s.pair != nil && !now && age >= 0 && age < tlsFresh { // below 0, the clock was set back
		return s.pair, nil
	}
	err := a.reload(ctx)
	switch {
	case err == nil:
		s.asked = a.db.Now()
	case s.pair == nil || now:
		return nil, err
	default:
		a.log.WarnContext(ctx, "certificate not reloaded", "err", err)
		s.asked = a.db.Now()
	}
	return s.pair, nil
}

// reload reads the certificate if it has changed. The caller holds the lock.
func (a *Authority) reload(ctx context.Context) error {
	s := &a.served
	var version int64
	var source, hosts string
	var chain, sealed []byte
	err := a.db.View(ctx, func(tx *db.Tx) error {
		if err := tx.Row(`SELECT version FROM tls_certificates WHERE name = $1`, tlsRow).Scan(&version); err != nil || version == s.version {
			return err
		}
		return tx.Row(`SELECT version, source, hosts, chain, key FROM tls_certificates WHERE name = $1`, tlsRow).
			Scan(&version, &source, &hosts, &chain, &sealed)
	})
	switch {
	case noRows(err):
		return ErrNoTLS
	case err != nil:
		return fmt.Errorf("read TLS certificate: %w", err)
	case version == s.version:
		return nil
	}
	der, err := a.db.Unseal(tlsKey, sealed)
	if err != nil {
		return fmt.Errorf("read TLS certificate: %w", err)
	}
	certificates, err := x509.ParseCertificates(chain)
	if err != nil || len(certificates) == 0 {
		return fmt.Errorf("read TLS certificate: %w", err)
	}
	leaf, err := parseCredential(certificates[0].Raw, der)
	if err != nil {
		return fmt.Errorf("read TLS certificate: %w", err)
	}
	pair := &tls.Certificate{PrivateKey: leaf.key, Leaf: leaf.certificate}
	for _, c := range certificates {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	s.version, s.source, s.hosts, s.pair = version, source, splitHosts(hosts), pair
	return nil
}

var tlsKey = db.Place{Table: "tls_certificates", Column: "key", Row: tlsRow}

func splitHosts(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '\n' })
}

// EnsureTLS sees to it that the server can speak TLS: without a certificate, or with one of the private root that is for other
// hosts or two thirds through its life, a new one is issued. The public host comes first. An imported certificate is left
// alone; the hosts are remembered for the next import.
func (a *Authority) EnsureTLS(ctx context.Context, hosts []string) error {
	hosts = distinct(hosts)
	if len(hosts) == 0 {
		return errors.New("issue TLS certificate: for no host")
	}
	_, err := a.certificate(ctx, true)
	if err != nil && !errors.Is(err, ErrNoTLS) {
		return err
	}
	a.served.mu.Lock()
	version, source, pair := a.served.version, a.served.source, a.served.pair
	same := slices.Equal(a.served.hosts, hosts)
	a.served.mu.Unlock()
	switch {
	case pair == nil, source == TLSPrivate && (!same || due(pair.Leaf, a.db.Now())):
		return a.renew(ctx, hosts, version)
	case same:
		return nil
	}
	return a.change(ctx, version, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE tls_certificates SET version = version + 1, hosts = $2 WHERE name = $1`,
			tlsRow, strings.Join(hosts, "\n"))
		return err
	})
}

// due says whether only a third of a certificate's life is left.
func due(c *x509.Certificate, now time.Time) bool {
	return c.NotAfter.Sub(now) < c.NotAfter.Sub(c.NotBefore)/3
}

// renew issues a certificate for the hosts, to iOS's rules: a P-256 key, the names as alternative names, for servers, with
// both key identifiers. It replaces the given version, or nothing when another process was faster.
func (a *Authority) renew(ctx context.Context, hosts []string, version int64) error {
	now := a.db.Now()
	template := &x509.Certificate{
		Subject:   subject(cut(hosts[0], 64), a.root.certificate.Subject.Organization[0]),
		NotBefore: now.Add(-backdate), NotAfter: now.Add(-backdate).Add(tlsLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	leaf, err := issueUnder(a.root, template, newP256)
	if err != nil {
		return fmt.Errorf("issue TLS certificate: %w", err)
	}
	return a.serve(ctx, leaf, nil, TLSPrivate, hosts, version)
}

// serve stores a certificate in place of the given version.
func (a *Authority) serve(ctx context.Context, leaf credential, chain []*x509.Certificate, source string, hosts []string, version int64) error {
	key, err := x509.MarshalPKCS8PrivateKey(leaf.key)
	if err != nil {
		return fmt.Errorf("store TLS certificate: %w", err)
	}
	sealed, err := a.db.Seal(tlsKey, key)
	if err != nil {
		return fmt.Errorf("store TLS certificate: %w", err)
	}
	all := bytes.Clone(leaf.certificate.Raw)
	for _, c := range chain {
		all = append(all, c.Raw...)
	}
	kind := TLSRenewed
	if source == TLSByAdmin {
		kind = TLSImported
	}
	return a.change(ctx, version, func(tx *db.Tx) error {
		_, err := tx.Exec(`
			INSERT INTO tls_certificates (name, version, source, hosts, chain, key, not_before, not_after)
			VALUES ($1, 1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (name) DO UPDATE SET version = tls_certificates.version + 1, source = excluded.source,
				hosts = excluded.hosts, chain = excluded.chain, key = excluded.key,
				not_before = excluded.not_before, not_after = excluded.not_after`,
			tlsRow, source, strings.Join(hosts, "\n"), all, sealed,
			db.Millis(leaf.certificate.NotBefore), db.Millis(leaf.certificate.NotAfter))
		if err != nil {
			return err
		}
		return a.events.Add(tx, event.Event{Kind: kind, Params: map[string]string{
			"names": strings.Join(namesOf(leaf.certificate), " "), "expires": leaf.certificate.NotAfter.Format(time.RFC3339),
		}})
	})
}

// whatever stands for the version of a certificate that is replaced in any case.
const whatever = -1

// change runs fn if the certificate still has the given version, and reads it again. When another process has changed it in
// the meantime, that one's is as good.
func (a *Authority) change(ctx context.Context, version int64, fn func(*db.Tx) error) error {
	err := a.db.Update(ctx, func(tx *db.Tx) error {
		var current int64
		err := tx.Row(`SELECT version FROM tls_certificates WHERE name = $1`, tlsRow).Scan(&current)
		if err != nil && !noRows(err) {
			return err
		}
		if version != whatever && current != version {
			return nil
		}
		return fn(tx)
	})
	if err != nil {
		return fmt.Errorf("store TLS certificate: %w", err)
	}
	_, err = a.certificate(ctx, true)
	return err
}

// distinct drops empty and repeated hosts and keeps the order.
func distinct(hosts []string) []string {
	var kept []string
	for _, h := range hosts {
		if h = strings.ToLower(strings.TrimSuffix(h, ".")); h != "" && !slices.Contains(kept, h) {
			kept = append(kept, h)
		}
	}
	return kept
}
