package enroll

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"example.org/gatehouse/backend/db"
)

const columns = `a.id, a.ref, a.step, a.reason, a.language, a.product, a.build, a.os_version, a.origin,
	a.identifier, a.person, a.name, a.managed_account, a.enrollment, a.created_at, a.updated_at`

// read takes an attempt from a row of [columns], and more from behind them.
func read(scan func(...any) error, more ...any) (Attempt, error) {
	var a Attempt
	var created, updated int64
	err := scan(append([]any{
		&a.ID, &a.Ref, &a.Step, &a.Reason, &a.Language, &a.Product, &a.Build, &a.OSVersion, &a.Origin,
		&a.Identifier, &a.Person, &a.Name, &a.ManagedAccount, &a.Enrollment, &created, &updated,
	}, more...)...)
	a.CreatedAt, a.UpdatedAt = db.Time(created), db.Time(updated)
	return a, err
}

// begin stores a new attempt and the first session of it.
func begin(tx *db.Tx, a Attempt, session string) error {
	_, err := tx.Exec(`
		INSERT INTO attempts (id, ref, step, reason, language, product, build, os_version, origin,
			identifier, person, name, managed_account, enrollment, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)`,
		a.ID, a.Ref, a.Step, a.Reason, a.Language, a.Product, a.Build, a.OSVersion, a.Origin,
		a.Identifier, a.Person, a.Name, a.ManagedAccount, a.Enrollment, db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("begin attempt: %w", err)
	}
	return openSession(tx, a.ID, session)
}

// save writes back what can change in an attempt.
func save(tx *db.Tx, a Attempt) error {
	_, err := tx.Exec(`
		UPDATE attempts
		SET step = $2, reason = $3, identifier = $4, person = $5, name = $6, managed_account = $7, enrollment = $8, updated_at = $9
		WHERE id = $1`,
		a.ID, a.Step, a.Reason, a.Identifier, a.Person, a.Name, a.ManagedAccount, a.Enrollment, db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("save attempt: %w", err)
	}
	return nil
}

// openSession gives an attempt one more address of the sign-in pages.
func openSession(tx *db.Tx, attempt, session string) error {
	_, err := tx.Exec(`
		INSERT INTO sessions (digest, attempt, expires_at) VALUES ($1, $2, $3)`,
		digest(session), attempt, db.Millis(tx.Now.Add(sessionLife)))
	if err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	return nil
}

// attemptOf finds the attempt of a session, and says what is wrong with the session.
func attemptOf(tx *db.Tx, session string) (Attempt, error) {
	var expires int64
	a, err := read(tx.Row(`
		SELECT `+columns+`, s.expires_at
		FROM sessions s JOIN attempts a ON a.id = s.attempt
		WHERE s.digest = $1`,
		digest(session)).Scan, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Attempt{}, ErrSessionUnknown
	case err != nil:
		return Attempt{}, fmt.Errorf("find session: %w", err)
	case a.Step != StepKnocked && a.Step != StepSignedIn:
		return a, ErrSessionUsed
	case !db.Time(expires).After(tx.Now):
		return a, ErrSessionExpired
	}
	return a, nil
}

// attempt finds an attempt by its id.
func attempt(tx *db.Tx, id string) (Attempt, error) {
	a, err := read(tx.Row(`SELECT `+columns+` FROM attempts a WHERE a.id = $1`, id).Scan)
	if err != nil {
		return Attempt{}, fmt.Errorf("find attempt: %w", err)
	}
	return a, nil
}

func attempts(tx *db.Tx, q AttemptQuery) ([]Attempt, error) {
	rows, err := tx.Rows(`
		SELECT `+columns+` FROM attempts a
		WHERE ($1 = '' OR a.id = $1) AND ($2 = '' OR a.ref = $2) AND ($3 = '' OR a.step = $3)
			AND ($4 = '' OR a.person = $4) AND ($5 = '' OR a.enrollment = $5)
			AND (NOT $6 OR a.step <> 'done') AND a.updated_at >= $7
		ORDER BY a.updated_at DESC, a.id DESC
		LIMIT $8`,
		q.ID, q.Ref, q.Step, q.Person, q.Enrollment, q.Open, db.Millis(q.Since), q.Limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Attempt
	for rows.Next() {
		a, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// secret makes 32 random bytes that may stand in an address.
func secret() (string, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// digest is what the database keeps of a secret.
func digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// letters leaves out what is easily mixed up when it is read out.
const letters = "ABCDEFGHJKLMNPQRTUVWXY346789"

// reference makes the short name of an attempt. It need not be unique, only rare.
func reference() string {
	b := make([]byte, 5)
	rand.Read(b)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b[:2]) + "-" + string(b[2:])
}
