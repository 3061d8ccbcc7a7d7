package mdm_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"testing"
)

// certificateRequest is a PKCS #10 request with a challengePassword, which crypto/x509 cannot write: the attribute is
// put into a request of its making, which is then signed again.
func certificateRequest(t testing.TB, challenge string) *x509.CertificateRequest {
	t.Helper()
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value []asn1.RawValue `asn1:"set"`
	}
	type info struct {
		Version    int
		Subject    asn1.RawValue
		PublicKey  asn1.RawValue
		Attributes []attribute `asn1:"tag:0,set"`
	}
	key := deviceKey()
	subject, err := asn1.Marshal(pkix.Name{CommonName: "phone"}.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	password := asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte(challenge)}
	body, err := asn1.Marshal(info{
		Subject: asn1.RawValue{FullBytes: subject}, PublicKey: asn1.RawValue{FullBytes: public},
		Attributes: []attribute{{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 7}, []asn1.RawValue{password}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	signature := signSHA256(t, rand.Reader, key, body)
	der, err := asn1.Marshal(struct {
		Info      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{
		asn1.RawValue{FullBytes: body},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: signature, BitLength: len(signature) * 8},
	})
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func signSHA256(t testing.TB, random io.Reader, key *rsa.PrivateKey, body []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(random, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signature
}
