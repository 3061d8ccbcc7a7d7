package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/smallstep/pkcs7"
	"github.com/smallstep/scep"
	"github.com/smallstep/scep/x509util"
)

// The signed attributes of a SCEP message, RFC 8894 section 3.2.1.
var (
	oidMessageType    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 2}
	oidPKIStatus      = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 3}
	oidFailInfo       = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 4}
	oidSenderNonce    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 5}
	oidRecipientNonce = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 6}
	oidTransactionID  = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 7}
)

// refusal is an answer to a client whose message could be read as far as its transaction.
type refusal struct {
	info   scep.FailInfo
	reason error
}

func (r *refusal) Error() string { return fmt.Sprintf("%v: %v", r.info, r.reason) }
func (r *refusal) Unwrap() error { return r.reason }

// errUnreadable says that a message was no SCEP message at all, so there is nobody to answer.
var errUnreadable = errors.New("pki: no SCEP message")

// certificateRequest is what a client asks for.
type certificateRequest struct {
	transaction asn1.RawValue // as it came, to be sent back as it came
	nonce       []byte
	requester   *x509.Certificate // signed the message; the answer is encrypted to it
	cipher      asn1.ObjectIdentifier

	challenge Challenge
	key       crypto.PublicKey
	keyDigest []byte
	// signer is the fingerprint of the identity that signed the message, when it is one of ours: a renewal.
	signer string
}

// readRequest opens a SCEP message. With a request it may return a *refusal to be sent as the answer; without one, the
// error wraps errUnreadable.
func (a *Authority) readRequest(message []byte) (*certificateRequest, error) {
	m, err := parseSigned(message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	r := &certificateRequest{requester: m.signer}
	if r.transaction, err = m.raw(oidTransactionID); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if !isText(r.transaction) || len(r.transaction.FullBytes) > 256 {
		return nil, fmt.Errorf("%w: no usable transaction", errUnreadable)
	}
	if err := m.unmarshal(oidSenderNonce, &r.nonce); err != nil || len(r.nonce) == 0 || len(r.nonce) > 64 {
		return nil, fmt.Errorf("%w: no usable nonce", errUnreadable)
	}
	if err := m.verify(m.content); err != nil {
		if errors.Is(err, errAlgorithm) {
			return r, &refusal{scep.BadAlg, err}
		}
		return r, &refusal{scep.BadMessageCheck, err}
	}
	var kind scep.MessageType
	if err := m.unmarshal(oidMessageType, &kind); err != nil {
		return r, &refusal{scep.BadRequest, err}
	}
	switch kind {
	case scep.PKCSReq, scep.RenewalReq, scep.UpdateReq:
	default:
		return r, &refusal{scep.BadRequest, fmt.Errorf("message type %.8q", string(kind))}
	}
	if a.issued(m.signer) == nil {
		r.signer = fingerprint(m.signer)
	}
	return r, a.readContent(r, m.content)
}

// isText says whether a value is one of the strings in which clients write transactions; RFC 8894 wants the first.
func isText(v asn1.RawValue) bool {
	switch v.Tag {
	case asn1.TagPrintableString, asn1.TagUTF8String, asn1.TagIA5String:
		var s string
		_, err := asn1.Unmarshal(v.FullBytes, &s)
		return v.Class == asn1.ClassUniversal && err == nil && s != ""
	}
	return false
}

// readContent opens the envelope and reads the certificate request inside.
func (a *Authority) readContent(r *certificateRequest, content []byte) error {
	envelope, err := parseEnvelope(content)
	if err != nil {
		return &refusal{scep.BadMessageCheck, err}
	}
	r.cipher = envelope.Content.Algorithm.Algorithm
	der, err := envelope.open(a.registration)
	switch {
	case errors.Is(err, errAlgorithm):
		return &refusal{scep.BadAlg, err}
	case err != nil:
		return &refusal{scep.BadMessageCheck, err}
	}
	if err := checkBER(der); err != nil {
		return &refusal{scep.BadMessageCheck, errEnvelope} // what a wrong key decrypts to
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return &refusal{scep.BadMessageCheck, errEnvelope}
	}
	password, err := x509util.ParseChallengePassword(der)
	if err != nil {
		return &refusal{scep.BadRequest, errors.New("the challenge cannot be read")}
	}
	r.challenge = Challenge(password)
	if err := acceptableKey(csr.PublicKey); err != nil {
		return &refusal{scep.BadAlg, err}
	}
	if err := csr.CheckSignature(); err != nil {
		return &refusal{scep.BadMessageCheck, fmt.Errorf("certificate request: %w", err)}
	}
	r.key = csr.PublicKey
	if r.keyDigest, err = keyDigest(csr.PublicKey); err != nil {
		return &refusal{scep.BadAlg, err}
	}
	return nil
}

// acceptableKey says which keys an identity may have.
func acceptableKey(key crypto.PublicKey) error {
	if err := usableKey(key); err != nil {
		return err
	}
	if k, ok := key.(*rsa.PublicKey); ok && k.N.BitLen() < 2048 {
		return fmt.Errorf("%w: an RSA key of %d bits, at least 2048", errAlgorithm, k.N.BitLen())
	}
	return nil
}

// identityTemplate is the certificate of a phone. What the request says about itself is ignored: it names the attempt, and
// neither person nor device.
func (a *Authority) identityTemplate(r *certificateRequest, s Subject) *x509.Certificate {
	now := a.db.Now()
	usage := x509.KeyUsageDigitalSignature
	if _, ok := r.key.(*ecdsa.PublicKey); !ok {
		usage |= x509.KeyUsageKeyEncipherment
	}
	end := now.Add(identityLife)
	if last := a.device.certificate.NotAfter; end.After(last) {
		end = last
	}
	return &x509.Certificate{
		Subject:   subject("enrollment "+cut(s.Attempt, 50), a.device.certificate.Subject.Organization[0]),
		NotBefore: now.Add(-backdate), NotAfter: end,
		KeyUsage:    usage,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

// success is the CertRep that carries the certificate, encrypted to the requester.
func (a *Authority) success(r *certificateRequest, c *x509.Certificate) ([]byte, error) {
	certificates, err := pkcs7.DegenerateCertificate(c.Raw)
	if err != nil {
		return nil, fmt.Errorf("write certificate: %w", err)
	}
	envelope, err := sealEnvelope(certificates, r.requester, r.cipher)
	if err != nil {
		return nil, err
	}
	return a.reply(r, envelope, scep.SUCCESS, "")
}

// failure is the CertRep that says why there is no certificate, as far as the protocol has words for it.
func (a *Authority) failure(r *certificateRequest, info scep.FailInfo) ([]byte, error) {
	return a.reply(r, nil, scep.FAILURE, info)
}

func (a *Authority) reply(r *certificateRequest, content []byte, status scep.PKIStatus, info scep.FailInfo) ([]byte, error) {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	values := []struct {
		id    asn1.ObjectIdentifier
		value any
	}{
		{oidMessageType, string(scep.CertRep)},
		{oidPKIStatus, string(status)},
		{oidFailInfo, string(info)},
		{oidSenderNonce, nonce},
		{oidRecipientNonce, r.nonce},
	}
	attributes := []attribute{{oidTransactionID, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: bytes.Clone(r.transaction.FullBytes)}}}
	for _, v := range values {
		if v.value == "" {
			continue
		}
		built, err := newAttribute(v.id, v.value)
		if err != nil {
			return nil, err
		}
		attributes = append(attributes, built)
	}
	return signCMS(content, a.registration, nil, a.db.Now(), attributes...)
}
