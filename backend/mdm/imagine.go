package mdm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"example.org/gatehouse/backend/db"
)

// Imagine writes the record of a phone that never was, as if it had told these facts at these times. A demo shows long
// lists with it, and benchmarks measure them; nobody answers when such a phone is woken.
func Imagine(tx *db.Tx, topic string, e Enrollment) error {
	token := sha256.Sum256([]byte(e.ID))
	nobody := hex.EncodeToString(token[:]) // no certificate and no bearer token has this digest
	p := pin{stage: e.Stage, attempt: "imagined-" + e.ID, person: e.Person, fingerprint: nobody, digest: nobody, identityExpires: e.IdentityExpiresAt}
	if err := begun(tx, e.ID, p); err != nil {
		return err
	}
	m := checkIn{
		EnrollmentID: e.ID, ProductName: e.Device.ProductName, OSVersion: e.Device.OSVersion, BuildVersion: e.Device.Build,
		Topic: topic, Token: token[:], PushMagic: "imagined",
	}
	g := Grant{Person: e.Person, Name: e.PersonName, ManagedAccount: e.ManagedAccount, Same: SameNo}
	if err := introduce(tx, m, g); err != nil {
		return err
	}
	if e.Stage == StageEnrolled {
		if err := storePush(tx, m); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`
		UPDATE enrollments SET last_seen_at = $1, authenticated_at = $2, enrolled_at = $3, ended_at = $4, ended_by = $5, archived_at = $6,
			archived_from = $7
		WHERE id = $8`,
		db.Millis(e.LastSeenAt), db.Millis(e.AuthenticatedAt), db.Millis(e.EnrolledAt), db.Millis(e.EndedAt), e.EndedBy, db.Millis(e.ArchivedAt),
		string(StageEnrolled), e.ID)
	if err != nil {
		return fmt.Errorf("imagine enrollment: %w", err)
	}
	return learn(tx, e.ID, e.Device)
}
