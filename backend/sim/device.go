package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	mrand "math/rand/v2"
	"sync"
	"time"
)

// DeviceAuthority stands in for the authority that signs the identity Apple builds into devices: RSA-1024, signed with
// SHA-1, expired in 2014 and still in use (docs/PROTOCOL.md, 3).
type DeviceAuthority struct {
	root, ca *x509.Certificate
	key      *rsa.PrivateKey

	mu  sync.Mutex
	rng *mrand.Rand
}

// DeviceIdentity is what one device signs its enrollment request with. It identifies nobody.
type DeviceIdentity struct {
	Leaf  *x509.Certificate
	Chain []*x509.Certificate // sent along, without the root
	key   *rsa.PrivateKey
	sha1  bool
}

// NewDeviceAuthority makes an authority like Apple's, with names of its own.
func NewDeviceAuthority(seed uint64) (*DeviceAuthority, error) {
	rng := mrand.New(mrand.NewPCG(seed, 0xDE71CE))
	rootKey, err := phoneKeys.take()
	if err != nil {
		return nil, err
	}
	key, err := deviceKeys.take()
	if err != nil {
		return nil, err
	}
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 22, 54, 46, 0, time.UTC) }
	root, err := issue(&x509.Certificate{
		SerialNumber: serial(rng), Subject: pkix.Name{Organization: []string{"Simulated Devices"}, CommonName: "Simulated Root CA"},
		NotBefore: day(2007, 4, 16), NotAfter: day(2035, 2, 9), SignatureAlgorithm: x509.SHA1WithRSA,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, &rootKey.PublicKey, rootKey)
	if err != nil {
		return nil, fmt.Errorf("make device authority: %w", err)
	}
	ca, err := issue(&x509.Certificate{
		SerialNumber: serial(rng), Subject: pkix.Name{Organization: []string{"Simulated Devices"}, CommonName: "Simulated iPhone Device CA"},
		NotBefore: day(2007, 4, 16), NotAfter: day(2014, 4, 16), SignatureAlgorithm: x509.SHA1WithRSA,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, root, &key.PublicKey, rootKey)
	if err != nil {
		return nil, fmt.Errorf("make device authority: %w", err)
	}
	return &DeviceAuthority{root: root, ca: ca, key: key, rng: rng}, nil
}

// PEM is the certificate a server must accept to believe these devices.
func (a *DeviceAuthority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.ca.Raw})
}

// Certificate is the authority that issues; its own issuer is a root nobody needs.
func (a *DeviceAuthority) Certificate() *x509.Certificate { return a.ca }

// Issue makes the identity of a newer device: SHA-256, three years.
func (a *DeviceAuthority) Issue() (*DeviceIdentity, error) {
	return a.issue(x509.SHA256WithRSA, time.Now().AddDate(-1, 0, 0), 3*365)
}

// IssueOld makes the identity of an older device: SHA-1, a year, long expired.
func (a *DeviceAuthority) IssueOld() (*DeviceIdentity, error) {
	return a.issue(x509.SHA1WithRSA, time.Date(2018, 11, 8, 0, 0, 0, 0, time.UTC), 365)
}

func (a *DeviceAuthority) issue(algorithm x509.SignatureAlgorithm, from time.Time, days int) (*DeviceIdentity, error) {
	key, err := deviceKeys.take()
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	number, name := serial(a.rng), uuid(a.rng)
	a.mu.Unlock()
	leaf, err := issue(&x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{Organization: []string{"Simulated Devices"}, CommonName: name},
		NotBefore: from, NotAfter: from.AddDate(0, 0, days), SignatureAlgorithm: algorithm,
		KeyUsage: x509.KeyUsageDigitalSignature,
	}, a.ca, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("issue device identity: %w", err)
	}
	return &DeviceIdentity{
		Leaf: leaf, Chain: []*x509.Certificate{a.ca, a.root}, key: key,
		sha1: algorithm == x509.SHA1WithRSA,
	}, nil
}

// NewSecretDevice makes the identity of one device that no authority stands behind, with a key that nobody can compute,
// for a server that people use: it may believe this leaf, and nothing else of ours (see [keyPool]).
func NewSecretDevice() (*DeviceIdentity, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a device's key: %w", err)
	}
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make a device's serial number: %w", err)
	}
	now := time.Now()
	leaf, err := issue(&x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{Organization: []string{"Simulated Devices"}, CommonName: rand.Text()},
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(0, 0, 1), SignatureAlgorithm: x509.SHA256WithRSA,
		KeyUsage: x509.KeyUsageDigitalSignature,
	}, nil, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("issue device identity: %w", err)
	}
	return &DeviceIdentity{Leaf: leaf, key: key}, nil
}

// PEM is the leaf, for a server that is to believe this device alone.
func (d *DeviceIdentity) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.Leaf.Raw})
}

// Sign wraps content as an enrollment request is wrapped: CMS SignedData in DER with the whole chain. The time
// of signing is today's, also when the leaf has long expired: so do real devices.
func (d *DeviceIdentity) Sign(content []byte) ([]byte, error) {
	return d.signAt(content, time.Now())
}

func (d *DeviceIdentity) signAt(content []byte, at time.Time) ([]byte, error) {
	return signing{signer: d.Leaf, key: d.key, chain: d.Chain, sha1: d.sha1, at: at}.sign(content)
}

// stranger is the authority behind phones that were given no device identity: nobody knows it.
var stranger = sync.OnceValues(func() (*DeviceAuthority, error) { return NewDeviceAuthority(0) })

// issue signs a certificate; without a parent it signs itself.
func issue(template, parent *x509.Certificate, public *rsa.PublicKey, signer *rsa.PrivateKey) (*x509.Certificate, error) {
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func serial(rng *mrand.Rand) *big.Int {
	return new(big.Int).SetUint64(rng.Uint64()>>1 | 1)
}

// uuid draws an upper-case version 4 UUID, as Apple writes them.
func uuid(rng *mrand.Rand) string {
	b := randomBytes(rng, 16)
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func randomBytes(rng *mrand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// userID is the attribute of a push certificate's subject that carries the topic.
var userID = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
