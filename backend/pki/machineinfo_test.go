package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

const machineInfo = applesDoctype + `<plist version="1.0"><dict><key>LANGUAGE</key><string>de</string>` +
	`<key>PRODUCT</key><string>iPhone17,2</string><key>VERSION</key><string>22C161</string></dict></plist>`

// chain is an authority as Apple's, long expired, and a device's certificate under it, expired too.
type chain struct {
	authority, device *x509.Certificate
	key               *rsa.PrivateKey
}

func newChain(t testing.TB) chain {
	t.Helper()
	authorityKey, key := rsaKey(t, 1024, 0), rsaKey(t, 1024, 1)
	old := time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Stand-in for a Device CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: old, NotAfter: old.AddDate(6, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	device := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a device"}, NotBefore: old, NotAfter: old.AddDate(1, 0, 0),
	}
	return chain{sign(t, authority, authority, authorityKey, authorityKey), sign(t, device, authority, key, authorityKey), key}
}

func sign(t testing.TB, template, parent *x509.Certificate, key, by *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signedInfo is the message that a device of the chain posts; the library, not we, writes it.
func signedInfo(t testing.TB, c chain, content string, digest asn1.ObjectIdentifier, change ...func(*pkcs7.SignedData)) []byte {
	t.Helper()
	s, err := pkcs7.NewSignedData([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	s.SetDigestAlgorithm(digest)
	if err := s.AddSigner(c.device, c.key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(s)
	}
	der, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestOpenMachineInfo(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	for name, digest := range map[string]asn1.ObjectIdentifier{
		"SHA-1": pkcs7.OIDDigestAlgorithmSHA1, "SHA-256": pkcs7.OIDDigestAlgorithmSHA256, "SHA-512": pkcs7.OIDDigestAlgorithmSHA512,
	} {
		message := signedInfo(t, c, machineInfo, digest)
		content, origin, err := OpenMachineInfo(message, []*x509.Certificate{c.authority})
		if err != nil || origin != OriginAnchor || string(content) != machineInfo {
			t.Errorf("%s: got %d bytes from %q, %v; want the content from the anchor", name, len(content), origin, err)
		}
		if _, origin, err = OpenMachineInfo(message, nil); err != nil || origin != OriginUnknown {
			t.Errorf("%s without anchors: got %q, %v; want unknown", name, origin, err)
		}
	}
	namesake := selfSigned(t, rsaKey(t, 1024, 2), func(n *x509.Certificate) {
		n.Subject, n.IsCA, n.BasicConstraintsValid = c.authority.Subject, true, true
	})
	if _, origin, err := OpenMachineInfo(signedInfo(t, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256), []*x509.Certificate{namesake}); err != nil || origin != OriginUnknown {
		t.Errorf("an anchor of the same name with another key: got %q, %v; want unknown", origin, err)
	}
}

func TestOpenMachineInfoOverAnIntermediate(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
	}
	rootKey := rsaKey(t, 2048, 0)
	root = sign(t, root, root, rootKey, rootKey)
	under := *c.authority
	under.Issuer, under.SignatureAlgorithm = pkix.Name{}, 0
	c.authority = sign(t, &under, root, rsaKey(t, 1024, 0), rootKey)
	add := func(s *pkcs7.SignedData) { s.AddCertificate(c.authority); s.AddCertificate(root) }
	if _, origin, err := OpenMachineInfo(signedInfo(t, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256, add), []*x509.Certificate{root}); err != nil || origin != OriginAnchor {
		t.Errorf("got %q, %v; want the anchor at the end of the chain", origin, err)
	}
}

// What is broken is refused, whatever authority it comes from.
func TestOpenMachineInfoRefuses(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	good := signedInfo(t, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256)
	altered := bytes.Replace(good, []byte("iPhone17,2"), []byte("iPhone17,3"), 1)
	broken := bytes.Clone(good)
	broken[len(broken)-1] ^= 1 // the last byte of the signature
	for name, message := range map[string][]byte{
		"empty":             nil,
		"a plain list":      []byte(machineInfo),
		"altered content":   altered,
		"broken signature":  broken,
		"cut off":           good[:len(good)-10],
		"something behind":  append(bytes.Clone(good), 0),
		"detached":          signedInfo(t, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256, (*pkcs7.SignedData).Detach),
		"no content at all": signedInfo(t, c, "", pkcs7.OIDDigestAlgorithmSHA256),
		"no signer": signedInfo(t, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256, func(s *pkcs7.SignedData) {
			s.GetSignedData().SignerInfos = s.GetSignedData().SignerInfos[:0]
		}),
		"two signers": signedInfo(t, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256, func(s *pkcs7.SignedData) {
			_ = s.AddSigner(c.device, c.key, pkcs7.SignerInfoConfig{})
		}),
		"many certificates": signedInfo(t, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256, func(s *pkcs7.SignedData) {
			for range maxCertificates {
				s.AddCertificate(c.authority)
			}
		}),
		"another's certificate": signedInfo(t, chain{device: c.device, key: rsaKey(t, 1024, 2)}, machineInfo, pkcs7.OIDDigestAlgorithmSHA256),
		"attributes dropped": signedInfo(t, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256, func(s *pkcs7.SignedData) {
			s.RemoveAuthenticatedAttributes()
		}),
	} {
		if _, origin, err := OpenMachineInfo(message, []*x509.Certificate{c.authority}); err == nil {
			t.Errorf("%s: taken, from %q", name, origin)
		}
	}
}

// A signature with SHA-1 throughout, as old devices make it, by a program that is not ours. No Go library issues such a
// certificate any more.
func TestOpenMachineInfoFromOpenSSL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "info.plist", []byte(machineInfo))
	openssl(t, dir, "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-sha1", "-subj", "/CN=Old authority", "-keyout", "ca.key", "-out", "ca.pem")
	openssl(t, dir, "req", "-new", "-newkey", "rsa:1024", "-nodes", "-sha1", "-subj", "/CN=old device", "-keyout", "device.key", "-out", "device.csr")
	openssl(t, dir, "x509", "-req", "-in", "device.csr", "-sha1", "-days", "1", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "device.pem")
	authority := mustCertificate(read(t, dir, "ca.pem"))
	for name, extra := range map[string][]string{
		"SHA-1": {"-md", "sha1"}, "SHA-256": {"-md", "sha256"}, "without attributes": {"-noattr"}, "in pieces": {"-stream"},
		"with a chain": {"-certfile", "ca.pem"},
	} {
		args := []string{"cms", "-sign", "-binary", "-nodetach", "-in", "info.plist", "-signer", "device.pem", "-inkey", "device.key", "-outform", "DER", "-out", "info.der"}
		openssl(t, dir, append(args, extra...)...)
		message := read(t, dir, "info.der")
		content, origin, err := OpenMachineInfo(message, []*x509.Certificate{authority})
		if err != nil || origin != OriginAnchor || string(content) != machineInfo {
			t.Errorf("%s: got %q, %q, %v", name, content, origin, err)
		}
		if _, _, err := OpenMachineInfo(bytes.Replace(message, []byte("iPhone17,2"), []byte("iPhone18,2"), 1), nil); err == nil {
			t.Errorf("%s, altered: taken", name)
		}
	}
}

// Two certificates of real devices, from the public test vectors of the micromdm project: one signed with SHA-1 and
// expired, one signed with SHA-256. Both lead to Apple's authority, and to nothing when a byte is changed.
func TestRealDevicesAreApples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"real-device-2018-sha1.pem", "real-device-2024-sha256.pem"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		device := mustCertificate(text)
		if got := (&signedMessage{signer: device}).origin(nil); got != OriginApple {
			t.Errorf("%s: got %q, want apple", name, got)
		}
		block, _ := pem.Decode(text)
		altered := bytes.Clone(block.Bytes)
		altered[len(altered)-20] ^= 1 // in the signature
		forged, err := x509.ParseCertificate(altered)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&signedMessage{signer: forged}).origin(nil); got != OriginUnknown {
			t.Errorf("%s with a changed signature: got %q, want unknown", name, got)
		}
	}
}

// The pinned authority is the one that Apple's chain has.
func TestPinnedAuthority(t *testing.T) {
	t.Parallel()
	if got, want := fingerprint(appleDeviceCA), "76f27d00e1333bc88de0e2916c38c9a7f2b75774c25a794c092a80e3c4c66cce"; got != want {
		t.Errorf("the pinned authority is %s, want %s", got, want)
	}
	intermediate := mustCertificate(read(t, "testdata", "apple-iphone-certification-authority.pem"))
	root := mustCertificate(read(t, "testdata", "apple-root-ca.pem"))
	if !signedBy(appleDeviceCA, intermediate) || !signedBy(intermediate, root) || !signedBy(root, root) {
		t.Error("the pinned authority does not lead to Apple's root")
	}
}

func FuzzMachineInfo(f *testing.F) {
	c := newChain(f)
	f.Add(signedInfo(f, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA256))
	f.Add(signedInfo(f, c, machineInfo, pkcs7.OIDDigestAlgorithmSHA1))
	seeds(f, "*.der")
	f.Fuzz(func(t *testing.T, b []byte) {
		content, origin, err := OpenMachineInfo(b, []*x509.Certificate{c.authority})
		if err == nil && (len(content) == 0 || origin == "") {
			t.Errorf("taken without content or origin: %q, %q", content, origin)
		}
		if err == nil && origin == OriginAnchor && string(content) != machineInfo {
			t.Errorf("a forgery was taken: %q", content)
		}
	})
}
