package sim

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// largest is more than any honest answer; a phone gives up on more.
const largest = 16 << 20

// Answer is what came back, for those who look at the wire.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	URL    string // after redirects
}

// request is one thing to say.
type request struct {
	method, url string
	header      http.Header
	body        []byte
}

// DialTo dials one address whatever name is asked for.
func DialTo(addr string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}
}

// DialMap dials some addresses ("example.org:443") elsewhere and the others as they are.
func DialMap(to map[string]string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if other, ok := to[addr]; ok {
			addr = other
		}
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}
}

// connect makes the phone's network anew; the authorities of an installed profile count from then on.
func (p *Phone) connect(anchors []*x509.Certificate) {
	roots := p.o.Roots
	if len(anchors) > 0 {
		if roots == nil {
			roots, _ = x509.SystemCertPool()
		}
		if roots == nil {
			roots = x509.NewCertPool()
		}
		roots = roots.Clone()
		for _, a := range anchors {
			roots.AddCert(a)
		}
	}
	if p.transport != nil {
		p.transport.CloseIdleConnections()
	}
	dial := p.o.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	}
	transport := &http.Transport{
		DialContext:           dial,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: 90 * time.Second, // an iPhone waits about so long for discovery
		IdleConnTimeout:       20 * time.Second,
		TLSClientConfig: &tls.Config{
			RootCAs:          roots,
			MinVersion:       tls.VersionTLS12,
			Time:             p.now,
			VerifyConnection: transportSecurity,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if id := p.Identity(); id != nil {
					return &tls.Certificate{Certificate: [][]byte{id.Certificate.Raw}, PrivateKey: id.Key}, nil
				}
				return &tls.Certificate{}, nil
			},
		},
	}
	p.mu.Lock()
	p.transport = transport
	p.mu.Unlock()
}

// transportSecurity holds Apple's App Transport Security against the server, beyond what Go checks by itself.
func transportSecurity(c tls.ConnectionState) error {
	leaf := c.PeerCertificates[0]
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return refuse("tls-key", sourceTLS, "the server's RSA key has %d bits, 2048 are needed", key.N.BitLen())
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return refuse("tls-key", sourceTLS, "the server's EC key has %d bits, 256 are needed", key.Curve.Params().BitSize)
		}
	default:
		return refuse("tls-key", sourceTLS, "the server's key is neither RSA nor EC")
	}
	for _, chain := range c.VerifiedChains {
		for i, cert := range chain[:len(chain)-1] {
			if slices.Contains([]x509.SignatureAlgorithm{x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.MD5WithRSA}, cert.SignatureAlgorithm) {
				return refuse("tls-digest", sourceTLS, "certificate %d of the chain is signed with %s", i, cert.SignatureAlgorithm)
			}
		}
	}
	if !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
		return refuse("tls-usage", sourceTLS, "the certificate is not marked for server authentication")
	}
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 825*24*time.Hour {
		return refuse("tls-lifetime", sourceTLS, "the certificate lasts %d days, 825 at most under a root that a person installed", int(life.Hours()/24))
	}
	if c.Version == tls.VersionTLS12 && !strings.Contains(tls.CipherSuiteName(c.CipherSuite), "ECDHE") {
		return refuse("tls-forward-secrecy", sourceTLS, "%s has no forward secrecy", tls.CipherSuiteName(c.CipherSuite))
	}
	return nil
}

// do says one thing. Redirects are followed as check allows; nil follows them as Go does, without the query.
func (p *Phone) do(ctx context.Context, r request, check func(*http.Request, []*http.Request) error, jar http.CookieJar) (Answer, error) {
	if slices.Contains(p.temper().Offline, p.now().Weekday()) {
		return Answer{}, ErrOffline
	}
	if slow := p.temper().Slow; slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", r.method, r.url, err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	client := &http.Client{Transport: p.transport, CheckRedirect: check, Jar: jar}
	resp, err := client.Do(req)
	if err != nil {
		if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
			return Answer{}, refusal
		}
		return Answer{}, fmt.Errorf("reach the server: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, largest+1))
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer of %s: %w", r.url, err)
	}
	if len(body) > largest {
		return Answer{}, fmt.Errorf("read the answer of %s: more than %d bytes", r.url, largest)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body, URL: resp.Request.URL.String()}, nil
}

// stayAtHTTPS follows redirects to https addresses only.
func stayAtHTTPS(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme != "https" {
		return refuse("redirect-scheme", sourceDiscovery, "redirected to %s", req.URL)
	}
	if len(via) > 10 {
		return refuse("redirect-loop", sourceTLS, "more than ten redirects, the last to %s", req.URL)
	}
	return nil
}

// stay follows nothing.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// discardLog keeps a simulated server from writing about clients that misbehave on purpose.
func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }
