package sim

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// secret is what a person proves themselves with.
type secret struct{ password, code string }

// Answers are what a person says on the pages of the sheet. The zero value goes along with everything: reads, ticks what
// must be ticked, takes the first of several, keeps what stands in a field.
type Answers struct {
	Language string // chosen on the first page, by its tag; "" keeps the phone's
	Name     string // of the phone; "" keeps the suggestion
	Group    string // "" takes the first
	Same     string // what the button for the same phone, another, or "not sure" sends; "" presses the first
	Decline  bool   // does not agree to the terms
}

// SetAnswers says how the phone's person will answer the pages.
func (p *Phone) SetAnswers(a Answers) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.Answers = a
}

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
		err := p.sheet.signIn(ctx, with, look(p, func(*state) Answers { return p.o.Answers }))
		if stillOpen := (*SignInError)(nil); errors.As(err, &stillOpen) {
			return err
		}
		token, headings := p.sheet.token, p.sheet.headings
		p.set(func(s *state) {
			s.sheet, s.headings = nil, headings
			if err == nil {
				s.token = token
			}
		})
		return err
	})
}

// patience is how many pages a person puts up with.
const patience = 20

// signIn fills in what a page asks for and presses what leads on.
func (s *Sheet) signIn(ctx context.Context, with secret, answers Answers) error {
	if answers.Language != "" && !strings.EqualFold(s.page.language, answers.Language) {
		if err := s.speak(ctx, answers.Language); err != nil {
			return err
		}
	}
	proved := false
	for range patience {
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
		var err error
		switch {
		case f != nil && proved:
			return &SignInError{Message: s.page.said(), Page: s.page.source}
		case f != nil:
			proved = true
			err = s.prove(ctx, f, f.find(wanted).name, value)
		case with.code != "" && !proved && s.codeLink() != "":
			err = s.follow(ctx, s.codeLink())
		default:
			err = s.onward(ctx, answers)
		}
		if err != nil {
			return err
		}
		if s.token != "" {
			return nil
		}
	}
	return refuse("sheet-endless", sourceSignIn, "%d pages and no end; the last says: %s", patience, s.page.said())
}

// onward answers a page that asks for no secret. A page that comes again with a complaint is the end of the way.
func (s *Sheet) onward(ctx context.Context, answers Answers) error {
	next, button := s.page.forward()
	if answers.Decline && next != nil && next.find(isConsent) != nil {
		if other, no := s.page.away(); other != nil {
			if err := s.submit(ctx, other, other.values(no)); err != nil {
				return err
			}
			return &SignInError{Message: s.page.said(), Page: s.page.source}
		}
	}
	if next == nil {
		return &SignInError{Message: s.page.said(), Page: s.page.source}
	}
	values := next.values(button)
	next.choose(values, answers)
	at := s.at.Path
	if err := s.submit(ctx, next, values); err != nil {
		return err
	}
	if s.token == "" && s.at.Path == at && len(s.page.alerts) > 0 {
		return &SignInError{Message: s.page.said(), Page: s.page.source}
	}
	return nil
}

// choose puts a person's own answers into a form.
func (f *form) choose(values url.Values, answers Answers) {
	if fd := f.find(isName); fd != nil && answers.Name != "" {
		values.Set(fd.name, answers.Name)
	}
	for _, fd := range f.fields {
		if fd.kind == "radio" && answers.Group != "" && fd.value == answers.Group {
			values.Set(fd.name, fd.value)
		}
	}
	for _, b := range f.buttons {
		if answers.Same != "" && b.name != "" && b.value == answers.Same {
			values.Set(b.name, b.value)
		}
	}
}

// isName is a field for a few words of the person's own.
func isName(fd field) bool {
	return fd.kind == "text" && !isIdentifier(fd) && !isCode(fd)
}

// isConsent is a box that must be ticked.
func isConsent(fd field) bool { return fd.kind == "checkbox" && fd.required }

// away is the form and button by which a person does not agree.
func (pg *page) away() (*form, *field) {
	forward, _ := pg.forward()
	for _, f := range pg.forms {
		for i, b := range f.buttons {
			if leadsAway(b.name, b.value, b.kind, f.action) || f != forward && f.method == "POST" {
				return f, &f.buttons[i]
			}
		}
	}
	return nil, nil
}

// speak chooses a language on the page, by the link that says it is in that language.
func (s *Sheet) speak(ctx context.Context, language string) error {
	at := slices.IndexFunc(s.page.links, func(l link) bool { return strings.EqualFold(l.language, language) })
	if at < 0 {
		return &SignInError{Message: "the page does not offer " + language, Page: s.page.source}
	}
	if err := s.follow(ctx, s.page.links[at].href); err != nil {
		return err
	}
	if !strings.EqualFold(s.page.language, language) {
		return &SignInError{Message: "the page stays in " + s.page.language, Page: s.page.source}
	}
	return nil
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

// Headings are the titles of the pages that the last sheet showed, in order.
func (p *Phone) Headings() []string {
	return look(p, func(s *state) []string { return slices.Clone(s.headings) })
}
