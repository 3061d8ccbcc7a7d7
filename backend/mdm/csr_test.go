package mdm_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/smallstep/scep/x509util"
)

// certificateRequest is a PKCS #10 request with a challengePassword.
func certificateRequest(t testing.TB, challenge string) *x509.CertificateRequest {
	t.Helper()
	der, err := x509util.CreateCertificateRequest(rand.Reader, &x509util.CertificateRequest{
		CertificateRequest: x509.CertificateRequest{Subject: pkix.Name{CommonName: "phone"}, SignatureAlgorithm: x509.SHA256WithRSA},
		ChallengePassword:  challenge,
	}, deviceKey())
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return request
}
