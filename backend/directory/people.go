package directory

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// NewPerson is a local account to be.
type NewPerson struct {
	Identifier     string
	Name           string
	ManagedAccount string // empty: by the rule of the settings
	Password       string // empty: the person gets an enrollment code
}

// Account is a person as the administrator sees them.
type Account struct {
	Identifier     string
	Name           string
	Source         string // FromLocal, or FromLDAP for somebody of the directory with an account set here
	ManagedAccount string // set for this person; empty: by the rule
	HasPassword    bool
	CodeUntil      time.Time // an unused code is valid until then; zero: none
	LockedUntil    time.Time // zero: not locked
	CreatedAt      time.Time
}

// Add makes a local account. Whoever gets no password gets an enrollment code. Somebody for whom no Managed Apple Account
// can be told could never enroll, and is refused.
func (d *Directory) Add(ctx context.Context, p NewPerson) (Code, error) {
	n, err := ready(p)
	if err != nil {
		return "", err
	}
	if err := d.equip(ctx, &n); err != nil {
		return "", err
	}
	err = d.db.Update(ctx, func(tx *db.Tx) error {
		now, err := d.settings.In(tx)
		if err != nil {
			return err
		}
		return d.store(tx, now, n)
	})
	if err != nil {
		return "", fmt.Errorf("add a person: %w", err)
	}
	return n.code, nil
}

// newcomer is a local account that can be stored.
type newcomer struct {
	who, name, account, password string
	hash                         string
	code                         Code
}

// ready checks what was typed.
func ready(p NewPerson) (n newcomer, err error) {
	n = newcomer{name: strings.TrimSpace(p.Name), password: p.Password}
	if n.who, err = Fold(p.Identifier); err != nil {
		return n, err
	}
	n.account, err = managedAccount(p.ManagedAccount)
	return n, err
}

// equip gives a newcomer a way to prove who they are: the hash of the password, or a code. It is slow.
func (d *Directory) equip(ctx context.Context, n *newcomer) (err error) {
	if n.password == "" {
		n.code, err = newCode()
	} else {
		n.hash, err = d.hashNew(ctx, n.password)
	}
	return err
}

// store makes the account of a newcomer.
func (d *Directory) store(tx *db.Tx, now settings.Settings, n newcomer) error {
	if _, err := ManagedAccountFor(now, Person{Identifier: n.who, ManagedAccount: n.account, Source: FromLocal}); err != nil {
		return err
	}
	added, err := tx.Exec(`
		INSERT INTO local_accounts (identifier, name, password_hash, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (identifier) DO NOTHING`,
		n.who, n.name, n.hash, db.Millis(tx.Now))
	if err != nil {
		return err
	}
	if added == 0 {
		return ErrExists
	}
	if n.account != "" {
		if err := keepAccount(tx, n.who, n.account); err != nil {
			return err
		}
	}
	if err := d.events.Add(tx, event.Event{Kind: Added, Person: n.who}); err != nil {
		return err
	}
	if n.code == "" {
		return nil
	}
	return d.keepCode(tx, n.who, n.code)
}

// Remove forgets a local account and all that belongs to it.
func (d *Directory) Remove(ctx context.Context, identifier string) error {
	return d.change(ctx, "remove a person", identifier, Removed, func(tx *db.Tx, who string) error {
		key := sha256.Sum256([]byte(who))
		accounts, err := tx.Exec(`DELETE FROM local_accounts WHERE identifier = $1`, who)
		if err != nil {
			return err
		}
		overrides, err := tx.Exec(`DELETE FROM managed_accounts WHERE identifier = $1`, who)
		if err != nil {
			return err
		}
		if accounts+overrides == 0 {
			return ErrUnknown
		}
		if _, err := tx.Exec(`DELETE FROM codes WHERE identifier = $1`, who); err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM sign_ins WHERE digest = $1`, key[:])
		return err
	})
}

// Unlock lifts a person's lock and forgets the wrong tries. It knows local people, and whoever has tried.
func (d *Directory) Unlock(ctx context.Context, identifier string) error {
	return d.change(ctx, "unlock a person", identifier, Unlocked, func(tx *db.Tx, who string) error {
		key := sha256.Sum256([]byte(who))
		n, err := tx.Exec(`DELETE FROM sign_ins WHERE digest = $1`, key[:])
		if err != nil || n > 0 {
			return err
		}
		return mustExist(tx, who)
	})
}

// SetPassword gives a local account a new password. Its enrollment codes stop working.
func (d *Directory) SetPassword(ctx context.Context, identifier, password string) error {
	hash, err := d.hashNew(ctx, password)
	if err != nil {
		return err
	}
	return d.change(ctx, "set a password", identifier, PasswordSet, func(tx *db.Tx, who string) error {
		n, err := tx.Exec(`UPDATE local_accounts SET password_hash = $2, updated_at = $3 WHERE identifier = $1`,
			who, hash, db.Millis(tx.Now))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrUnknown
		}
		_, err = tx.Exec(`DELETE FROM codes WHERE identifier = $1 AND used_at = 0`, who)
		return err
	})
}

// SetManagedAccount sets the Managed Apple Account of one person, local or of the directory; empty means by the rule.
func (d *Directory) SetManagedAccount(ctx context.Context, identifier, account string) error {
	account, err := managedAccount(account)
	if err != nil {
		return err
	}
	return d.change(ctx, "set a Managed Apple Account", identifier, AccountOverride, func(tx *db.Tx, who string) error {
		if account != "" {
			return keepAccount(tx, who, account)
		}
		_, err := tx.Exec(`DELETE FROM managed_accounts WHERE identifier = $1`, who)
		return err
	})
}

// List is everybody with something stored here, by identifier.
func (d *Directory) List(ctx context.Context) ([]Account, error) {
	var list []Account
	err := d.db.View(ctx, func(tx *db.Tx) (err error) {
		list, err = d.In(tx)
		return err
	})
	return list, err
}

// In is List inside a transaction.
func (d *Directory) In(tx *db.Tx) ([]Account, error) {
	list, err := accounts(tx)
	if err == nil {
		err = addStates(tx, list)
	}
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	slices.SortFunc(list, func(a, b Account) int { return strings.Compare(a.Identifier, b.Identifier) })
	return list, nil
}

func accounts(tx *db.Tx) ([]Account, error) {
	rows, err := tx.Rows(`
		SELECT a.identifier, a.name, a.password_hash <> '', a.created_at, COALESCE(m.managed_account, ''), TRUE
		FROM local_accounts a LEFT JOIN managed_accounts m ON m.identifier = a.identifier
		UNION ALL
		SELECT m.identifier, '', FALSE, m.set_at, m.managed_account, FALSE
		FROM managed_accounts m WHERE NOT EXISTS (SELECT 1 FROM local_accounts a WHERE a.identifier = m.identifier)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Account
	for rows.Next() {
		var a Account
		var created int64
		var local bool
		if err := rows.Scan(&a.Identifier, &a.Name, &a.HasPassword, &created, &a.ManagedAccount, &local); err != nil {
			return nil, err
		}
		a.Source, a.CreatedAt = FromLDAP, db.Time(created)
		if local {
			a.Source = FromLocal
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// addStates adds the locks and open codes, which are few beside the people.
func addStates(tx *db.Tx, list []Account) error {
	locks, err := times(tx, `SELECT digest, locked_until FROM sign_ins WHERE locked_until > $1`)
	if err != nil {
		return err
	}
	codes, err := times(tx, `SELECT identifier, MAX(expires_at) FROM codes WHERE used_at = 0 AND expires_at > $1 GROUP BY identifier`)
	if err != nil {
		return err
	}
	for i := range list {
		key := sha256.Sum256([]byte(list[i].Identifier))
		list[i].LockedUntil = locks[string(key[:])]
		list[i].CodeUntil = codes[list[i].Identifier]
	}
	return nil
}

func times(tx *db.Tx, query string) (map[string]time.Time, error) {
	rows, err := tx.Rows(query, db.Millis(tx.Now))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]time.Time{}
	for rows.Next() {
		var key []byte
		var ms int64
		if err := rows.Scan(&key, &ms); err != nil {
			return nil, err
		}
		all[string(key)] = db.Time(ms)
	}
	return all, rows.Err()
}

// change does one thing to one person and writes the event.
func (d *Directory) change(ctx context.Context, what, identifier string, kind event.Kind, fn func(tx *db.Tx, who string) error) error {
	who, err := Fold(identifier)
	if err != nil {
		return err
	}
	err = d.db.Update(ctx, func(tx *db.Tx) error {
		if err := fn(tx, who); err != nil {
			return err
		}
		return d.events.Add(tx, event.Event{Kind: kind, Person: who})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func passwordFits(password string) bool {
	n := len([]rune(password))
	return n > 0 && n <= maxPassword && !strings.ContainsRune(password, 0)
}

func (d *Directory) hashNew(ctx context.Context, password string) (string, error) {
	if !passwordFits(password) {
		return "", ErrPassword
	}
	return d.hasher.hash(ctx, password)
}

func mustExist(tx *db.Tx, who string) error {
	var one int
	err := tx.Row(`SELECT 1 FROM local_accounts WHERE identifier = $1`, who).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	return err
}

func managedAccount(typed string) (string, error) {
	if strings.TrimSpace(typed) == "" {
		return "", nil
	}
	account, err := Fold(typed)
	if err != nil || !address(account) {
		return "", ErrAddress
	}
	return account, nil
}

func keepAccount(tx *db.Tx, who, account string) error {
	_, err := tx.Exec(`
		INSERT INTO managed_accounts (identifier, managed_account, set_at) VALUES ($1, $2, $3)
		ON CONFLICT (identifier) DO UPDATE SET managed_account = excluded.managed_account, set_at = excluded.set_at`,
		who, account, db.Millis(tx.Now))
	return err
}
