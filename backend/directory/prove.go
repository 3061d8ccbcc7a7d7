package directory

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// What one person may get wrong before a pause, and how long the pause is (row B7).
const (
	personFailures = 5
	personPause    = 15 * time.Minute
)

// digest stands for an identifier or a code where the thing itself is not to be stored.
type digest = [sha256.Size]byte

// wrong is a proof that does not hold. The person gets a WrongError or a LockedError instead; the reason is for the log
// and the administrator.
type wrong struct {
	reason string
	known  bool // there is such a person
}

func (w *wrong) Error() string { return "directory: " + w.reason }

// What can be wrong.
const (
	wrongPassword = "wrong password"
	wrongCode     = "wrong enrollment code"
	notFound      = "nobody found"
	ambiguous     = "more than one entry found"
	lockedThere   = "locked in the directory"
	refusedThere  = "refused by the directory"
)

// Prove checks a proof and says who it is. Its errors are those of this package, with a text of the portal for each;
// any other is a failure of ours.
func (d *Directory) Prove(ctx context.Context, p Proof) (Person, error) {
	who, err := Fold(p.Identifier)
	if err != nil {
		return Person{}, err
	}
	key := sha256.Sum256([]byte(who))
	done, err := d.turns.take(ctx, key)
	if err != nil {
		return Person{}, err
	}
	defer done()

	if d.limits.exhausted(p.Address, d.db.Now()) {
		d.log.WarnContext(ctx, "sign-in not checked", "reason", "address", "address", p.Address.String())
		return Person{}, ErrBusy
	}
	now, err := d.look(ctx, who, key)
	if err != nil {
		return Person{}, err
	}
	if !now.lockedUntil.IsZero() {
		d.limits.failed(p.Address, d.db.Now()) // checked or not, a door that is tried on and on costs a look each time
		return Person{}, d.locked(now.lockedUntil)
	}

	person, err := d.check(ctx, who, now, p)
	if found := person.Identifier; found != "" && found != who { // a person has one count, under however many names
		who, key = found, sha256.Sum256([]byte(found))
		now.failed = true // perhaps
	}
	var w *wrong
	switch {
	case errors.As(err, &w):
		return Person{}, d.count(ctx, who, key, w, p)
	case errors.Is(err, ErrCodeUnknown):
		if counted := d.count(ctx, who, key, &wrong{wrongCode, now.local}, p); isLocked(counted) {
			return Person{}, counted
		}
		return Person{}, err
	case err != nil:
		return Person{}, err
	}
	if now.failed {
		if err := d.forgive(ctx, key); err != nil {
			return Person{}, err
		}
	}
	// Asked for the person's own identifier, which may not be what was typed.
	set, err := d.accountSetFor(ctx, person.Identifier)
	if err != nil {
		return Person{}, err
	}
	if set != "" {
		person.ManagedAccount = set
	}
	if person.Source != FromLDAP {
		person.Groups = listed(now.settings, person.Identifier)
	}
	if !allowed(now.settings, person) {
		return Person{}, ErrNotAllowed
	}
	return person, nil
}

// accountSetFor is the Managed Apple Account that was set for one person; empty when the rule is to say.
func (d *Directory) accountSetFor(ctx context.Context, who string) (string, error) {
	var account string
	err := d.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT managed_account FROM managed_accounts WHERE identifier = $1`, who).Scan(&account)
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("look up a Managed Apple Account: %w", err)
	}
	return account, nil
}

func (d *Directory) locked(until time.Time) error {
	return &LockedError{Until: until, Wait: until.Sub(d.db.Now())}
}

func isLocked(err error) bool {
	var locked *LockedError
	return errors.As(err, &locked)
}

// known is what the database has on an identifier.
type known struct {
	settings    settings.Settings
	local       bool
	name, hash  string
	failed      bool
	lockedUntil time.Time // zero: not locked now
}

func (d *Directory) look(ctx context.Context, who string, key digest) (known, error) {
	var k known
	err := d.db.View(ctx, func(tx *db.Tx) (err error) {
		k = known{}
		if k.settings, err = d.settings.In(tx); err != nil {
			return err
		}
		err = tx.Row(`SELECT name, password_hash FROM local_accounts WHERE identifier = $1`, who).Scan(&k.name, &k.hash)
		if k.local = err == nil; err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var until int64
		err = tx.Row(`SELECT locked_until FROM sign_ins WHERE digest = $1`, key[:]).Scan(&until)
		if k.failed = err == nil; err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if until > db.Millis(tx.Now) {
			k.lockedUntil = db.Time(until)
		}
		return nil
	})
	if err != nil {
		return k, fmt.Errorf("look a person up: %w", err)
	}
	return k, nil
}

// check finds the one place that knows the person and asks it. Whoever is wrong has waited for one password hash.
func (d *Directory) check(ctx context.Context, who string, k known, p Proof) (Person, error) {
	if len(p.Password) > 4*maxPassword {
		p.Password = "" // no person types this; it is wrong, and counts
	}
	switch {
	case p.Code != "":
		return d.spend(ctx, who, k, p.Code, p.Attempt)
	case k.local && k.hash != "":
		ok, err := d.hasher.matches(ctx, p.Password, k.hash)
		if err != nil {
			return Person{}, err
		}
		if !ok || p.Password == "" {
			return Person{}, &wrong{wrongPassword, true}
		}
		return Person{Identifier: who, Name: k.name, Source: FromLocal}, nil
	case k.local:
		return d.checkCodeAsPassword(ctx, who, k, p)
	case k.settings.Directory.Enabled && p.Password != "":
		person, err := d.signIn(ctx, k.settings, who, p.Password)
		if w := (*wrong)(nil); !errors.As(err, &w) {
			return person, err
		}
		if _, late := d.hasher.matches(ctx, p.Password, nobody); late != nil {
			return Person{}, late
		}
		return person, err
	default:
		if _, err := d.hasher.matches(ctx, p.Password, nobody); err != nil {
			return Person{}, err
		}
		return Person{}, &wrong{notFound, false}
	}
}

// checkCodeAsPassword lets people without a password use their enrollment code where the page asks for a password: it
// is the only secret they have.
func (d *Directory) checkCodeAsPassword(ctx context.Context, who string, k known, p Proof) (Person, error) {
	if _, err := d.hasher.matches(ctx, p.Password, nobody); err != nil {
		return Person{}, err
	}
	person, err := d.spend(ctx, who, k, p.Password, p.Attempt)
	if errors.Is(err, ErrCodeUnknown) {
		return Person{}, &wrong{wrongPassword, true}
	}
	return person, err
}

// count remembers a wrong try and says what the person is told. The count is the same for people who do not exist.
func (d *Directory) count(ctx context.Context, who string, key digest, w *wrong, p Proof) error {
	var failures int64
	var until time.Time
	err := d.db.Update(ctx, func(tx *db.Tx) error {
		until = time.Time{}
		pauseAgo := db.Millis(tx.Now.Add(-personPause))
		err := tx.Row(`
			INSERT INTO sign_ins (digest, failures, failed_at, locked_until) VALUES ($1, 1, $2, 0)
			ON CONFLICT (digest) DO UPDATE SET
				failures = CASE WHEN sign_ins.failed_at <= $3 THEN 1 ELSE sign_ins.failures + 1 END,
				failed_at = excluded.failed_at
			RETURNING failures`,
			key[:], db.Millis(tx.Now), pauseAgo).Scan(&failures)
		if err != nil {
			return err
		}
		if failures == 1 {
			_, err := tx.Exec(`DELETE FROM sign_ins WHERE failed_at <= $1`, pauseAgo)
			return err
		}
		if failures < personFailures {
			return nil
		}
		until = tx.Now.Add(personPause)
		if _, err := tx.Exec(`UPDATE sign_ins SET locked_until = $2 WHERE digest = $1`, key[:], db.Millis(until)); err != nil {
			return err
		}
		if !w.known {
			return nil // what was typed may be anything, a password too
		}
		return d.events.Add(tx, event.Event{
			Kind: Locked, Actor: "person", Person: who,
			Params: map[string]string{"until": until.UTC().Format(time.RFC3339)},
		})
	})
	if err != nil {
		return fmt.Errorf("count a wrong sign-in: %w", err)
	}
	d.limits.failed(p.Address, d.db.Now())

	facts := []any{"reason", w.reason, "address", p.Address.String(), "failures", failures}
	if w.known {
		facts = append(facts, "person", who)
	}
	d.log.InfoContext(ctx, "sign-in refused", facts...)
	if failures >= personFailures {
		return d.locked(until)
	}
	return &WrongError{Left: personFailures - int(failures)}
}

// forgive forgets the wrong tries of a person.
func (d *Directory) forgive(ctx context.Context, key digest) error {
	err := d.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM sign_ins WHERE digest = $1`, key[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("forget wrong sign-ins: %w", err)
	}
	return nil
}
