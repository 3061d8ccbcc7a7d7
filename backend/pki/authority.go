package pki

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Authorities are made once, when Gatehouse is set up.
var (
	// ErrNotCreated says that this database has no authorities yet.
	ErrNotCreated = errors.New("pki: the authorities have not been created")
	// ErrExists refuses to replace the authorities: every enrolled phone would be cut off.
	ErrExists = errors.New("pki: the authorities exist already")
)

// The names of the authorities, which are their rows.
const (
	deviceAuthority = "device"       // signs the identities of phones
	registration    = "registration" // opens SCEP requests and signs the answers
	tlsRoot         = "tls"          // the private root under which our TLS certificate stands
	profileSigner   = "signer"       // signs profiles
)

const (
	authorityLife = 20 * 365 * 24 * time.Hour
	// identityLife is longer than one would choose, since a phone renews nothing by itself: the server has to send the
	// profile again by InstallProfile, which we do not do yet, and a phone whose identity ran out must enroll anew
	// (Apple, "Mobile Device Management", MDM payload: renewing an enrollment profile). An identity can be revoked.
	identityLife = 5 * 365 * 24 * time.Hour
	// backdate lets a phone use a certificate at once whose clock is behind ours.
	backdate = time.Hour
)

// credential is a certificate with its key.
type credential struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// Authority is Gatehouse's certificate authority.
type Authority struct {
	db     *db.DB
	events *event.Log
	log    *slog.Logger

	device, registration, root, signer credential

	// requests bounds how many SCEP messages are worked on at a time: each costs three private operations.
	requests chan struct{}
	refusals refusals
	served   serverCertificate
}

// Create makes the authorities of a new installation, named after the organization.
func Create(ctx context.Context, d *db.DB, organization string) error {
	made, err := createAll(organization, d.Now())
	if err != nil {
		return fmt.Errorf("create authorities: %w", err)
	}
	return storeAll(ctx, d, made)
}

func storeAll(ctx context.Context, d *db.DB, made map[string]credential) error {
	sealed := map[string][]byte{}
	for name, c := range made {
		key, err := x509.MarshalPKCS8PrivateKey(c.key)
		if err != nil {
			return fmt.Errorf("create authorities: %w", err)
		}
		if sealed[name], err = d.Seal(authorityKey(name), key); err != nil {
			return fmt.Errorf("create authorities: %w", err)
		}
	}
	return d.Update(ctx, func(tx *db.Tx) error {
		for name, c := range made {
			n, err := tx.Exec(`
				INSERT INTO authorities (name, certificate, key, created_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (name) DO NOTHING`,
				name, c.certificate.Raw, sealed[name], db.Millis(tx.Now))
			if err != nil {
				return fmt.Errorf("store authority %s: %w", name, err)
			}
			if n == 0 {
				return ErrExists
			}
		}
		return nil
	})
}

func createAll(organization string, now time.Time) (map[string]credential, error) {
	device, err := issueAuthority(commonName(organization, "Device Authority"), organization, newRSA, now)
	if err != nil {
		return nil, err
	}
	// SCEP needs a key that decrypts. It is not the key that signs identities, so that no message of a phone ever
	// touches that one.
	ra, err := issueUnder(device, &x509.Certificate{
		Subject:   subject(commonName(organization, "Registration Authority"), organization),
		NotBefore: device.certificate.NotBefore, NotAfter: device.certificate.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}, newRSA)
	if err != nil {
		return nil, err
	}
	root, err := issueAuthority(commonName(organization, "Root"), organization, newP256, now)
	if err != nil {
		return nil, err
	}
	signer, err := issueUnder(root, &x509.Certificate{
		Subject:   subject(commonName(organization, "Profiles"), organization),
		NotBefore: root.certificate.NotBefore, NotAfter: root.certificate.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageCodeSigning},
	}, newP256)
	if err != nil {
		return nil, err
	}
	return map[string]credential{deviceAuthority: device, registration: ra, tlsRoot: root, profileSigner: signer}, nil
}

// Open loads the authorities and the TLS certificate. Before [Create], it fails with [ErrNotCreated].
func Open(ctx context.Context, d *db.DB, l *event.Log, log *slog.Logger) (*Authority, error) {
	a := &Authority{
		db: d, events: l, log: log, requests: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
		refusals: refusals{last: map[string]time.Time{}},
	}
	for name, c := range map[string]*credential{
		deviceAuthority: &a.device, registration: &a.registration, tlsRoot: &a.root, profileSigner: &a.signer,
	} {
		loaded, err := load(ctx, d, name)
		if err != nil {
			return nil, fmt.Errorf("open authority %s: %w", name, err)
		}
		*c = loaded
	}
	if _, err := a.certificate(ctx, true); err != nil && !errors.Is(err, ErrNoTLS) {
		return nil, err
	}
	return a, nil
}

func load(ctx context.Context, d *db.DB, name string) (credential, error) {
	var certificate, sealed []byte
	err := d.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT certificate, key FROM authorities WHERE name = $1`, name).Scan(&certificate, &sealed)
	})
	if noRows(err) {
		return credential{}, ErrNotCreated
	}
	if err != nil {
		return credential{}, err
	}
	der, err := d.Unseal(authorityKey(name), sealed)
	if err != nil {
		return credential{}, err
	}
	return parseCredential(certificate, der)
}

func authorityKey(name string) db.Place {
	return db.Place{Table: "authorities", Column: "key", Row: name}
}

func parseCredential(certificate, key []byte) (credential, error) {
	c, err := x509.ParseCertificate(certificate)
	if err != nil {
		return credential{}, err
	}
	k, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return credential{}, err
	}
	signer, ok := k.(crypto.Signer)
	if !ok {
		return credential{}, fmt.Errorf("a key of type %T", k)
	}
	return credential{c, signer}, nil
}

// Anchor is the private root: whoever trusts it trusts our private TLS certificate.
func (a *Authority) Anchor() *x509.Certificate { return a.root.certificate }

// AnchorPEM is the private root for people to install.
func (a *Authority) AnchorPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.certificate.Raw})
}

// Sign wraps a profile into a signature, so that nobody on the way can change it unseen.
//
// The signer stands under the private root, also when the server's TLS certificate is bought: the phone installs the
// profile all the same, and a signature that changes hands with each renewal of a ninety-day certificate proves less.
func (a *Authority) Sign(content []byte) ([]byte, error) {
	der, err := signCMS(content, a.signer, []*x509.Certificate{a.root.certificate}, a.db.Now())
	if err != nil {
		return nil, fmt.Errorf("sign profile: %w", err)
	}
	return der, nil
}

func newRSA() (crypto.Signer, error)  { return rsa.GenerateKey(rand.Reader, 2048) }
func newP256() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// issueAuthority makes a self-signed authority that signs end certificates only.
func issueAuthority(name, organization string, newKey func() (crypto.Signer, error), now time.Time) (credential, error) {
	return issueUnder(credential{}, &x509.Certificate{
		Subject:   subject(name, organization),
		NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:     true, MaxPathLenZero: true,
	}, newKey)
}

// issueUnder makes a key and its certificate under the issuer; the zero issuer means self-signed.
func issueUnder(issuer credential, template *x509.Certificate, newKey func() (crypto.Signer, error)) (credential, error) {
	key, err := newKey()
	if err != nil {
		return credential{}, err
	}
	if issuer.certificate == nil {
		issuer = credential{template, key}
	}
	c, err := issue(issuer, template, key.Public())
	return credential{c, key}, err
}

// issue signs a certificate with a random serial number and the identifiers of both keys.
func issue(issuer credential, template *x509.Certificate, key crypto.PublicKey) (*x509.Certificate, error) {
	id, err := keyDigest(key)
	if err != nil {
		return nil, err
	}
	template.SubjectKeyId = id[:20] // RFC 7093, method 1
	template.BasicConstraintsValid = true
	template.NotBefore = template.NotBefore.UTC().Truncate(time.Second)
	template.NotAfter = template.NotAfter.UTC().Truncate(time.Second)
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, key, issuer.key)
	if err != nil {
		return nil, fmt.Errorf("issue certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// keyDigest identifies a public key.
func keyDigest(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(der)
	return digest[:], nil
}

func subject(name, organization string) pkix.Name {
	return pkix.Name{CommonName: name, Organization: []string{cut(organization, 64)}}
}

// commonName fits the organization's name and a role into the 64 letters of a common name, RFC 5280 appendix A.1.
func commonName(organization, role string) string {
	return cut(organization, 64-len(role)-1) + " " + role
}

func cut(s string, letters int) string {
	if r := []rune(s); len(r) > letters {
		return string(r[:letters])
	}
	return s
}
