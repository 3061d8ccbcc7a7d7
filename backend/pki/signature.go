package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ErrSignature says that an Mdm-Signature does not prove that one of our identities signed the body. It wraps the reason,
// which is for the log.
var ErrSignature = errors.New("pki: the message is not signed by an identity of ours")

// maxSignature is the longest Mdm-Signature header: real ones have about 2 kB, with a chain 6.
const maxSignature = 24 << 10

// Signature is a verified Mdm-Signature.
type Signature struct {
	// Fingerprint names the identity that signed, as in [Identity].
	Fingerprint string
}

// Verify checks an Mdm-Signature header: base64 of a detached CMS signature over exactly this body, by a certificate that
// our device authority issued and that has not expired. Whether the identity was revoked, and whose it is, is a question
// for the database: see [Authority.Identity].
//
// https://developer.apple.com/documentation/devicemanagement/passing-the-device-identity-certificate-through-a-proxy
func (a *Authority) Verify(header string, body []byte) (Signature, error) {
	s, err := a.Signer(header)
	if err != nil {
		return Signature{}, err
	}
	return s.Verify(body)
}

// Signer is the part of [Authority.Verify] that needs no body: a server reads the bodies of those only who name an identity
// of ours. Whether its owner sent the message is not known before [Signed.Verify].
func (a *Authority) Signer(header string) (Signed, error) {
	m, err := a.openSignature(header)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return Signed{m}, nil
}

// Signed is an Mdm-Signature that names an identity of ours and has yet to be held against the body.
type Signed struct{ message *signedMessage }

// Verify checks that the identity signed exactly this body.
func (s Signed) Verify(body []byte) (Signature, error) {
	if err := s.message.verify(body); err != nil {
		return Signature{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return Signature{Fingerprint: fingerprint(s.message.signer)}, nil
}

func (a *Authority) openSignature(header string) (*signedMessage, error) {
	switch {
	case header == "":
		return nil, errors.New("no signature")
	case len(header) > maxSignature:
		return nil, fmt.Errorf("a signature of %d bytes", len(header))
	}
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(header))
	if err != nil {
		return nil, errors.New("the signature is not base64")
	}
	m, err := parseSigned(der)
	if err != nil {
		return nil, err
	}
	// Who signed comes first: verifying with a stranger's key may cost whatever the stranger likes.
	if err := a.issued(m.signer); err != nil {
		return nil, err
	}
	if now := a.db.Now(); now.Before(m.signer.NotBefore) || now.After(m.signer.NotAfter) {
		return nil, fmt.Errorf("the certificate is good from %s to %s", m.signer.NotBefore, m.signer.NotAfter)
	}
	return m, nil
}

// issued says whether a certificate is an identity that our device authority signed. The registration authority stands
// under the same key and is none.
func (a *Authority) issued(c *x509.Certificate) error {
	issuer := a.device.certificate
	if !bytes.Equal(c.RawIssuer, issuer.RawSubject) || c.IsCA || c.Equal(a.registration.certificate) {
		return errors.New("the certificate is not an identity of ours")
	}
	if err := issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		return fmt.Errorf("the certificate is not an identity of ours: %w", err)
	}
	return nil
}
