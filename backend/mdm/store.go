package mdm

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
)

// pin is what an enrollment's hot row says about who may speak for it.
type pin struct {
	found           bool
	stage           Stage
	attempt         string
	person          string
	enrolledAt      int64
	fingerprint     string
	digest          string
	identityExpires time.Time
	renewed         bool   // the identity is a successor of the one that this life began with
	endedBy         string // "" while it lives
}

// over is true once an enrollment has ended; a phone that calls all the same gets it back.
func (s Stage) over() bool { return s == StageRemoved || s == StageArchived }

// dismissed is true once we have ended the management. Only a new attempt to enroll leads back.
func (p pin) dismissed() bool { return p.stage.over() && p.endedBy == EndedByUs }

// touch notes that the phone was heard, if it is the one we remember: one statement, on the path of every poll.
func touch(tx *db.Tx, c caller, id string) (pin, error) {
	p := pin{fingerprint: c.fingerprint, digest: c.digest}
	err := tx.Row(`
		UPDATE enrollments SET last_seen_at = $1
		WHERE id = $2 AND EXISTS (SELECT 1 FROM pins WHERE enrollment = $2 AND fingerprint = $3 AND token_digest = $4)
		RETURNING stage, (SELECT attempt FROM pins WHERE enrollment = $2), person, enrolled_at`,
		db.Millis(tx.Now), id, c.fingerprint, c.digest).Scan(&p.stage, &p.attempt, &p.person, &p.enrolledAt)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("touch enrollment: %w", err)
	}
	p.found = true
	return p, nil
}

func find(tx *db.Tx, id string) (pin, error) {
	var p pin
	var expires int64
	err := tx.Row(`
		SELECT e.stage, p.attempt, e.person, e.enrolled_at, p.fingerprint, p.token_digest, e.identity_expires_at, e.renewed, e.ended_by
		FROM enrollments e JOIN pins p ON p.enrollment = e.id
		WHERE e.id = $1`, id).
		Scan(&p.stage, &p.attempt, &p.person, &p.enrolledAt, &p.fingerprint, &p.digest, &expires, &p.renewed, &p.endedBy)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("find enrollment: %w", err)
	}
	p.found, p.identityExpires = true, db.Time(expires)
	return p, nil
}

// store pins identity and token, and notes that the phone was heard.
func store(tx *db.Tx, id string, p pin) error {
	_, err := tx.Exec(`UPDATE pins SET fingerprint = $1, token_digest = $2 WHERE enrollment = $3`, p.fingerprint, p.digest, id)
	if err != nil {
		return fmt.Errorf("pin identity and token: %w", err)
	}
	_, err = tx.Exec(`
		UPDATE enrollments SET identity_expires_at = $1, renewed = $2, last_seen_at = $3
		WHERE id = $4`,
		db.Millis(p.identityExpires), p.renewed, db.Millis(tx.Now), id)
	if err != nil {
		return fmt.Errorf("pin identity and token: %w", err)
	}
	return nil
}

func seen(tx *db.Tx, id string) error {
	_, err := tx.Exec(`UPDATE enrollments SET last_seen_at = $1 WHERE id = $2`, db.Millis(tx.Now), id)
	return err
}

// ForgetToken unpins the bearer token of an enrollment: the phone's next message asks [Tokens.Grant] again.
func ForgetToken(tx *db.Tx, enrollmentID string) error {
	_, err := tx.Exec(`UPDATE pins SET token_digest = '' WHERE enrollment = $1`, enrollmentID)
	if err != nil {
		return fmt.Errorf("forget token: %w", err)
	}
	return nil
}

func restage(tx *db.Tx, id string, stage Stage, ended int64, by string) error {
	_, err := tx.Exec(`
		UPDATE enrollments SET
			stage = $1, ended_at = $2, ended_by = $3, last_seen_at = $4, archived_at = 0, archived_from = '', batch = ''
		WHERE id = $5`, string(stage), ended, by, db.Millis(tx.Now), id)
	if err != nil {
		return fmt.Errorf("move enrollment to %s: %w", stage, err)
	}
	return nil
}

// begun writes the row of an enrollment that starts, whether or not it is the first time.
func begun(tx *db.Tx, id string, p pin) error {
	_, err := tx.Exec(`
		INSERT INTO pins (enrollment, attempt, fingerprint, token_digest) VALUES ($1, $2, $3, $4)
		ON CONFLICT (enrollment) DO UPDATE SET
			attempt = excluded.attempt, fingerprint = excluded.fingerprint, token_digest = excluded.token_digest`,
		id, p.attempt, p.fingerprint, p.digest)
	if err != nil {
		return fmt.Errorf("begin enrollment: %w", err)
	}
	_, err = tx.Exec(`
		INSERT INTO enrollments (id, person, stage, last_seen_at, identity_expires_at, renewed, authenticated_at, enrolled_at, ended_at, ended_by)
		VALUES ($1, $2, $3, $4, $5, FALSE, $4, 0, 0, '')
		ON CONFLICT (id) DO UPDATE SET
			person = excluded.person, stage = excluded.stage, last_seen_at = excluded.last_seen_at,
			identity_expires_at = excluded.identity_expires_at, renewed = FALSE, authenticated_at = excluded.authenticated_at,
			enrolled_at = 0, ended_at = 0, ended_by = '', archived_at = 0, archived_from = '', batch = '',
			failed_at = 0, failed_type = ''`,
		id, p.person, string(p.stage), db.Millis(tx.Now), db.Millis(p.identityExpires))
	if err != nil {
		return fmt.Errorf("begin enrollment: %w", err)
	}
	return nil
}

func enrolled(tx *db.Tx, id string) error {
	_, err := tx.Exec(`
		UPDATE enrollments SET stage = $1, enrolled_at = $2 WHERE id = $3`, string(StageEnrolled), db.Millis(tx.Now), id)
	if err != nil {
		return fmt.Errorf("complete enrollment: %w", err)
	}
	return nil
}

// forget drops what belongs to one life of an enrollment: its open commands and the way to wake it. What was answered
// stays, as history.
func forget(tx *db.Tx, id string) error {
	_, err := tx.Exec(`
		UPDATE commands SET state = $1, waiting = NULL, answered_at = $2
		WHERE waiting = $3`, string(CommandCancelled), db.Millis(tx.Now), id)
	if err != nil {
		return fmt.Errorf("clear queue: %w", err)
	}
	if _, err := tx.Exec(`DELETE FROM pushes WHERE enrollment = $1`, id); err != nil {
		return fmt.Errorf("forget push token: %w", err)
	}
	_, err = tx.Exec(`UPDATE enrollments SET token_at = 0, sent_at = 0, outcome = '', gone_at = 0 WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("forget what pushing taught: %w", err)
	}
	return nil
}

// showPush copies what pushing taught us to where lists look.
func showPush(tx *db.Tx, id string) error {
	_, err := tx.Exec(`
		UPDATE enrollments SET token_at = p.token_at, sent_at = p.sent_at, outcome = p.outcome, gone_at = p.gone_at
		FROM pushes p
		WHERE p.enrollment = enrollments.id AND enrollments.id = $1`, id)
	if err != nil {
		return fmt.Errorf("show what pushing taught: %w", err)
	}
	return nil
}

// storePush keeps how to wake the phone. A new token ends all evidence against the old one.
func storePush(tx *db.Tx, m checkIn) error {
	_, err := tx.Exec(`
		INSERT INTO pushes (enrollment, topic, token, magic, token_at, due_at, claimed_until, tries, sent_at, outcome, reason, gone_at)
		VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, '', '', 0)
		ON CONFLICT (enrollment) DO UPDATE SET
			topic = excluded.topic, token = excluded.token, magic = excluded.magic, token_at = excluded.token_at,
			tries = 0, outcome = '', reason = '', gone_at = 0`,
		m.EnrollmentID, m.Topic, m.Token, m.PushMagic, db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("store push token: %w", err)
	}
	return showPush(tx, m.EnrollmentID)
}

// Enrolled counts the phones that a changed address or topic would cut off.
func (s *Server) Enrolled(tx *db.Tx) (n int, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM enrollments WHERE stage = $1 OR stage = $2`,
		string(StageAuthenticated), string(StageEnrolled)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count enrolled phones: %w", err)
	}
	return n, nil
}

// Erase removes every trace of an enrollment that this package keeps, so that a rehearsal leaves nothing behind.
func (s *Server) Erase(tx *db.Tx, enrollmentID string) error {
	for _, statement := range []string{
		`DELETE FROM command_results WHERE enrollment = $1`,
		`DELETE FROM commands WHERE enrollment = $1`,
		`DELETE FROM managed_apps WHERE enrollment = $1`,
		`DELETE FROM pushes WHERE enrollment = $1`,
		`DELETE FROM devices WHERE enrollment = $1`,
		`DELETE FROM remarks WHERE enrollment = $1`,
		`DELETE FROM tags WHERE n = (SELECT n FROM enrollments WHERE id = $1)`,
		`DELETE FROM listed WHERE n = (SELECT n FROM enrollments WHERE id = $1)`,
		`DELETE FROM pins WHERE enrollment = $1`,
		`DELETE FROM enrollments WHERE id = $1`,
	} {
		if _, err := tx.Exec(statement, enrollmentID); err != nil {
			return fmt.Errorf("erase enrollment: %w", err)
		}
	}
	return nil
}
