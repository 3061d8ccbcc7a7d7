package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/settings"
)

// listed names the groups of the settings that have a person by name.
func listed(s settings.Settings, identifier string) []string {
	var names []string
	for _, g := range s.Enrollment.Groups {
		if slices.Contains(g.People, identifier) {
			names = append(names, g.Name)
		}
	}
	return names
}

// groups names the groups of the settings that somebody of the directory is in, in their order.
func (v *visit) groups(entry *ldap.Entry, identifier string, s settings.Settings) ([]string, error) {
	var names []string
	for _, g := range s.Enrollment.Groups {
		in := slices.Contains(g.People, identifier)
		if !in && g.DN != "" {
			var err error
			if in, err = v.member(entry, g.DN); err != nil {
				return nil, err
			}
		}
		if in {
			names = append(names, g.Name)
		}
	}
	return names, nil
}

// allowed says whether the settings let a person enroll who has proved who they are.
func allowed(s settings.Settings, p Person) bool {
	return s.Enrollment.Who != settings.Listed || len(p.Groups) > 0 || slices.Contains(s.Enrollment.People, p.Identifier)
}

// MayEnroll says whether somebody of this name could enroll, without any proof that it is they who ask. What cannot be
// told is a yes: the sign-in will say.
func (d *Directory) MayEnroll(ctx context.Context, identifier string) (bool, error) {
	who, err := Fold(identifier)
	if err != nil {
		return false, nil //nolint:nilerr // nobody has such a name
	}
	var s settings.Settings
	var one int
	err = d.db.View(ctx, func(tx *db.Tx) (err error) {
		if s, err = d.settings.In(tx); err != nil {
			return err
		}
		return tx.Row(`SELECT 1 FROM local_accounts WHERE identifier = $1`, who).Scan(&one)
	})
	switch {
	case err == nil:
		return allowed(s, Person{Identifier: who, Groups: listed(s, who)}), nil
	case !errors.Is(err, sql.ErrNoRows):
		return true, err
	case !s.Directory.Enabled:
		return false, nil
	}
	v, leave, err := d.open(ctx, s.Directory)
	if err != nil {
		return true, d.unavailable(ctx, err)
	}
	defer leave()
	entry, err := v.find(who, s)
	if w := (*wrong)(nil); errors.As(err, &w) {
		return false, nil
	}
	if err != nil {
		return true, d.unavailable(ctx, err)
	}
	person, err := v.placed(entry, personOf(entry, who, s), s)
	if errors.Is(err, ErrNotAllowed) {
		return false, nil
	}
	if err != nil {
		return true, d.unavailable(ctx, err)
	}
	return allowed(s, person), nil
}

// placed adds a person's groups, or says that they are not in the one whose members may enroll.
func (v *visit) placed(entry *ldap.Entry, p Person, s settings.Settings) (Person, error) {
	if v.conf.Group != "" {
		in, err := v.member(entry, v.conf.Group)
		if err != nil {
			return p, err
		}
		if !in {
			return p, ErrNotAllowed
		}
	}
	var err error
	p.Groups, err = v.groups(entry, p.Identifier, s)
	return p, err
}

// Ways are the ways in which people can sign in here.
type Ways struct {
	Password bool // a local account has one, or the directory is asked
	Code     bool // somebody has an enrollment code to use
}

// Ways says in which ways people can sign in, so that a page need not ask where nobody could answer.
func (d *Directory) Ways(ctx context.Context) (Ways, error) {
	var w Ways
	err := d.db.View(ctx, func(tx *db.Tx) error {
		now, err := d.settings.In(tx)
		if err != nil {
			return err
		}
		w.Password = now.Directory.Enabled
		if !w.Password {
			if w.Password, err = some(tx, `SELECT 1 FROM local_accounts WHERE identifier > '' AND password_hash <> '' LIMIT 1`); err != nil {
				return err
			}
		}
		w.Code, err = some(tx, `SELECT 1 FROM codes WHERE used_at = 0 AND expires_at > $1 LIMIT 1`, db.Millis(tx.Now))
		return err
	})
	if err != nil {
		return w, fmt.Errorf("look for ways to sign in: %w", err)
	}
	return w, nil
}

// some says whether a query finds a row.
func some(tx *db.Tx, query string, args ...any) (bool, error) {
	var one int
	err := tx.Row(query, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
