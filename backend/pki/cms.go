package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/smallstep/pkcs7"
)

// The signed attributes that every signature of ours has, RFC 5652 section 11.
var (
	oidContentType   = pkcs7.OIDAttributeContentType
	oidMessageDigest = pkcs7.OIDAttributeMessageDigest
	oidSigningTime   = pkcs7.OIDAttributeSigningTime
)

// attribute is one signed attribute of a CMS message.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"set"` // the SET, with its header
}

// signedMessage is a CMS SignedData with exactly one signer. Nothing about it is verified yet.
type signedMessage struct {
	content      []byte // empty when the signature is detached
	certificates []*x509.Certificate
	signer       *x509.Certificate
	attributes   []attribute
	digest       asn1.ObjectIdentifier
	algorithm    asn1.ObjectIdentifier
	signature    []byte
}

// parseSigned takes a SignedData message apart, after the guards.
func parseSigned(message []byte) (*signedMessage, error) {
	if err := checkBER(message); err != nil {
		return nil, err
	}
	parses <- struct{}{}
	defer func() { <-parses }()

	p7, err := pkcs7.Parse(message)
	if err != nil {
		return nil, fmt.Errorf("parse CMS: %w", err)
	}
	switch {
	case len(p7.Signers) == 0:
		return nil, errors.New("no signer")
	case len(p7.Signers) > 1:
		return nil, errors.New("several signers")
	case len(p7.Certificates) > maxCertificates:
		return nil, fmt.Errorf("%d certificates", len(p7.Certificates))
	}
	s := p7.Signers[0]
	m := &signedMessage{
		content:      p7.Content,
		certificates: p7.Certificates,
		signer:       p7.GetOnlySigner(),
		digest:       s.DigestAlgorithm.Algorithm,
		algorithm:    s.DigestEncryptionAlgorithm.Algorithm,
		signature:    s.EncryptedDigest,
	}
	if m.signer == nil {
		return nil, errors.New("the signer's certificate is not included")
	}
	for _, a := range s.AuthenticatedAttributes {
		m.attributes = append(m.attributes, attribute{a.Type, a.Value})
	}
	return m, nil
}

// verify checks that the signer signed exactly this content. It says nothing about who the signer is, and does not look
// at dates: the certificates of Apple's devices are used long after they ran out, and a phone's clock may be wrong. The
// library's own Verify does look at them, so its parsed message is verified here.
func (m *signedMessage) verify(content []byte) error {
	if err := usableKey(m.signer.PublicKey); err != nil {
		return err
	}
	digest, err := findDigest(m.digest)
	if err != nil {
		return err
	}
	algorithm, err := m.signatureAlgorithm(digest)
	if err != nil {
		return err
	}
	signed := content
	if len(m.attributes) > 0 {
		h := digest.hash.New()
		h.Write(content)
		var want []byte
		if err := m.unmarshal(oidMessageDigest, &want); err != nil {
			return err
		}
		if !bytes.Equal(want, h.Sum(nil)) {
			return errors.New("the content is not what was signed")
		}
		var contentType asn1.ObjectIdentifier
		if err := m.unmarshal(oidContentType, &contentType); err != nil {
			return err
		}
		if !contentType.Equal(pkcs7.OIDData) {
			return errors.New("another type of content was signed")
		}
		if signed, err = marshalSet(m.attributes); err != nil {
			return err
		}
	}
	// CheckSignature, unlike CheckSignatureFrom, takes SHA-1.
	if err := m.signer.CheckSignature(algorithm, signed, m.signature); err != nil {
		return fmt.Errorf("check signature: %w", err)
	}
	return nil
}

// raw returns the one value of a signed attribute, with its header.
func (m *signedMessage) raw(id asn1.ObjectIdentifier) (asn1.RawValue, error) {
	var value asn1.RawValue
	found := false
	for _, a := range m.attributes {
		if !a.Type.Equal(id) {
			continue
		}
		rest, err := asn1.Unmarshal(a.Value.Bytes, &value)
		if err != nil || len(rest) > 0 || found {
			return value, fmt.Errorf("signed attribute %v: want one value", id)
		}
		found = true
	}
	if !found {
		return value, fmt.Errorf("signed attribute %v is missing", id)
	}
	return value, nil
}

func (m *signedMessage) unmarshal(id asn1.ObjectIdentifier, out any) error {
	value, err := m.raw(id)
	if err != nil {
		return err
	}
	if rest, err := asn1.Unmarshal(value.FullBytes, out); err != nil || len(rest) > 0 {
		return fmt.Errorf("signed attribute %v cannot be read", id)
	}
	return nil
}

// signatureAlgorithm joins the digest and the signer's key. Where the message names a combined algorithm, it must agree.
func (m *signedMessage) signatureAlgorithm(d *digestAlgorithm) (x509.SignatureAlgorithm, error) {
	switch m.signer.PublicKey.(type) {
	case *rsa.PublicKey:
		if m.algorithm.Equal(pkcs7.OIDEncryptionAlgorithmRSA) || m.algorithm.Equal(d.rsaID) {
			return d.rsa, nil
		}
	case *ecdsa.PublicKey:
		if m.algorithm.Equal(oidECPublicKey) || m.algorithm.Equal(d.ecdsaID) {
			return d.ecdsa, nil
		}
	}
	return 0, fmt.Errorf("%w: signature %v does not fit the signer's key and digest", errAlgorithm, m.algorithm)
}

// digestAlgorithm is a digest with what it makes together with a key.
type digestAlgorithm struct {
	id             asn1.ObjectIdentifier
	hash           crypto.Hash
	rsa, ecdsa     x509.SignatureAlgorithm
	rsaID, ecdsaID asn1.ObjectIdentifier
}

var digestAlgorithms = []digestAlgorithm{
	{
		pkcs7.OIDDigestAlgorithmSHA256, crypto.SHA256, x509.SHA256WithRSA, x509.ECDSAWithSHA256,
		pkcs7.OIDEncryptionAlgorithmRSASHA256, pkcs7.OIDDigestAlgorithmECDSASHA256,
	},
	{
		pkcs7.OIDDigestAlgorithmSHA384, crypto.SHA384, x509.SHA384WithRSA, x509.ECDSAWithSHA384,
		pkcs7.OIDEncryptionAlgorithmRSASHA384, pkcs7.OIDDigestAlgorithmECDSASHA384,
	},
	{
		pkcs7.OIDDigestAlgorithmSHA512, crypto.SHA512, x509.SHA512WithRSA, x509.ECDSAWithSHA512,
		pkcs7.OIDEncryptionAlgorithmRSASHA512, pkcs7.OIDDigestAlgorithmECDSASHA512,
	},
	{ // older devices sign with it
		pkcs7.OIDDigestAlgorithmSHA1, crypto.SHA1, x509.SHA1WithRSA, x509.ECDSAWithSHA1,
		pkcs7.OIDEncryptionAlgorithmRSASHA1, pkcs7.OIDDigestAlgorithmECDSASHA1,
	},
}

var oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}

func findDigest(id asn1.ObjectIdentifier) (*digestAlgorithm, error) {
	for i := range digestAlgorithms {
		if digestAlgorithms[i].id.Equal(id) {
			return &digestAlgorithms[i], nil
		}
	}
	return nil, fmt.Errorf("%w: digest %v", errAlgorithm, id)
}

// errAlgorithm says that a message uses an algorithm or a key that we do not take.
var errAlgorithm = errors.New("unacceptable algorithm")

// usableKey refuses keys whose arithmetic a stranger could make expensive, and kinds that nobody uses here.
func usableKey(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < 1024 || n > 8192 || k.E > 1<<16+1 {
			return fmt.Errorf("%w: an RSA key of %d bits with the exponent %d", errAlgorithm, n, k.E)
		}
		return nil
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return fmt.Errorf("%w: a key on the curve %s", errAlgorithm, k.Params().Name)
	}
	return fmt.Errorf("%w: a key of type %T", errAlgorithm, key)
}

// What follows writes CMS. The pkcs7 library could, but it takes the signing time from the system's clock, the ciphers
// from variables of the whole process (single DES unless told otherwise), and names sha256WithRSAEncryption where some
// SCEP clients read only rsaEncryption.

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

func nameOf(c *x509.Certificate) issuerAndSerial {
	return issuerAndSerial{asn1.RawValue{FullBytes: c.RawIssuer}, c.SerialNumber}
}

type signerInfo struct {
	Version            int
	Signer             issuerAndSerial
	DigestAlgorithm    pkix.AlgorithmIdentifier
	Attributes         asn1.RawValue // [0] IMPLICIT SET OF attribute
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
}

type encapsulatedContent struct {
	Type    asn1.ObjectIdentifier
	Content []byte `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	Content          encapsulatedContent
	Certificates     asn1.RawValue // [0] IMPLICIT SET OF Certificate
	SignerInfos      []signerInfo  `asn1:"set"`
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue // [0] EXPLICIT
}

var (
	sha256Identifier = pkix.AlgorithmIdentifier{Algorithm: pkcs7.OIDDigestAlgorithmSHA256}
	rsaIdentifier    = pkix.AlgorithmIdentifier{Algorithm: pkcs7.OIDEncryptionAlgorithmRSA, Parameters: asn1.NullRawValue}
	ecdsaIdentifier  = pkix.AlgorithmIdentifier{Algorithm: pkcs7.OIDDigestAlgorithmECDSASHA256}
)

// signCMS signs content, which travels inside, with SHA-256. The certificates of the chain go along.
func signCMS(content []byte, by credential, chain []*x509.Certificate, at time.Time, extra ...attribute) ([]byte, error) {
	digest := sha256.Sum256(content)
	attributes := extra
	for _, a := range []struct {
		id    asn1.ObjectIdentifier
		value any
	}{{oidContentType, pkcs7.OIDData}, {oidMessageDigest, digest[:]}, {oidSigningTime, at.UTC()}} {
		built, err := newAttribute(a.id, a.value)
		if err != nil {
			return nil, err
		}
		attributes = append(attributes, built)
	}
	set, err := marshalSet(attributes)
	if err != nil {
		return nil, err
	}
	toSign := sha256.Sum256(set)
	signature, err := by.key.Sign(rand.Reader, toSign[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	algorithm := rsaIdentifier
	if _, ok := by.key.Public().(*ecdsa.PublicKey); ok {
		algorithm = ecdsaIdentifier
	}
	var certificates bytes.Buffer
	for _, c := range append([]*x509.Certificate{by.certificate}, chain...) {
		certificates.Write(c.Raw)
	}
	set[0] = 0xa0 // SET OF as [0] IMPLICIT
	return wrap(pkcs7.OIDSignedData, signedData{
		Version:          1,
		DigestAlgorithms: []pkix.AlgorithmIdentifier{sha256Identifier},
		Content:          encapsulatedContent{pkcs7.OIDData, content},
		Certificates:     asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: certificates.Bytes()},
		SignerInfos: []signerInfo{{
			Version:            1,
			Signer:             nameOf(by.certificate),
			DigestAlgorithm:    sha256Identifier,
			Attributes:         asn1.RawValue{FullBytes: set},
			SignatureAlgorithm: algorithm,
			Signature:          signature,
		}},
	})
}

func newAttribute(id asn1.ObjectIdentifier, value any) (attribute, error) {
	der, err := asn1.Marshal(value)
	if err != nil {
		return attribute{}, fmt.Errorf("write signed attribute %v: %w", id, err)
	}
	return attribute{id, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: der}}, nil
}

// marshalSet is the DER of the attributes as a SET OF, which is what is signed.
func marshalSet(attributes []attribute) ([]byte, error) {
	der, err := asn1.MarshalWithParams(attributes, "set")
	if err != nil {
		return nil, fmt.Errorf("write signed attributes: %w", err)
	}
	return der, nil
}

func wrap(id asn1.ObjectIdentifier, value any) ([]byte, error) {
	inner, err := asn1.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write CMS: %w", err)
	}
	der, err := asn1.Marshal(contentInfo{id, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}})
	if err != nil {
		return nil, fmt.Errorf("write CMS: %w", err)
	}
	return der, nil
}

// usableRecipient says whether an answer can be encrypted to a certificate: SCEP has RSA only.
func usableRecipient(c *x509.Certificate) error {
	if _, ok := c.PublicKey.(*rsa.PublicKey); !ok {
		return fmt.Errorf("%w: answer to a key of type %T", errAlgorithm, c.PublicKey)
	}
	return usableKey(c.PublicKey)
}
