package apns

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// fileLimit is far above any certificate file; what is larger is something else.
const fileLimit = 256 << 10

// uid is the attribute of the subject in which Apple writes the topic.
var uid = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}

// Bundle is a push certificate with its key, checked and ready for [Client.Import]. It does not print its key.
type Bundle struct {
	leaf  *x509.Certificate
	topic string
	chain []byte // PEM
	key   []byte // PEM, PKCS #8
}

// String hides the key.
func (b Bundle) String() string { return "[push certificate " + b.topic + "]" }

// FileError says what is wrong with the files of a push certificate.
type FileError struct {
	// Problem is a code: the keys of problems.
	Problem string
	// Detail is a name or a date that belongs to it.
	Detail string
}

// problems are the things that people bring instead of a push certificate, each with the way on.
var problems = map[string]string{
	"too_large":            "the file is too large for a certificate",
	"unreadable":           "the file is no certificate that we can read: we take PEM, DER and PKCS #12",
	"csr":                  "this is a certificate request (CSR), not the certificate: upload the request at identity.apple.com/pushcert and bring the file that you download there",
	"signed_request":       "this is the signed request for Apple's portal: upload it at identity.apple.com/pushcert and bring the file that you download there",
	"vendor_certificate":   "this is an MDM vendor certificate; it signs requests and wakes no phones: bring the push certificate from identity.apple.com/pushcert",
	"server_token":         "this is the server token of Apple Business, not a push certificate",
	"authority":            "this is the certificate of an authority, not a push certificate",
	"not_push":             "this certificate is not for MDM push: its subject names no topic that begins with com.apple.mgmt.",
	"no_certificate":       "there is no certificate in the file",
	"no_key":               "there is no private key in the file: bring the key that was made together with the request",
	"key_is_certificate":   "the file that should hold the key holds a certificate: perhaps the two files are swapped",
	"certificate_is_key":   "the file that should hold the certificate holds a key: perhaps the two files are swapped",
	"encrypted_key":        "the private key is encrypted: bring it without a passphrase, or both as a PKCS #12 file",
	"weak_key":             "the private key is too short for Apple: 2048 bits of RSA are the least",
	"key_mismatch":         "key and certificate do not belong together: the key must be the one that the request was made with",
	"passphrase":           "the passphrase does not open the PKCS #12 file",
	"unsupported_key_type": "the private key is of a kind that we cannot use",
	"expired":              "the certificate has expired: renew it at identity.apple.com/pushcert under the same Apple account",
}

func (e *FileError) Error() string {
	if e.Detail == "" {
		return problems[e.Problem]
	}
	return problems[e.Problem] + " (" + e.Detail + ")"
}

// Parse reads certificate and key from PEM or DER files. Both may be in one file, given twice.
func Parse(certificate, key []byte) (Bundle, error) {
	chain, err := readCertificates(certificate)
	if err != nil {
		return Bundle{}, err
	}
	private, err := readKey(key)
	if err != nil {
		return Bundle{}, err
	}
	return bundle(chain, private)
}

// ParsePKCS12 reads both from a .p12 file.
func ParsePKCS12(data []byte, passphrase string) (Bundle, error) {
	if len(data) > fileLimit {
		return Bundle{}, &FileError{Problem: "too_large"}
	}
	key, leaf, chain, err := pkcs12.DecodeChain(data, passphrase)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return Bundle{}, &FileError{Problem: "passphrase"}
	}
	if err != nil {
		// The library's own words may tell what is missing; a file of another kind has a better name.
		if _, pemErr := readCertificates(data); pemErr != nil {
			var f *FileError
			if errors.As(pemErr, &f) && f.Problem != "unreadable" {
				return Bundle{}, f
			}
		}
		return Bundle{}, &FileError{Problem: "unreadable", Detail: err.Error()}
	}
	return bundle(append([]*x509.Certificate{leaf}, chain...), key)
}

// bundle finds the certificate that belongs to the key and checks that it is one for push.
func bundle(chain []*x509.Certificate, key any) (Bundle, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return Bundle{}, &FileError{Problem: "unsupported_key_type"}
	}
	if k, ok := key.(*rsa.PrivateKey); ok && k.N.BitLen() < 2048 {
		return Bundle{}, &FileError{Problem: "weak_key"}
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return Bundle{}, &FileError{Problem: "unsupported_key_type"}
	}
	var b Bundle
	for _, c := range chain {
		if public.Equal(c.PublicKey) {
			b.leaf = c
		}
	}
	if b.leaf == nil {
		if err := namePush(chain[0]); err != nil {
			return Bundle{}, err
		}
		return Bundle{}, &FileError{Problem: "key_mismatch"}
	}
	if err := namePush(b.leaf); err != nil {
		return Bundle{}, err
	}
	b.topic = topic(b.leaf)
	b.chain = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.leaf.Raw})
	for _, c := range chain {
		if c != b.leaf {
			b.chain = append(b.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Bundle{}, &FileError{Problem: "unsupported_key_type"}
	}
	b.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return b, nil
}

// namePush says which certificate this is if it is not one for push.
func namePush(c *x509.Certificate) error {
	name := c.Subject.CommonName
	switch {
	case strings.HasPrefix(topic(c), "com.apple.mgmt."):
		return nil
	case strings.HasPrefix(name, "MDM Vendor"):
		return &FileError{Problem: "vendor_certificate", Detail: name}
	case c.IsCA:
		return &FileError{Problem: "authority", Detail: name}
	}
	return &FileError{Problem: "not_push", Detail: c.Subject.String()}
}

func topic(c *x509.Certificate) string {
	for _, a := range c.Subject.Names {
		if s, ok := a.Value.(string); ok && a.Type.Equal(uid) {
			return s
		}
	}
	return ""
}

// byApple goes by the name. Only Apple's push service can tell for sure, and it will.
func byApple(c *x509.Certificate) bool {
	for _, o := range c.Issuer.Organization {
		if o == "Apple Inc." {
			return true
		}
	}
	return false
}

func readCertificates(data []byte) ([]*x509.Certificate, error) {
	if len(data) > fileLimit {
		return nil, &FileError{Problem: "too_large"}
	}
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return readDER(data)
	}
	var chain []*x509.Certificate
	key := false
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, &FileError{Problem: "unreadable", Detail: err.Error()}
			}
			chain = append(chain, c)
		case strings.HasSuffix(block.Type, "CERTIFICATE REQUEST"):
			return nil, &FileError{Problem: "csr"}
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			key = true
		}
	}
	switch {
	case len(chain) > 0:
		return chain, nil
	case key:
		return nil, &FileError{Problem: "certificate_is_key"}
	}
	return nil, &FileError{Problem: "no_certificate"}
}

// readDER takes a bare certificate and names what else people have.
func readDER(data []byte) ([]*x509.Certificate, error) {
	if c, err := x509.ParseCertificate(data); err == nil {
		return []*x509.Certificate{c}, nil
	}
	text := bytes.TrimSpace(data)
	switch {
	case bytes.Contains(text, []byte("PushCertRequestCSR")), bytes.HasPrefix(text, []byte("PD94bWwg")): // base64 of "<?xml "
		return nil, &FileError{Problem: "signed_request"}
	case bytes.Contains(text, []byte("smime.p7m")):
		return nil, &FileError{Problem: "server_token"}
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		return nil, &FileError{Problem: "csr"}
	}
	if _, err := parseKey(data); err == nil {
		return nil, &FileError{Problem: "certificate_is_key"}
	}
	return nil, &FileError{Problem: "unreadable"}
}

func readKey(data []byte) (any, error) {
	if len(data) > fileLimit {
		return nil, &FileError{Problem: "too_large"}
	}
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		key, err := parseKey(data)
		if err != nil {
			return nil, &FileError{Problem: "no_key"}
		}
		return key, nil
	}
	certificate := false
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return nil, &FileError{Problem: "encrypted_key"}
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			key, err := parseKey(block.Bytes)
			if err != nil {
				return nil, &FileError{Problem: "unreadable", Detail: err.Error()}
			}
			return key, nil
		case block.Type == "CERTIFICATE":
			certificate = true
		}
	}
	if certificate {
		return nil, &FileError{Problem: "key_is_certificate"}
	}
	return nil, &FileError{Problem: "no_key"}
}

func parseKey(der []byte) (any, error) {
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	return x509.ParsePKCS8PrivateKey(der)
}
