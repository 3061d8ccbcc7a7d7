package sim

import (
	"context"
	"errors"
	"fmt"
)

// secret is what a person proves themselves with.
type secret struct{ password, code string }

// OpenSheet shows the first page of the sign-in.
func (p *Phone) OpenSheet(ctx context.Context) (*Sheet, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	err := p.openSheet(ctx)
	return p.sheet, err
}

func (p *Phone) openSheet(ctx context.Context) error {
	return p.step("open sign-in page", func() error {
		if p.challenge.URL == "" {
			return fmt.Errorf("open sign-in page: %w", ErrOrder)
		}
		sheet, err := p.open(ctx, p.challenge)
		if err != nil {
			return err
		}
		p.set(func(s *state) { s.sheet = sheet })
		return nil
	})
}

// SignIn types identifier and password into the sheet and goes through its pages until the server hands the phone back.
// After a [SignInError] the sheet is still open, and SignIn can be tried again.
func (p *Phone) SignIn(ctx context.Context, password string) error {
	return p.signInWith(ctx, secret{password: password})
}

// SignInWithCode signs in with an enrollment code instead of a password.
func (p *Phone) SignInWithCode(ctx context.Context, code string) error {
	return p.signInWith(ctx, secret{code: code})
}

func (p *Phone) signInWith(ctx context.Context, s secret) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if p.sheet == nil {
		if err := p.openSheet(ctx); err != nil {
			return err
		}
	}
	return p.signIn(ctx, s)
}

func (p *Phone) signIn(ctx context.Context, with secret) error {
	return p.step("sign in", func() error {
		if p.sheet == nil {
			return fmt.Errorf("sign in: %w", ErrOrder)
		}
		err := p.sheet.signIn(ctx, with)
		if stillOpen := (*SignInError)(nil); errors.As(err, &stillOpen) {
			return err
		}
		token := p.sheet.token
		p.set(func(s *state) {
			s.sheet = nil
			if err == nil {
				s.token = token
			}
		})
		return err
	})
}

// signIn fills in what a page asks for and presses what leads on.
func (s *Sheet) signIn(ctx context.Context, with secret) error {
	proved := false
	for range 12 {
		wanted, value := isPassword, with.password
		if with.code != "" {
			wanted, value = isCode, with.code
		}
		var f *form
		for _, candidate := range s.page.forms {
			if candidate.find(wanted) != nil {
				f = candidate
			}
		}
		switch {
		case f != nil && proved:
			return &SignInError{Message: s.page.said(), Page: s.page.source}
		case f != nil:
			proved = true
			if err := s.prove(ctx, f, f.find(wanted).name, value); err != nil {
				return err
			}
		case with.code != "" && !proved && s.codeLink() != "":
			if err := s.follow(ctx, s.codeLink()); err != nil {
				return err
			}
		default:
			next, button := s.page.forward()
			if next == nil {
				return &SignInError{Message: s.page.said(), Page: s.page.source}
			}
			if err := s.submit(ctx, next, next.values(button)); err != nil {
				return err
			}
		}
		if s.token != "" {
			return nil
		}
	}
	return refuse("sheet-endless", sourceSignIn, "twelve pages and no end; the last says: %s", s.page.said())
}

// prove sends the form with the secret; the identifier stays as the server wrote it.
func (s *Sheet) prove(ctx context.Context, f *form, name, value string) error {
	var button *field
	for i, b := range f.buttons {
		if !leadsAway(b.name, b.value, b.kind) {
			button = &f.buttons[i]
			break
		}
	}
	values := f.values(button)
	values.Set(name, value)
	if who := f.find(isIdentifier); who != nil && who.value == "" {
		values.Set(who.name, s.phone.identifier)
	}
	return s.submit(ctx, f, values)
}

// codeLink is the way to the page that takes an enrollment code.
func (s *Sheet) codeLink() string {
	for _, l := range s.page.links {
		if u, err := s.at.Parse(l.href); err == nil && u.Host == s.at.Host && leadsTo("code", u.Path, l.text, l.class) {
			return l.href
		}
	}
	return ""
}
