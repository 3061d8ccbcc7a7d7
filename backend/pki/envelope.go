package pki

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // read, never written: some SCEP clients still send it, inside of TLS
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/smallstep/pkcs7"
)

// envelopedData is a message that only the recipient's key opens, RFC 5652 section 6.
type envelopedData struct {
	Version    int
	Recipients []recipientInfo `asn1:"set"`
	Content    encryptedContent
}

type recipientInfo struct {
	Version      int
	Recipient    issuerAndSerial
	Algorithm    pkix.AlgorithmIdentifier
	EncryptedKey []byte
}

type encryptedContent struct {
	Type      asn1.ObjectIdentifier
	Algorithm pkix.AlgorithmIdentifier
	Content   asn1.RawValue `asn1:"tag:0,optional"`
}

// errEnvelope is the one reason that anybody learns when an envelope does not open.
var errEnvelope = errors.New("the envelope cannot be opened")

type contentCipher struct {
	id    asn1.ObjectIdentifier
	bytes int // of the key
	block func(key []byte) (cipher.Block, error)
}

// contentCiphers are what clients encipher requests with. We announce AES; clients that do not read the announcement send
// what their library does by default, down to DES. The request travels inside of TLS, so we read it.
var contentCiphers = []contentCipher{
	{pkcs7.OIDEncryptionAlgorithmAES128CBC, 16, aes.NewCipher},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, 24, aes.NewCipher},
	{pkcs7.OIDEncryptionAlgorithmAES256CBC, 32, aes.NewCipher},
	{pkcs7.OIDEncryptionAlgorithmDESEDE3CBC, 24, des.NewTripleDESCipher},
	{pkcs7.OIDEncryptionAlgorithmDESCBC, 8, des.NewCipher},
}

// open decrypts a message to us. A wrong key, a wrong padding and a wrong content cannot be told apart, neither by
// the error nor by the work done: when the wrapped key does not decrypt, a random one is tried in its place.
func (e *envelopedData) open(to credential) ([]byte, error) {
	key, ok := to.key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: our key is a %T", errEnvelope, to.key)
	}
	var wrapped []byte
	for _, r := range e.Recipients {
		if r.Recipient.Serial != nil && r.Recipient.Serial.Cmp(to.certificate.SerialNumber) == 0 &&
			bytes.Equal(r.Recipient.Issuer.FullBytes, to.certificate.RawIssuer) &&
			r.Algorithm.Algorithm.Equal(pkcs7.OIDEncryptionAlgorithmRSA) {
			wrapped = r.EncryptedKey
		}
	}
	if wrapped == nil {
		return nil, fmt.Errorf("%w: it is for somebody else", errEnvelope)
	}
	for _, c := range contentCiphers {
		if c.id.Equal(e.Content.Algorithm.Algorithm) {
			contentKey := make([]byte, c.bytes)
			_, _ = rand.Read(contentKey)                                             // never fails
			if rsa.DecryptPKCS1v15SessionKey(nil, key, wrapped, contentKey) != nil { //nolint:staticcheck // RFC 8894 has no other
				return nil, errEnvelope // only when it is not as long as the key, which the sender knows
			}
			return c.decrypt(contentKey, e.Content)
		}
	}
	return nil, fmt.Errorf("%w: cipher %v", errAlgorithm, e.Content.Algorithm.Algorithm)
}

func (c contentCipher) decrypt(key []byte, content encryptedContent) ([]byte, error) {
	text := content.Content.Bytes
	if content.Content.IsCompound { // the pieces of a streaming writer
		text = nil
		for rest := content.Content.Bytes; len(rest) > 0; {
			var piece []byte
			var err error
			if rest, err = asn1.Unmarshal(rest, &piece); err != nil {
				return nil, errEnvelope
			}
			text = append(text, piece...)
		}
	}
	block, err := c.block(key)
	if err != nil {
		return nil, errEnvelope
	}
	vector := content.Algorithm.Parameters.Bytes
	if len(vector) != block.BlockSize() || len(text) == 0 || len(text)%block.BlockSize() != 0 {
		return nil, errEnvelope
	}
	plain := make([]byte, len(text))
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(plain, text)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > block.BlockSize() ||
		!bytes.Equal(plain[len(plain)-padding:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return nil, errEnvelope
	}
	return plain[:len(plain)-padding], nil
}

func parseEnvelope(message []byte) (*envelopedData, error) {
	if err := checkBER(message); err != nil {
		return nil, err
	}
	der, _ := toDER(nil, message)
	var info contentInfo
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 || !info.Type.Equal(pkcs7.OIDEnvelopedData) {
		return nil, fmt.Errorf("%w: no envelope", errEncoding)
	}
	var envelope envelopedData
	if rest, err := asn1.Unmarshal(info.Content.Bytes, &envelope); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%w: a broken envelope", errEncoding)
	}
	return &envelope, nil
}

// toDER appends the first element of b to out with definite lengths, as encoding/asn1 wants them, and returns what
// follows. b has passed checkBER: its lengths hold and its levels are few.
func toDER(out, b []byte) (der, rest []byte) {
	tag, length, header := b[0], int(b[1]), 2
	indefinite := length == 0x80
	if length > 0x80 {
		header += length - 0x80
		length = 0
		for _, c := range b[2:header] {
			length = length<<8 | int(c)
		}
	}
	if tag&0x20 == 0 {
		out = append(append(out, tag), derLength(length)...)
		return append(out, b[header:header+length]...), b[header+length:]
	}
	var content []byte
	b = b[header:]
	if indefinite {
		for b[0] != 0 || b[1] != 0 {
			content, b = toDER(content, b)
		}
		b = b[2:]
	} else {
		for inside := b[:length]; len(inside) > 0; {
			content, inside = toDER(content, inside)
		}
		b = b[length:]
	}
	return append(append(append(out, tag), derLength(len(content))...), content...), b
}

func derLength(n int) []byte {
	switch {
	case n < 0x80:
		return []byte{byte(n)}
	case n < 0x100:
		return []byte{0x81, byte(n)}
	case n < 0x10000:
		return []byte{0x82, byte(n >> 8), byte(n)}
	}
	return []byte{0x83, byte(n >> 16), byte(n >> 8), byte(n)} // more than maxMessage
}

// sealEnvelope encrypts content to an RSA certificate with AES-256-CBC, or AES-128-CBC where the recipient used that.
func sealEnvelope(content []byte, to *x509.Certificate, like asn1.ObjectIdentifier) ([]byte, error) {
	recipient, ok := to.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: answer to a key of type %T", errAlgorithm, to.PublicKey)
	}
	size, id := 32, pkcs7.OIDEncryptionAlgorithmAES256CBC
	if like.Equal(pkcs7.OIDEncryptionAlgorithmAES128CBC) {
		size, id = 16, like
	}
	key, vector := make([]byte, size), make([]byte, aes.BlockSize)
	_, _ = rand.Read(key) // never fails
	_, _ = rand.Read(vector)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	padding := aes.BlockSize - len(content)%aes.BlockSize
	text := append(bytes.Clone(content), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, vector).CryptBlocks(text, text)
	wrapped, err := rsa.EncryptPKCS1v15(rand.Reader, recipient, key) //nolint:staticcheck // RFC 8894 has no other
	if err != nil {
		return nil, fmt.Errorf("encrypt answer: %w", err)
	}
	return wrap(pkcs7.OIDEnvelopedData, envelopedData{
		Recipients: []recipientInfo{{Recipient: nameOf(to), Algorithm: rsaIdentifier, EncryptedKey: wrapped}},
		Content: encryptedContent{
			Type:      pkcs7.OIDData,
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: id, Parameters: asn1.RawValue{Tag: asn1.TagOctetString, Bytes: vector}},
			Content:   asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, Bytes: text},
		},
	})
}
