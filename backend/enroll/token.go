package enroll

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

// unusedLife is how long a token lives that has not led to an enrollment yet. Once it has, it lives as long as that.
const unusedLife = time.Hour

// maxSessions is how many addresses of the sign-in pages one attempt has at most. A phone that is asked to sign in again
// hears so at every request until its person acts.
const maxSessions = 8

func newToken() (AccessToken, error) {
	t, err := secret()
	return AccessToken(t), err
}

func keepToken(tx *db.Tx, t AccessToken, a Attempt) error {
	_, err := tx.Exec(`
		INSERT INTO tokens (digest, attempt, person, name, managed_account, enrollment, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		digest(string(t)), a.ID, a.Person, a.Name, a.ManagedAccount, a.Enrollment, db.Millis(tx.Now), db.Millis(tx.Now.Add(unusedLife)))
	if err != nil {
		return fmt.Errorf("keep token: %w", err)
	}
	return nil
}

// grantOf says what a token stands for, or [mdm.ErrTokenUnknown].
func grantOf(tx *db.Tx, t AccessToken) (mdm.Grant, error) {
	var g mdm.Grant
	err := tx.Row(`
		SELECT t.attempt, t.person, t.name, t.managed_account, t.enrollment,
			COALESCE(a.nickname, ''), COALESCE(a.group_name, ''), COALESCE(a.same, ''), COALESCE(a.former, '')
		FROM tokens t LEFT JOIN attempts a ON a.id = t.attempt
		WHERE t.digest = $1 AND (t.expires_at = 0 OR t.expires_at > $2)`,
		digest(string(t)), db.Millis(tx.Now)).Scan(&g.Attempt, &g.Person, &g.Name, &g.ManagedAccount, &g.Enrollment,
		&g.Nickname, &g.Group, &g.Same, &g.Former)
	if errors.Is(err, sql.ErrNoRows) {
		return g, mdm.ErrTokenUnknown
	}
	if err != nil {
		return g, fmt.Errorf("find token: %w", err)
	}
	return g, nil
}

// prolongToken gives a token that is in use its time anew.
func prolongToken(tx *db.Tx, t AccessToken) error {
	_, err := tx.Exec(`
		UPDATE tokens SET expires_at = $2 WHERE digest = $1 AND expires_at > 0`,
		digest(string(t)), db.Millis(tx.Now.Add(unusedLife)))
	if err != nil {
		return fmt.Errorf("prolong token: %w", err)
	}
	return nil
}

// Tokens serves package mdm, which is below and calls upstairs: who is it that brings this token, and how far the attempt
// has come.
type Tokens struct{ s *Server }

// Tokens returns what mdm needs of this room.
func (s *Server) Tokens() Tokens { return Tokens{s} }

var _ mdm.Tokens = Tokens{}

// Grant says what a token stands for, or [mdm.ErrTokenUnknown]. An enrolled phone that brings the token of a new sign-in
// thereby ends that attempt.
func (t Tokens) Grant(tx *db.Tx, token string) (mdm.Grant, error) {
	g, err := grantOf(tx, AccessToken(token))
	if err != nil || g.Enrollment == "" {
		return g, err
	}
	n, err := tx.Exec(`
		UPDATE attempts SET step = $2, updated_at = $3 WHERE id = $1 AND origin = $4 AND step = $5`,
		g.Attempt, StepDone, db.Millis(tx.Now), originAgain, StepSignedIn)
	if err != nil {
		return g, fmt.Errorf("note that a phone signed in again: %w", err)
	}
	if n == 0 {
		return g, nil
	}
	if err := settle(tx, token, g.Enrollment); err != nil {
		return g, err
	}
	return g, t.Enrolled(tx, g.Attempt, g.Enrollment)
}

// Enrolling notes that the phone of an attempt has said Authenticate. From now on the token that it brought lives as long
// as the enrollment, which may be a renewed or repeated one.
func (t Tokens) Enrolling(tx *db.Tx, token, attempt, enrollmentID string) error {
	_, err := tx.Exec(`
		UPDATE attempts SET step = $3, reason = '', enrollment = $2, updated_at = $4
		WHERE id = $1 AND step <> $5`,
		attempt, enrollmentID, StepIdentified, db.Millis(tx.Now), StepDone)
	if err != nil {
		return fmt.Errorf("note that a phone authenticated: %w", err)
	}
	return settle(tx, token, enrollmentID)
}

// settle gives a token to its enrollment, for as long as that lives.
func settle(tx *db.Tx, token, enrollmentID string) error {
	_, err := tx.Exec(`
		UPDATE tokens SET enrollment = $2, expires_at = 0 WHERE digest = $1`, digest(token), enrollmentID)
	if err != nil {
		return fmt.Errorf("bind token to its enrollment: %w", err)
	}
	return nil
}

// Enrolled notes that the phone of an attempt is under management, or has signed in again. What it used before is worth
// nothing from now on.
func (t Tokens) Enrolled(tx *db.Tx, attempt, enrollmentID string) error {
	_, err := tx.Exec(`
		UPDATE attempts SET step = $2, updated_at = $3 WHERE id = $1 AND step <> $2`,
		attempt, StepDone, db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("note that a phone enrolled: %w", err)
	}
	_, err = tx.Exec(`
		DELETE FROM tokens WHERE enrollment = $1 AND attempt <> $2`, enrollmentID, attempt)
	if err != nil {
		return fmt.Errorf("drop former tokens: %w", err)
	}
	// A sign-in that was sent twice made two tokens; the phone uses one.
	if _, err = tx.Exec(`DELETE FROM tokens WHERE attempt = $1 AND expires_at > 0`, attempt); err != nil {
		return fmt.Errorf("drop unused tokens: %w", err)
	}
	return nil
}

// Left ends the tokens of a phone that said goodbye.
func (t Tokens) Left(tx *db.Tx, enrollmentID string) error {
	if _, err := tx.Exec(`DELETE FROM tokens WHERE enrollment = $1`, enrollmentID); err != nil {
		return fmt.Errorf("drop the tokens of a phone that left: %w", err)
	}
	return nil
}

// SignInAgain is the challenge that lets the person of an enrolled phone sign in again: for the 401 that does not end
// the management. Only the same person will do. A phone whose token died on its way to Authenticate goes on with its
// attempt: the person and the managed account of its profile stay.
func (t Tokens) SignInAgain(tx *db.Tx, attemptID, enrollmentID string) (string, error) {
	session, err := secret()
	if err != nil {
		return "", err
	}
	now, err := t.s.Settings.In(tx)
	if err != nil {
		return "", err
	}
	a, err := lastOf(tx, enrollmentID)
	if err == nil && a.ID == "" {
		a, err = attempt(tx, attemptID)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", fmt.Errorf("attempt %s: %w", attemptID, mdm.ErrTokenUnknown)
	case err != nil:
		return "", err
	case a.Step != StepDone && (a.Again() || a.Enrollment == ""):
		err = t.s.prolong(tx, a, session)
	default:
		a.ID, a.Ref, a.Step, a.Origin, a.Enrollment = db.NewID(), reference(), StepKnocked, originAgain, enrollmentID
		if err = begin(tx, a, session); err == nil {
			err = t.s.Events.Add(tx, event.Event{
				Kind: Knocked, Actor: "phone", Attempt: a.ID, Enrollment: enrollmentID, Person: a.Person,
				Params: map[string]string{"ref": a.Ref, "product": a.Product, "origin": a.Origin},
			})
		}
	}
	if err != nil {
		return "", fmt.Errorf("ask to sign in again: %w", err)
	}
	return challenge(now.URL, session), nil
}

// prolong gives a waiting attempt one more session.
func (s *Server) prolong(tx *db.Tx, a Attempt, session string) error {
	if a.Step != StepSignedIn { // then a new token is on its way to the phone
		a.Step = StepKnocked
	}
	if err := save(tx, a); err != nil {
		return err
	}
	return openSession(tx, a.ID, session, false)
}

// lastOf is the newest attempt of an enrollment; an empty one when there is none left.
func lastOf(tx *db.Tx, enrollmentID string) (Attempt, error) {
	a, err := read(tx.Row(`
		SELECT `+columns+` FROM attempts a WHERE a.enrollment = $1
		ORDER BY a.created_at DESC, a.id DESC LIMIT 1`, enrollmentID).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Attempt{}, nil
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("find the attempt of an enrollment: %w", err)
	}
	return a, nil
}
