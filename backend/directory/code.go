package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// CodeLife is how long a person has to use an enrollment code.
const CodeLife = 14 * 24 * time.Hour

// letters of a code: Crockford's, without I, L, O and U, since codes are read aloud and typed from paper.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength in letters: 60 bits, so that a stolen digest is not searched through in an afternoon.
const codeLength = 12

// Code is an enrollment code. It prints as "[code]"; Reveal gives it away, once, to whoever hands it to the person.
type Code string

// String hides the code.
func (Code) String() string { return "[code]" }

// GoString hides the code.
func (Code) GoString() string { return "[code]" }

// LogValue hides the code.
func (Code) LogValue() slog.Value { return slog.StringValue("[code]") }

// Reveal is the code in readable groups: "H4TQ-9XKM-7C2P".
func (c Code) Reveal() string {
	s := string(c)
	var groups []string
	for len(s) > 4 {
		groups, s = append(groups, s[:4]), s[4:]
	}
	return strings.Join(append(groups, s), "-")
}

func newCode() (Code, error) {
	b := make([]byte, codeLength)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make an enrollment code: %w", err)
	}
	for i := range b {
		b[i] = letters[b[i]%byte(len(letters))] // 256 is a multiple of 32: no letter is likelier
	}
	return Code(b), nil
}

// misread are the letters that look like those of a code.
var misread = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "", "–", "", "\u00a0", "")

// readCode is the digest of a code as a person typed it.
func readCode(typed string) digest {
	if len(typed) > 200 {
		typed = typed[:200]
	}
	return sha256.Sum256([]byte(misread.Replace(strings.ToUpper(typed))))
}

// NewCode gives a local person a new enrollment code. Codes that were not used stop working.
func (d *Directory) NewCode(ctx context.Context, identifier string) (Code, error) {
	who, err := Fold(identifier)
	if err != nil {
		return "", err
	}
	code, err := newCode()
	if err != nil {
		return "", err
	}
	err = d.db.Update(ctx, func(tx *db.Tx) error {
		if err := mustExist(tx, who); err != nil {
			return err
		}
		return d.keepCode(tx, who, code)
	})
	if err != nil {
		return "", fmt.Errorf("make an enrollment code: %w", err)
	}
	return code, nil
}

func (d *Directory) keepCode(tx *db.Tx, who string, code Code) error {
	// A used or expired one stays for a while: its holder is told so, and not that it is unknown.
	_, err := tx.Exec(`DELETE FROM codes WHERE (identifier = $1 AND used_at = 0) OR expires_at <= $2`, who, db.Millis(tx.Now.Add(-CodeLife)))
	if err != nil {
		return err
	}
	key, until := readCode(string(code)), tx.Now.Add(CodeLife)
	_, err = tx.Exec(`
		INSERT INTO codes (digest, identifier, created_at, expires_at, used_at, attempt) VALUES ($1, $2, $3, $4, 0, '')`,
		key[:], who, db.Millis(tx.Now), db.Millis(until))
	if err != nil {
		return err
	}
	return d.events.Add(tx, event.Event{Kind: CodeMade, Person: who, Params: map[string]string{"until": until.UTC().Format(time.RFC3339)}})
}

// spend uses a code up for an attempt. The same attempt may show it again: the phone may not have got our answer.
func (d *Directory) spend(ctx context.Context, who string, k known, typed, attempt string) (Person, error) {
	key := readCode(typed)
	var refused error
	err := d.db.Update(ctx, func(tx *db.Tx) error {
		refused = nil
		n, err := tx.Exec(`
			UPDATE codes SET used_at = $3, attempt = $4
			WHERE digest = $1 AND identifier = $2 AND used_at = 0 AND expires_at > $3`,
			key[:], who, db.Millis(tx.Now), attempt)
		if err != nil {
			return err
		}
		if n == 1 {
			return d.events.Add(tx, event.Event{Kind: CodeUsed, Actor: "person", Attempt: attempt, Person: who})
		}
		var usedFor string
		var until int64
		err = tx.Row(`SELECT attempt, expires_at FROM codes WHERE digest = $1 AND identifier = $2`, key[:], who).Scan(&usedFor, &until)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			refused = ErrCodeUnknown
		case err != nil:
			return err
		case attempt == "" || usedFor != attempt || until <= db.Millis(tx.Now):
			refused = ErrCodeUsed
		}
		return nil
	})
	if err != nil {
		return Person{}, fmt.Errorf("spend an enrollment code: %w", err)
	}
	if refused != nil {
		return Person{}, refused
	}
	return Person{Identifier: who, Name: k.name, Source: FromCode}, nil
}
