package directory

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// LDAPReport is what a look-up found, step by step.
type LDAPReport struct {
	Steps          []LDAPStep
	DN             string
	Attributes     map[string][]string // as the directory has them, of those that we read
	Member         bool                // of those who may enroll
	Groups         []string            // names of the settings' groups that the person is in
	ManagedAccount string              // what the profile would carry; empty when there is none
}

// LDAPStep is one thing that was tried.
type LDAPStep struct {
	Name   string // one of the Step names
	OK     bool
	Detail string
}

// The steps of a look-up, in their order. Where one fails, the later ones are missing.
const (
	StepConnect        = "connect" // and sign in as the reader
	StepSearch         = "search"
	StepGroup          = "group"
	StepManagedAccount = "managed_account"
	StepSignIn         = "sign_in" // missing when no password was given
)

// OK says whether every step went well.
func (r LDAPReport) OK() bool {
	return len(r.Steps) > 0 && !slices.ContainsFunc(r.Steps, func(s LDAPStep) bool { return !s.OK })
}

func (r *LDAPReport) step(name string, err error, detail string) bool {
	if err != nil {
		detail = strings.TrimPrefix(err.Error(), "directory: ")
	}
	r.Steps = append(r.Steps, LDAPStep{Name: name, OK: err == nil, Detail: detail})
	return err == nil
}

// TestLDAP looks a person up and, with a password, signs them in, and reports each step. Nothing is counted or stored;
// the directory itself may count a wrong password. What goes wrong at the directory is in the report, not an error.
func (d *Directory) TestLDAP(ctx context.Context, identifier, password string) (LDAPReport, error) {
	var r LDAPReport
	who, err := Fold(identifier)
	if err != nil {
		return r, err
	}
	s, err := d.settings.Get(ctx)
	if err != nil {
		return r, err
	}
	if s.Directory.URL == "" {
		return r, &settings.Invalid{Field: "directory.url", Problem: "required"}
	}
	v, leave, err := d.open(ctx, s.Directory)
	if !r.step(StepConnect, err, s.Directory.URL) {
		return r, nil
	}
	defer leave()

	entry, err := v.find(who, s)
	if err != nil {
		r.step(StepSearch, err, "")
		return r, nil
	}
	r.DN, r.Attributes = entry.DN, map[string][]string{}
	for _, a := range entry.Attributes {
		r.Attributes[a.Name] = a.Values
	}
	r.step(StepSearch, nil, entry.DN)

	person, err := v.placed(entry, personOf(entry, who, s), s)
	if err == nil && !allowed(s, person) {
		err = ErrNotAllowed
	}
	r.Member, r.Groups = err == nil, person.Groups
	in := person.Groups
	if s.Directory.Group != "" {
		in = append([]string{s.Directory.Group}, in...)
	}
	r.step(StepGroup, err, strings.Join(in, ", "))

	if set, err := d.accountSetFor(ctx, person.Identifier); err != nil {
		return r, err
	} else if set != "" {
		person.ManagedAccount = set
	}
	r.ManagedAccount, err = ManagedAccountFor(s, person)
	r.step(StepManagedAccount, err, r.ManagedAccount)

	if password != "" {
		r.step(StepSignIn, v.bind(entry.DN, password), "")
	}
	return r, nil
}

// Health says what an administrator should know about the directory, and about people whom it lets wait.
func (d *Directory) Health(ctx context.Context) []event.Finding {
	s, err := d.settings.Get(ctx)
	if err != nil {
		return []event.Finding{{Code: "directory_unreadable", Level: event.Broken}}
	}
	var people, locked int
	err = d.db.View(ctx, func(tx *db.Tx) error {
		if err := tx.Row(`SELECT COUNT(*) FROM local_accounts`).Scan(&people); err != nil {
			return err
		}
		return tx.Row(`SELECT COUNT(*) FROM sign_ins WHERE locked_until > $1`, db.Millis(tx.Now)).Scan(&locked)
	})
	if err != nil {
		return []event.Finding{{Code: "directory_unreadable", Level: event.Broken}}
	}
	var found []event.Finding
	if locked > 0 {
		found = append(found, event.Finding{Code: "people_locked", Level: event.Notice, Params: map[string]string{"count": strconv.Itoa(locked)}})
	}
	switch {
	case s.Directory.Enabled:
		found = append(found, d.healthOfLDAP(ctx, s.Directory)...)
	case people == 0:
		found = append(found, event.Finding{Code: "directory_nobody", Level: event.Attention})
	}
	return found
}

func (d *Directory) healthOfLDAP(ctx context.Context, conf settings.LDAP) []event.Finding {
	about := map[string]string{"url": conf.URL}
	var list []event.Finding
	if plain(conf) {
		list = append(list, event.Finding{Code: "directory_plain", Level: event.Attention, Params: about})
	}
	_, leave, err := d.open(ctx, conf)
	if err == nil {
		leave()
		return append(list, event.Finding{Code: "directory_good", Level: event.Good, Params: about})
	}
	d.log.WarnContext(ctx, "directory does not answer as it should", "url", conf.URL, "err", err)
	code := "directory_unreachable"
	if errors.Is(err, errReader) {
		code = "directory_reader_refused"
	}
	return append(list, event.Finding{Code: code, Level: event.Broken, Params: map[string]string{"url": conf.URL, "problem": reason(err)}})
}

// reason is the short form of what the directory said.
func reason(err error) string {
	var e *ldap.Error
	if errors.As(err, &e) && e.ResultCode != ldap.ErrorNetwork {
		return ldap.LDAPResultCodeMap[e.ResultCode]
	}
	return err.Error()
}
