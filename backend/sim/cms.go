package sim

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// The phone writes its CMS itself: it must not share a writer, or process-wide defaults, with the server under test.

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidSHA1          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidAES128CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES256CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Content      contentInfo
	Certificates asn1.RawValue `asn1:"optional"`
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version    int
	Signer     issuerAndSerial
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue `asn1:"optional"`
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
}

type envelopedData struct {
	Version    int
	Recipients []recipientInfo `asn1:"set"`
	Content    encryptedContent
}

type recipientInfo struct {
	Version   int
	Recipient issuerAndSerial
	Algorithm pkix.AlgorithmIdentifier
	Key       []byte
}

type encryptedContent struct {
	Type      asn1.ObjectIdentifier
	Algorithm pkix.AlgorithmIdentifier
	Data      asn1.RawValue `asn1:"optional,tag:0"`
}

// attribute is one signed attribute with one value.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// signing says how to sign.
type signing struct {
	signer     *x509.Certificate
	key        *rsa.PrivateKey
	chain      []*x509.Certificate // sent along after the signer
	detached   bool
	sha1       bool
	at         time.Time
	attributes []attribute // besides content type, digest and time
}

// sign makes a DER CMS SignedData.
func (s signing) sign(content []byte) ([]byte, error) {
	hash, digestOID := crypto.SHA256, oidSHA256
	var digest []byte
	if s.sha1 {
		hash, digestOID = crypto.SHA1, oidSHA1
		sum := sha1.Sum(content)
		digest = sum[:]
	} else {
		sum := sha256.Sum256(content)
		digest = sum[:]
	}
	set, err := signedAttributes(append([]attribute{
		{oidContentType, must(asn1.Marshal(oidData))},
		{oidMessageDigest, must(asn1.Marshal(digest))},
		{oidSigningTime, must(asn1.Marshal(s.at.UTC()))},
	}, s.attributes...))
	if err != nil {
		return nil, fmt.Errorf("write signed attributes: %w", err)
	}
	h := hash.New()
	h.Write(set)
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, hash, h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}

	inner := contentInfo{Type: oidData}
	if !s.detached {
		inner.Content = explicit(must(asn1.Marshal(content)).FullBytes)
	}
	var certificates []byte
	for _, c := range append([]*x509.Certificate{s.signer}, s.chain...) {
		certificates = append(certificates, c.Raw...)
	}
	return marshalInfo(oidSignedData, signedData{
		Version:      1,
		Digests:      []pkix.AlgorithmIdentifier{{Algorithm: digestOID, Parameters: asn1.NullRawValue}},
		Content:      inner,
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: certificates},
		Signers: []signerInfo{{
			Version:    1,
			Signer:     issuerAndSerial{asn1.RawValue{FullBytes: s.signer.RawIssuer}, s.signer.SerialNumber},
			Digest:     pkix.AlgorithmIdentifier{Algorithm: digestOID, Parameters: asn1.NullRawValue},
			Attributes: asn1.RawValue{FullBytes: implicit(set)},
			Algorithm:  pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue},
			Signature:  signature,
		}},
	})
}

// signedAttributes is the SET OF attributes in DER order, as it is signed.
func signedAttributes(attributes []attribute) ([]byte, error) {
	var parts [][]byte
	for _, a := range attributes {
		part, err := asn1.Marshal(struct {
			Type   asn1.ObjectIdentifier
			Values []asn1.RawValue `asn1:"set"`
		}{a.Type, []asn1.RawValue{a.Value}})
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	slices.SortFunc(parts, bytes.Compare)
	return asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: bytes.Join(parts, nil)})
}

// implicit is a SET with the tag that SignerInfo gives it; what is signed is the plain SET.
func implicit(set []byte) []byte {
	tagged := bytes.Clone(set)
	tagged[0] = 0xA0
	return tagged
}

func explicit(inner []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}
}

func marshalInfo(t asn1.ObjectIdentifier, v any) ([]byte, error) {
	inner, err := asn1.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write CMS: %w", err)
	}
	return asn1.Marshal(contentInfo{Type: t, Content: explicit(inner)})
}

// must turns a marshalled value of a type that always marshals into a raw one.
func must(der []byte, err error) asn1.RawValue {
	if err != nil {
		panic("sim: " + err.Error())
	}
	return asn1.RawValue{FullBytes: der}
}

// envelope encrypts content for one recipient with AES-128-CBC, as Apple's SCEP client does when the server offers AES.
func envelope(content []byte, to *x509.Certificate) ([]byte, error) {
	public, ok := to.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("encrypt for %s: its key is no RSA key", to.Subject)
	}
	key, iv := make([]byte, 16), make([]byte, aes.BlockSize)
	rand.Read(key)
	rand.Read(iv)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	pad := aes.BlockSize - len(content)%aes.BlockSize
	padded := append(bytes.Clone(content), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	wrapped, err := rsa.EncryptPKCS1v15(rand.Reader, public, key) //nolint:staticcheck // what SCEP speaks
	if err != nil {
		return nil, fmt.Errorf("encrypt for %s: %w", to.Subject, err)
	}
	return marshalInfo(oidEnvelopedData, envelopedData{
		Recipients: []recipientInfo{{
			Recipient: issuerAndSerial{asn1.RawValue{FullBytes: to.RawIssuer}, to.SerialNumber},
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue},
			Key:       wrapped,
		}},
		Content: encryptedContent{
			Type:      oidData,
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidAES128CBC, Parameters: must(asn1.Marshal(iv))},
			Data:      asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, Bytes: padded},
		},
	})
}

// contentCipher is the algorithm an envelope was encrypted with.
func contentCipher(der []byte) (asn1.ObjectIdentifier, error) {
	var info contentInfo
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("read envelope: %w", err)
	}
	var e envelopedData
	if _, err := asn1.Unmarshal(info.Content.Bytes, &e); err != nil {
		return nil, fmt.Errorf("read envelope: %w", err)
	}
	return e.Content.Algorithm.Algorithm, nil
}
