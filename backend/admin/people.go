package admin

import (
	"context"
	"errors"
	"strings"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/settings"
)

// People are the local accounts.
func (a *API) People(ctx context.Context, in *PeopleIn) (*People, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	accounts, err := r.Directory.List(ctx)
	if err != nil {
		return nil, err
	}
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	view := &People{People: []Person{}, Total: len(accounts)}
	wanted := db.Fold(strings.TrimSpace(in.Search))
	for _, account := range accounts {
		if wanted == "" || strings.Contains(db.Fold(account.Identifier+" "+account.Name), wanted) {
			view.People = append(view.People, person(now, account))
		}
	}
	return view, nil
}

// person is an account as a screen sees it. The account that the profile would name may not be known yet.
func person(now settings.Settings, a directory.Account) Person {
	managed, err := directory.ManagedAccountFor(now, directory.Person{
		Identifier: a.Identifier, Name: a.Name, ManagedAccount: a.ManagedAccount, Source: directory.FromLocal,
	})
	if err != nil {
		managed = ""
	}
	return Person{
		Identifier: a.Identifier, Name: a.Name, ManagedAccount: managed, ManagedOverride: a.ManagedAccount,
		HasPassword: a.HasPassword, CodeExpiresAt: a.CodeUntil, LockedUntil: a.LockedUntil, CreatedAt: a.CreatedAt,
	}
}

// person finds the account that the directory would find: names that differ in a mark are two people.
func (a *API) person(ctx context.Context, r Rooms, identifier string) (*Person, error) {
	identifier, err := directory.Fold(identifier)
	if err != nil {
		return nil, err
	}
	accounts, err := r.Directory.List(ctx)
	if err != nil {
		return nil, err
	}
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	for _, account := range accounts {
		if account.Identifier == identifier {
			p := person(now, account)
			return &p, nil
		}
	}
	return nil, directory.ErrUnknown
}

// AddPerson makes a local account. Without a password the person gets an enrollment code.
func (a *API) AddPerson(ctx context.Context, in *AddPersonIn) (*PersonAdded, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	code, err := r.Directory.Add(ctx, directory.NewPerson{
		Identifier: in.Body.Identifier, Name: in.Body.Name,
		ManagedAccount: in.Body.ManagedAccount, Password: in.Body.Password,
	})
	if err != nil {
		return nil, err
	}
	p, err := a.person(ctx, r, in.Body.Identifier)
	if err != nil {
		return nil, err
	}
	added := &PersonAdded{Person: *p}
	if code != "" {
		added.Code = &EnrollmentCode{Code: code.Reveal(), ExpiresAt: p.CodeExpiresAt}
	}
	return added, nil
}

// RemovePerson removes a local account. Phones that are enrolled stay enrolled.
func (a *API) RemovePerson(ctx context.Context, in *PersonIn) (*Done, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	return &Done{}, r.Directory.Remove(ctx, in.Identifier)
}

// UnlockPerson ends the pause after too many wrong passwords.
func (a *API) UnlockPerson(ctx context.Context, in *PersonIn) (*Done, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	return &Done{}, r.Directory.Unlock(ctx, in.Identifier)
}

// NewCode gives a person a new enrollment code; the one before is worth nothing any more.
func (a *API) NewCode(ctx context.Context, in *PersonIn) (*EnrollmentCode, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	code, err := r.Directory.NewCode(ctx, in.Identifier)
	if err != nil {
		return nil, err
	}
	view := &EnrollmentCode{Code: code.Reveal()}
	p, err := a.person(ctx, r, in.Identifier)
	if errors.Is(err, directory.ErrUnknown) {
		return view, nil
	}
	if err != nil {
		return nil, err
	}
	view.ExpiresAt = p.CodeExpiresAt
	return view, nil
}

// SetPassword gives a local account a password.
func (a *API) SetPassword(ctx context.Context, in *SetPasswordIn) (*Person, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if err := r.Directory.SetPassword(ctx, in.Identifier, in.Body.Password); err != nil {
		return nil, err
	}
	return a.person(ctx, r, in.Identifier)
}

// SetManagedAccount sets the Managed Apple Account of one person.
func (a *API) SetManagedAccount(ctx context.Context, in *SetManagedAccountIn) (*Person, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if err := r.Directory.SetManagedAccount(ctx, in.Identifier, in.Body.ManagedAccount); err != nil {
		return nil, err
	}
	p, err := a.person(ctx, r, in.Identifier)
	if errors.Is(err, directory.ErrUnknown) { // somebody of the LDAP directory, who has no account here
		return &Person{Identifier: in.Identifier, ManagedOverride: in.Body.ManagedAccount}, nil
	}
	return p, err
}
