package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

var (
	ErrNotCreated      = errors.New("pki: no authorities")
	ErrExists          = errors.New("pki: authorities exist")
	ErrSignature       = errors.New("pki: bad signature")
	ErrUnknownIdentity = errors.New("pki: unknown identity")
	ErrIdentityTaken   = errors.New("pki: identity taken")
	ErrChallengeUsed   = errors.New("pki: challenge unknown, expired or used")
)

type Authority struct{}
type Subject struct{ Attempt, Person, Enrollment string }
type Challenge string
type Signature struct{ Fingerprint string }
type Identity struct {
	Fingerprint, Attempt, Person, Enrollment, Serial string
	NotBefore, NotAfter, RevokedAt                   time.Time
}
type TLSInfo struct {
	Source                string // "private" or "imported"
	Subject, Issuer       string
	Names, Uncovered      []string
	NotBefore, NotAfter   time.Time
	Fingerprint, Key      string
}
type Origin string

const (
	OriginApple   Origin = "apple"
	OriginAnchor  Origin = "anchor"
	OriginUnknown Origin = "unknown"
)

func Create(ctx context.Context, d *db.DB, organization string) error { return nil }
func Open(ctx context.Context, d *db.DB, l *event.Log, log *slog.Logger) (*Authority, error) {
	return nil, nil
}
func (a *Authority) Routes(mux *http.ServeMux) {}
func (a *Authority) NewChallenge(tx *db.Tx, s Subject, ttl time.Duration) (Challenge, error) {
	return "", nil
}
func (a *Authority) Verify(header string, body []byte) (Signature, error) { return Signature{}, nil }
func (a *Authority) Identity(tx *db.Tx, fingerprint string) (Identity, error) {
	return Identity{}, nil
}
func (a *Authority) Bind(tx *db.Tx, fingerprint, enrollmentID string) error { return nil }
func (a *Authority) Revoke(tx *db.Tx, enrollmentID string) error            { return nil }
func (a *Authority) Erase(tx *db.Tx, attempt string) error                  { return nil }
func (a *Authority) Sign(content []byte) ([]byte, error)                    { return nil, nil }
func (a *Authority) EnsureTLS(ctx context.Context, hosts []string) error    { return nil }
func (a *Authority) ImportTLS(ctx context.Context, certPEM, keyPEM []byte) (TLSInfo, error) {
	return TLSInfo{}, nil
}
func (a *Authority) TLS(ctx context.Context) (TLSInfo, error) { return TLSInfo{}, nil }
func (a *Authority) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return nil, nil
}
func (a *Authority) AnchorPEM() []byte                          { return nil }
func (a *Authority) Anchor() *x509.Certificate                  { return nil }
func (a *Authority) PrivateTLS() bool                           { return false }
func (a *Authority) Run(ctx context.Context) error              { return nil }
func (a *Authority) Health(ctx context.Context) []event.Finding { return nil }
func OpenMachineInfo(body []byte, anchors []*x509.Certificate) (content []byte, o Origin, err error) {
	return nil, "", nil
}
func CheckPlist(b []byte, limit int) error { return nil }
