package pki

import (
	"bytes"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"fmt"
	"slices"
)

// Origin says under which authority a MachineInfo was signed.
type Origin string

// Where a signature can come from. Each of them was found sound.
const (
	OriginApple   Origin = "apple"   // Apple's iPhone Device CA
	OriginAnchor  Origin = "anchor"  // an authority that the administrator added
	OriginUnknown Origin = "unknown" // another one; newer classes of devices may use another one of Apple's
)

// appleDeviceCA signs the certificates that Apple builds into devices. SHA-256
// 76F27D00E1333BC88DE0E2916C38C9A7F2B75774C25A794C092A80E3C4C66CCE.
//
//go:embed apple-iphone-device-ca.pem
var appleDeviceCAPEM []byte

var appleDeviceCA = mustCertificate(appleDeviceCAPEM)

func mustCertificate(text []byte) *x509.Certificate {
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err) // built into the program
	}
	return c
}

// OpenMachineInfo takes the property list out of the CMS message that a phone posts first, and says who vouches for it. A
// signature that does not fit the content is always an error; one of an unknown authority is not.
//
// It proves that some Apple device sent this at some time, and no more: the device's key has 1024 bits, its certificate may
// have expired and the authority's did in 2014. Dates are therefore not looked at, as Apple advises for this chain, and
// SHA-1 is taken. Who the person is shows in the sign-in that follows. The certificate names the device, which in User
// Enrollment we must not know, and is dropped here.
func OpenMachineInfo(body []byte, anchors []*x509.Certificate) (content []byte, o Origin, err error) {
	m, err := parseSigned(body)
	if err != nil {
		return nil, "", fmt.Errorf("open machine info: %w", err)
	}
	if len(m.content) == 0 {
		return nil, "", fmt.Errorf("open machine info: %w: no content", errEncoding)
	}
	if err := m.verify(m.content); err != nil {
		return nil, "", fmt.Errorf("open machine info: %w", err)
	}
	return m.content, m.origin(anchors), nil
}

// maxChain is how many authorities may stand between a device and an anchor.
const maxChain = 4

// origin follows the signer's chain to an authority that we know.
func (m *signedMessage) origin(anchors []*x509.Certificate) Origin {
	c := m.signer
	for range maxChain {
		if signedBy(c, appleDeviceCA) {
			return OriginApple
		}
		if slices.ContainsFunc(anchors, func(a *x509.Certificate) bool { return c.Equal(a) || signedBy(c, a) }) {
			return OriginAnchor
		}
		i := slices.IndexFunc(m.certificates, func(a *x509.Certificate) bool { return a.IsCA && !a.Equal(c) && signedBy(c, a) })
		if i < 0 {
			return OriginUnknown
		}
		c = m.certificates[i]
	}
	return OriginUnknown
}

// signedBy checks one link of a chain without dates and without regard to SHA-1, which crypto/x509 refuses in a chain:
// older devices' certificates, and all of Apple's authorities above them, are signed with it.
func signedBy(c, issuer *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, issuer.RawSubject) &&
		usableKey(issuer.PublicKey) == nil &&
		issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}
