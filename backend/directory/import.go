package directory

import (
	"context"
	"errors"
	"fmt"

	"example.org/gatehouse/backend/db"
)

const (
	// MaxImport is how many people one list may hold.
	MaxImport = 5000
	// maxPasswords is how many of them may bring a password: each costs a hash that is slow on purpose.
	maxPasswords = 100
)

// Listed is a person in a list, with the line where they stand.
type Listed struct {
	Line int
	NewPerson
}

// Imported is what came of a list of people. When anything is wrong, nothing was changed.
type Imported struct {
	Added []Admitted
	There int // had an account already, which stays as it is
	Wrong []LineError
}

// Admitted is somebody who got an account. Code is empty for whoever brought a password.
type Admitted struct {
	Identifier, Name string
	Code             Code
}

// LineError says what is wrong with a line of a list.
type LineError struct {
	Line  int
	Field string // identifier, managed_account or password
	Err   error
}

// errNotMeant ends a transaction that was only tried, or that is not to be.
var errNotMeant = errors.New("directory: not meant to stay")

// Import makes the accounts of a list, all of them or none. A trial says what would happen, by the same statements, and
// keeps nothing.
func (d *Directory) Import(ctx context.Context, people []Listed, trial bool) (Imported, error) {
	var newcomers []newcomer
	var lines []int
	var wrong []LineError
	seen, passwords := map[string]bool{}, 0
	for _, p := range people {
		n, err := ready(p.NewPerson)
		field := "identifier"
		switch {
		case errors.Is(err, ErrAddress):
			field = "managed_account"
		case err == nil && seen[n.who]:
			err = ErrTwice
		case err == nil && n.password != "":
			if passwords++; passwords > maxPasswords {
				field, err = "password", ErrPasswords
			} else if !passwordFits(n.password) {
				field, err = "password", ErrPassword
			}
		}
		if err != nil {
			wrong = append(wrong, LineError{p.Line, field, err})
			continue
		}
		seen[n.who] = true
		newcomers, lines = append(newcomers, n), append(lines, p.Line)
	}
	if len(wrong) == 0 && !trial {
		for i := range newcomers {
			if err := d.equip(ctx, &newcomers[i]); err != nil {
				return Imported{}, fmt.Errorf("import people: %w", err)
			}
		}
	}
	var out Imported
	err := d.db.Update(ctx, func(tx *db.Tx) error {
		out = Imported{Wrong: append([]LineError{}, wrong...)}
		now, err := d.settings.In(tx)
		if err != nil {
			return err
		}
		for i, n := range newcomers {
			switch err := d.store(tx, now, n); {
			case errors.Is(err, ErrExists):
				out.There++
			case errors.Is(err, ErrNoManagedAccount):
				out.Wrong = append(out.Wrong, LineError{lines[i], "managed_account", err})
			case err != nil:
				return err
			default:
				out.Added = append(out.Added, Admitted{n.who, n.name, n.code})
			}
		}
		if trial || len(out.Wrong) > 0 {
			return errNotMeant
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNotMeant) {
		return Imported{}, fmt.Errorf("import people: %w", err)
	}
	return out, nil
}
