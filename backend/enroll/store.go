package enroll

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"example.org/gatehouse/backend/db"
)

const columns = `a.id, a.ref, a.step, a.reason, a.language, a.product, a.build, a.os_version, a.origin,
	a.identifier, a.person, a.name, a.managed_account, a.enrollment, a.created_at, a.updated_at,
	a.chosen_language, a.choices, a.group_name, a.nickname, a.same, a.former, a.answered, a.page`

// read takes an attempt from a row of [columns], and more from behind them.
func read(scan func(...any) error, more ...any) (Attempt, error) {
	var a Attempt
	var created, updated int64
	var choices, answered string
	err := scan(append([]any{
		&a.ID, &a.Ref, &a.Step, &a.Reason, &a.Language, &a.Product, &a.Build, &a.OSVersion, &a.Origin,
		&a.Identifier, &a.Person, &a.Name, &a.ManagedAccount, &a.Enrollment, &created, &updated,
		&a.Chosen, &choices, &a.Group, &a.Nickname, &a.Same, &a.Former, &answered, &a.Page,
	}, more...)...)
	a.CreatedAt, a.UpdatedAt = db.Time(created), db.Time(updated)
	a.Answered = strings.Fields(answered)
	if err == nil && choices != "" {
		err = json.Unmarshal([]byte(choices), &a.Groups)
	}
	return a, err
}

// begin stores a new attempt and the first session of it.
func begin(tx *db.Tx, a Attempt, session string) error {
	_, err := tx.Exec(`
		INSERT INTO attempts (id, ref, step, reason, language, product, build, os_version, origin,
			identifier, person, name, managed_account, enrollment, created_at, updated_at, chosen_language)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16)`,
		a.ID, a.Ref, a.Step, a.Reason, a.Language, a.Product, a.Build, a.OSVersion, a.Origin,
		a.Identifier, a.Person, a.Name, a.ManagedAccount, a.Enrollment, db.Millis(tx.Now), a.Chosen)
	if err != nil {
		return fmt.Errorf("begin attempt: %w", err)
	}
	return openSession(tx, a.ID, session, false)
}

// save writes back what can change in an attempt.
func save(tx *db.Tx, a Attempt) error {
	choices := ""
	if len(a.Groups) > 0 {
		b, err := json.Marshal(a.Groups)
		if err != nil {
			return fmt.Errorf("save attempt: %w", err)
		}
		choices = string(b)
	}
	_, err := tx.Exec(`
		UPDATE attempts
		SET step = $2, reason = $3, identifier = $4, person = $5, name = $6, managed_account = $7, enrollment = $8, updated_at = $9,
			chosen_language = $10, choices = $11, group_name = $12, nickname = $13, same = $14, former = $15, page = $16, answered = $17
		WHERE id = $1`,
		a.ID, a.Step, a.Reason, a.Identifier, a.Person, a.Name, a.ManagedAccount, a.Enrollment, db.Millis(tx.Now),
		a.Chosen, choices, a.Group, a.Nickname, a.Same, a.Former, a.Page, strings.Join(a.Answered, " "))
	if err != nil {
		return fmt.Errorf("save attempt: %w", err)
	}
	return nil
}

// openSession gives an attempt one more address of the pages. A proven one belongs to a browser whose person has signed
// in.
func openSession(tx *db.Tx, attempt, session string, proven bool) error {
	_, err := tx.Exec(`
		INSERT INTO sessions (digest, attempt, expires_at, proven) VALUES ($1, $2, $3, $4)`,
		digest(session), attempt, db.Millis(tx.Now.Add(sessionLife)), proven)
	if err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	return fewSessions(tx, attempt, session, proven)
}

// fewSessions forgets the oldest addresses of an attempt. Those before the newest stay: the person may be typing there
// right now. Those where somebody has signed in count by themselves: a phone that asks and asks does not push them out.
func fewSessions(tx *db.Tx, attempt, newest string, proven bool) error {
	_, err := tx.Exec(`
		DELETE FROM sessions
		WHERE attempt = $1 AND proven = $4 AND digest <> $2 AND digest NOT IN (
			SELECT digest FROM sessions WHERE attempt = $1 AND proven = $4 AND digest <> $2
			ORDER BY expires_at DESC, digest LIMIT $3)`,
		attempt, digest(newest), maxSessions-1, proven)
	if err != nil {
		return fmt.Errorf("forget old sessions: %w", err)
	}
	return nil
}

// spendSession notes that somebody has signed in at an address and went on under another.
func spendSession(tx *db.Tx, session string) error {
	_, err := tx.Exec(`UPDATE sessions SET spent = TRUE WHERE digest = $1 AND NOT proven`, digest(session))
	if err != nil {
		return fmt.Errorf("spend session: %w", err)
	}
	return nil
}

// prolongSession gives a person who is at the pages their time anew.
func prolongSession(tx *db.Tx, session string) error {
	_, err := tx.Exec(`
		UPDATE sessions SET expires_at = $2 WHERE digest = $1`, digest(session), db.Millis(tx.Now.Add(sessionLife)))
	if err != nil {
		return fmt.Errorf("prolong session: %w", err)
	}
	return nil
}

// attemptOf finds the attempt of a session, and says what is wrong with the session.
func attemptOf(tx *db.Tx, session string) (Attempt, error) {
	var expires int64
	var proven, spent bool
	a, err := read(tx.Row(`
		SELECT `+columns+`, s.expires_at, s.proven, s.spent
		FROM sessions s JOIN attempts a ON a.id = s.attempt
		WHERE s.digest = $1`,
		digest(session)).Scan, &expires, &proven, &spent)
	a.Proven, a.Spent = proven, spent
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

// before is the last attempt of the same person with the same model in the last minutes, one that has led nowhere: most
// likely the person has started again on the same phone.
func before(tx *db.Tx, a Attempt) (Attempt, error) {
	b, err := read(tx.Row(`
		SELECT `+columns+` FROM attempts a
		WHERE a.person = $1 AND a.product = $2 AND a.id <> $3 AND a.origin <> $4 AND a.step IN ('signed_in', 'offered')
			AND a.updated_at > $5
		ORDER BY a.updated_at DESC, a.id DESC LIMIT 1`,
		a.Person, a.Product, a.ID, originAgain, db.Millis(tx.Now.Add(-sessionLife))).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Attempt{}, nil
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("find the attempt before: %w", err)
	}
	return b, nil
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
