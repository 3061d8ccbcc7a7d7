package pki

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// Events of this room.
const (
	// Issued says that a phone got its certificate.
	Issued event.Kind = "identity.issued"
	// Refused says that a phone whose attempt we know did not get one, and why.
	Refused event.Kind = "identity.refused"
)

// What is wrong with an identity.
var (
	ErrUnknownIdentity = errors.New("pki: no such identity was issued here")
	ErrRevokedIdentity = errors.New("pki: the identity is revoked")
	// ErrIdentityTaken refuses to use one phone's identity for another enrollment, or one enrollment for two people.
	ErrIdentityTaken = errors.New("pki: the identity belongs to another enrollment")
)

// Identity is a certificate that a phone proves itself with, and for whom it was issued.
type Identity struct {
	Fingerprint string // SHA-256 of the certificate, hexadecimal
	Attempt     string
	Person      string
	Enrollment  string // empty until the phone's first check-in
	Serial      string
	NotBefore   time.Time
	NotAfter    time.Time
	RevokedAt   time.Time // zero while it is good
}

// Usable says whether the identity is neither revoked nor expired.
func (i Identity) Usable(now time.Time) bool { return i.RevokedAt.IsZero() && now.Before(i.NotAfter) }

// Identity looks up for whom a certificate was issued.
func (a *Authority) Identity(tx *db.Tx, fingerprint string) (Identity, error) {
	i := Identity{Fingerprint: fingerprint}
	var notBefore, notAfter, revoked int64
	err := tx.Row(`
		SELECT attempt, person, enrollment, serial, not_before, not_after, revoked_at
		FROM identities WHERE fingerprint = $1`, fingerprint).
		Scan(&i.Attempt, &i.Person, &i.Enrollment, &i.Serial, &notBefore, &notAfter, &revoked)
	switch {
	case noRows(err):
		return i, ErrUnknownIdentity
	case err != nil:
		return i, fmt.Errorf("look up identity: %w", err)
	}
	i.NotBefore, i.NotAfter, i.RevokedAt = db.Time(notBefore), db.Time(notAfter), db.Time(revoked)
	return i, nil
}

// Bind ties an identity to the enrollment whose phone uses it, for ever. Doing it again is fine. An identity of another
// enrollment, and an enrollment of another person, are refused with [ErrIdentityTaken].
func (a *Authority) Bind(tx *db.Tx, fingerprint, enrollmentID string) error {
	i, err := a.Identity(tx, fingerprint)
	switch {
	case err != nil:
		return err
	case !i.RevokedAt.IsZero():
		return ErrRevokedIdentity
	case i.Enrollment == enrollmentID:
		return nil
	case i.Enrollment != "":
		return ErrIdentityTaken
	}
	var taken bool
	err = tx.Row(`SELECT EXISTS (SELECT 1 FROM identities WHERE enrollment = $1 AND enrollment <> '' AND person <> $2)`,
		enrollmentID, i.Person).Scan(&taken)
	if err != nil {
		return fmt.Errorf("bind identity: %w", err)
	}
	if taken {
		return ErrIdentityTaken
	}
	if _, err := tx.Exec(`UPDATE identities SET enrollment = $2 WHERE fingerprint = $1`, fingerprint, enrollmentID); err != nil {
		return fmt.Errorf("bind identity: %w", err)
	}
	return nil
}

// Revoke ends the identities of an enrollment, and the challenges that would give it new ones.
func (a *Authority) Revoke(tx *db.Tx, enrollmentID string) error {
	if _, err := tx.Exec(`
		UPDATE identities SET revoked_at = $2 WHERE enrollment = $1 AND enrollment <> '' AND revoked_at = 0`,
		enrollmentID, db.Millis(tx.Now)); err != nil {
		return fmt.Errorf("revoke identities: %w", err)
	}
	if _, err := tx.Exec(`DELETE FROM challenges WHERE enrollment = $1 AND enrollment <> ''`, enrollmentID); err != nil {
		return fmt.Errorf("revoke challenges: %w", err)
	}
	return nil
}

// Erase removes the challenges and identities of an attempt without a trace. Only a rehearsal is erased: of real phones,
// the identities stay on record.
func (a *Authority) Erase(tx *db.Tx, attempt string) error {
	if _, err := tx.Exec(`DELETE FROM challenges WHERE attempt = $1`, attempt); err != nil {
		return fmt.Errorf("erase challenges: %w", err)
	}
	if _, err := tx.Exec(`DELETE FROM identities WHERE attempt = $1`, attempt); err != nil {
		return fmt.Errorf("erase identities: %w", err)
	}
	return nil
}

// maxRenewals bounds how many successors the identities of one attempt get in a day, together, so that a phone cannot
// fill the disk.
const (
	maxRenewals   = 10
	renewalWindow = 24 * time.Hour
)

// entitlement is what a certificate request may get: a new certificate for the subject, or the one that it got before.
type entitlement struct {
	subject Subject
	renews  string // fingerprint of the identity that asked, when it is a renewal
	already *x509.Certificate
}

// entitled says what a request may get. use is peek while nothing is decided, and spend in the transaction that stores the
// new identity.
func (a *Authority) entitled(tx *db.Tx, r *certificateRequest, use func(*db.Tx, Challenge) (Subject, error)) (entitlement, error) {
	err := ErrChallengeUsed
	if r.challenge != "" {
		var e entitlement
		e.subject, err = use(tx, r.challenge)
		if !errors.Is(err, ErrChallengeUsed) {
			return e, err
		}
		// A phone whose answer was lost asks again. The same challenge with another key is somebody else.
		e.already, err = issuedBefore(tx, `
			SELECT certificate, public_key FROM identities
			WHERE challenge = $1 AND revoked_at = 0 AND not_after > $2`, r.keyDigest, r.challenge.digest(), db.Millis(tx.Now))
		if err == nil || !errors.Is(err, ErrChallengeUsed) {
			return e, err
		}
	}
	if r.signer == "" {
		return entitlement{}, err
	}
	return a.renewal(tx, r)
}

// renewal says what a request may get that one of our identities signed: a successor for the same phone.
func (a *Authority) renewal(tx *db.Tx, r *certificateRequest) (entitlement, error) {
	old, err := a.Identity(tx, r.signer)
	switch {
	case err != nil:
		return entitlement{}, err
	case !old.RevokedAt.IsZero():
		return entitlement{}, ErrRevokedIdentity
	case !old.Usable(tx.Now):
		return entitlement{}, errExpiredIdentity
	}
	e := entitlement{subject: Subject{old.Attempt, old.Person, old.Enrollment}, renews: old.Fingerprint}
	e.already, err = issuedBefore(tx, `
		SELECT certificate, public_key FROM identities
		WHERE renews = $1 AND renews <> '' AND public_key = $2 AND revoked_at = 0 AND not_after > $3`,
		r.keyDigest, old.Fingerprint, r.keyDigest, db.Millis(tx.Now))
	if err == nil || !errors.Is(err, ErrChallengeUsed) {
		return e, err
	}
	// Identities that were made before the phone's first check-in bear the attempt, and no enrollment that could end.
	var renewals, revoked int
	err = tx.Row(`
		SELECT COALESCE(SUM(CASE WHEN renews <> '' AND issued_at > $2 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN revoked_at <> 0 THEN 1 ELSE 0 END), 0)
		FROM identities WHERE attempt = $1`,
		old.Attempt, db.Millis(tx.Now.Add(-renewalWindow))).Scan(&renewals, &revoked)
	switch {
	case err != nil:
		return e, fmt.Errorf("count renewals: %w", err)
	case revoked > 0:
		return e, ErrRevokedIdentity
	case renewals >= maxRenewals:
		return e, errTooManyRenewals
	}
	return e, nil
}

var (
	errExpiredIdentity = errors.New("pki: the identity that asks for a successor has expired")
	errTooManyRenewals = errors.New("pki: too many successors for one day")
)

// issuedBefore finds the certificate that a request got when it was first made. It says ErrChallengeUsed when there is
// none, or one for another key.
func issuedBefore(tx *db.Tx, query string, key []byte, args ...any) (*x509.Certificate, error) {
	var der, digest []byte
	err := tx.Row(query, args...).Scan(&der, &digest)
	switch {
	case noRows(err):
		return nil, ErrChallengeUsed
	case err != nil:
		return nil, fmt.Errorf("look up identity: %w", err)
	case !bytes.Equal(digest, key):
		return nil, ErrChallengeUsed
	}
	return x509.ParseCertificate(der)
}

// store records a new identity in the transaction that spent its challenge.
func (a *Authority) store(tx *db.Tx, r *certificateRequest, e entitlement, c *x509.Certificate) error {
	var challenge []byte // NULL for a renewal
	if e.renews == "" {
		challenge = r.challenge.digest()
	}
	serial := hex.EncodeToString(c.SerialNumber.Bytes())
	_, err := tx.Exec(`
		INSERT INTO identities (fingerprint, serial, attempt, person, enrollment, public_key, challenge, renews,
			not_before, not_after, issued_at, revoked_at, certificate)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12)`,
		fingerprint(c), serial, e.subject.Attempt, e.subject.Person, e.subject.Enrollment, r.keyDigest, challenge, e.renews,
		db.Millis(c.NotBefore), db.Millis(c.NotAfter), db.Millis(tx.Now), c.Raw)
	if err != nil {
		return fmt.Errorf("store identity: %w", err)
	}
	return a.events.Add(tx, event.Event{
		Kind: Issued, Actor: "phone", Attempt: e.subject.Attempt, Enrollment: e.subject.Enrollment, Person: e.subject.Person,
		Params: map[string]string{"serial": serial, "expires": c.NotAfter.Format(time.RFC3339)},
	})
}

// fingerprint is how a certificate is named everywhere.
func fingerprint(c *x509.Certificate) string {
	digest := sha256.Sum256(c.Raw)
	return hex.EncodeToString(digest[:])
}
