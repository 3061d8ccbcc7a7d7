package pki

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.org/gatehouse/backend/db"
)

// ErrChallengeUsed says that a challenge is unknown, expired or already used. A phone cannot tell which, and need not.
var ErrChallengeUsed = errors.New("pki: challenge unknown, expired or used")

// Challenge is the one-time SCEP password of one attempt. It prints as "[challenge]".
type Challenge string

// String hides the challenge.
func (Challenge) String() string { return "[challenge]" }

// LogValue hides the challenge.
func (Challenge) LogValue() slog.Value { return slog.StringValue("[challenge]") }

// Subject says for whom an identity is issued.
type Subject struct {
	Attempt string // the try to enroll
	Person  string // the user identifier
	// Enrollment is the EnrollmentID when the identity renews that of an enrolled phone; before that, nobody knows it.
	Enrollment string
}

// NewChallenge makes a challenge that lives for ttl. Unused ones of the same attempt die: a phone may fetch its profile
// twice, and only the newest counts.
func (a *Authority) NewChallenge(tx *db.Tx, s Subject, ttl time.Duration) (Challenge, error) {
	if _, err := tx.Exec(`DELETE FROM challenges WHERE attempt = $1`, s.Attempt); err != nil {
		return "", fmt.Errorf("replace challenge: %w", err)
	}
	c := Challenge(rand.Text())
	_, err := tx.Exec(`
		INSERT INTO challenges (digest, attempt, person, enrollment, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		c.digest(), s.Attempt, s.Person, s.Enrollment, db.Millis(tx.Now.Add(ttl)))
	if err != nil {
		return "", fmt.Errorf("store challenge: %w", err)
	}
	return c, nil
}

func (c Challenge) digest() []byte {
	digest := sha256.Sum256([]byte(c))
	return digest[:]
}

// peek says whom a challenge is for and leaves it unused.
func peek(tx *db.Tx, c Challenge) (Subject, error) {
	return subjectOf(tx.Row(`
		SELECT attempt, person, enrollment FROM challenges WHERE digest = $1 AND expires_at > $2`,
		c.digest(), db.Millis(tx.Now)))
}

// spend uses a challenge up. It succeeds once.
func spend(tx *db.Tx, c Challenge) (Subject, error) {
	return subjectOf(tx.Row(`
		DELETE FROM challenges WHERE digest = $1 AND expires_at > $2
		RETURNING attempt, person, enrollment`,
		c.digest(), db.Millis(tx.Now)))
}

func subjectOf(row *db.Row) (s Subject, err error) {
	err = row.Scan(&s.Attempt, &s.Person, &s.Enrollment)
	switch {
	case noRows(err):
		return s, ErrChallengeUsed
	case err != nil:
		return s, fmt.Errorf("look up challenge: %w", err)
	}
	return s, nil
}

// forgetChallenges deletes what has expired.
func forgetChallenges(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM challenges WHERE expires_at <= $1`, db.Millis(tx.Now))
	return err
}

func noRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
