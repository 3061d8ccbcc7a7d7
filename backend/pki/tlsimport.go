package pki

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// TLSProblem says why a certificate cannot be used for the server. Its code is for the screens.
type TLSProblem struct {
	Code   string
	Params map[string]string
	text   string
}

func (p *TLSProblem) Error() string { return p.text }

func problem(code, text string, params ...string) error {
	p := &TLSProblem{Code: code, text: text}
	for i := 0; i+1 < len(params); i += 2 {
		if p.Params == nil {
			p.Params = map[string]string{}
		}
		p.Params[params[i]] = params[i+1]
	}
	return p
}

// maxTLSFile is the most that a file with a certificate and its chain may have.
const maxTLSFile = 1 << 20

// maxTLSLife is the longest life of a server certificate that iOS accepts under any root.
const maxTLSLife = 825 * 24 * time.Hour

// ImportTLS takes the server's certificate and key from PEM files. The certificate may come with its chain, in any order;
// what does not belong to it is left out. A certificate that phones would refuse is refused here, with a [TLSProblem].
func (a *Authority) ImportTLS(ctx context.Context, certPEM, keyPEM []byte) (TLSInfo, error) {
	key, err := parseKeyPEM(keyPEM)
	if err != nil {
		return TLSInfo{}, err
	}
	leaf, chain, err := parseChainPEM(certPEM, key)
	if err != nil {
		return TLSInfo{}, err
	}
	if _, err := a.certificate(ctx, true); err != nil && !errors.Is(err, ErrNoTLS) {
		return TLSInfo{}, err
	}
	a.served.mu.Lock()
	hosts := a.served.hosts
	a.served.mu.Unlock()
	if err := acceptableServer(leaf, hosts, a.db.Now()); err != nil {
		return TLSInfo{}, err
	}
	if err := a.serve(ctx, credential{leaf, key}, chain, TLSByAdmin, hosts, whatever); err != nil {
		return TLSInfo{}, err
	}
	return a.TLS(ctx)
}

func parseKeyPEM(text []byte) (crypto.Signer, error) {
	if len(text) > maxTLSFile {
		return nil, problem("tls_key_missing", "the key file is too large to be one")
	}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, problem("tls_key_missing", "the key file holds no private key in PEM form")
		}
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if strings.HasPrefix(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
			return nil, problem("tls_key_encrypted", "the key is protected by a passphrase; save it without one (openssl pkey -in FILE -out NEW)")
		}
		key, err := parseKey(block.Bytes)
		if err != nil {
			return nil, problem("tls_key_unreadable", fmt.Sprintf("the key cannot be read: %v", err))
		}
		return key, nil
	}
}

// parseKey reads a key in any of the three forms that programs write.
func parseKey(der []byte) (crypto.Signer, error) {
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	if signer, ok := k.(crypto.Signer); ok {
		return signer, nil
	}
	return nil, fmt.Errorf("a key of type %T", k)
}

// parseChainPEM finds the certificate that belongs to the key, and the ones that lead to its root.
func parseChainPEM(text []byte, key crypto.Signer) (leaf *x509.Certificate, chain []*x509.Certificate, err error) {
	if len(text) > maxTLSFile {
		return nil, nil, problem("tls_certificate_missing", "the certificate file is too large to be one")
	}
	var all []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, problem("tls_certificate_unreadable", fmt.Sprintf("the certificate cannot be read: %v", err))
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, nil, problem("tls_certificate_missing", "the certificate file holds no certificate in PEM form")
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	i := slices.IndexFunc(all, func(c *x509.Certificate) bool { return ok && public.Equal(c.PublicKey) })
	if i < 0 {
		return nil, nil, problem("tls_key_mismatch", "the key does not belong to the certificate "+all[0].Subject.String(),
			"subject", all[0].Subject.String())
	}
	leaf = all[i]
	for c := leaf; len(chain) < len(all); {
		i := slices.IndexFunc(all, func(up *x509.Certificate) bool {
			return up.IsCA && !up.Equal(c) && bytes.Equal(c.RawIssuer, up.RawSubject) && c.CheckSignatureFrom(up) == nil
		})
		if i < 0 || bytes.Equal(all[i].RawSubject, all[i].RawIssuer) { // a root need not be sent
			break
		}
		c = all[i]
		chain = append(chain, c)
	}
	return leaf, chain, nil
}

// acceptableServer holds a certificate against what an iPhone demands of a server's.
// https://support.apple.com/en-us/103769
func acceptableServer(c *x509.Certificate, hosts []string, now time.Time) error {
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	if k, ok := c.PublicKey.(*rsa.PublicKey); usableKey(c.PublicKey) != nil || ok && k.N.BitLen() < 2048 {
		return problem("tls_weak_key", "the key must be RSA with 2048 bits or more, or ECDSA on a NIST curve")
	}
	switch c.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.MD2WithRSA:
		return problem("tls_weak_signature", fmt.Sprintf("the certificate is signed with %v, which phones refuse", c.SignatureAlgorithm))
	}
	if now.After(c.NotAfter) {
		return problem("tls_expired", "the certificate expired on "+day(c.NotAfter), "date", day(c.NotAfter))
	}
	if now.Before(c.NotBefore) {
		return problem("tls_not_yet", "the certificate is only good from "+day(c.NotBefore)+"; is this computer's clock right?", "date", day(c.NotBefore))
	}
	if c.NotAfter.Sub(c.NotBefore) > maxTLSLife+24*time.Hour {
		return problem("tls_too_long", "the certificate is good for more than 825 days, which phones refuse")
	}
	if c.IsCA {
		return problem("tls_authority", "this is the certificate of an authority, not of a server")
	}
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return problem("tls_wrong_usage", "the certificate is not for servers")
	}
	if len(hosts) > 0 && c.VerifyHostname(hosts[0]) != nil {
		return problem("tls_wrong_host", fmt.Sprintf("the certificate is for %s, but phones use %s", strings.Join(namesOf(c), ", "), hosts[0]),
			"names", strings.Join(namesOf(c), " "), "host", hosts[0])
	}
	return nil
}
