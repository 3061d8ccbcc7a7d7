package portal

import (
	"cmp"

	"example.org/gatehouse/backend/directory"
)

// openDoor shows a page before the sign-in: the choice of a way where there is one, else the only way.
func (v *visit) openDoor() error {
	if err := v.ways(); err != nil {
		return err
	}
	switch {
	case v.page == pagePassword:
		return v.show("signin", nil)
	case v.page == pageCode:
		return v.show("code", nil)
	case v.page != "":
		return v.lead(v.session, "")
	case v.attempt.Spent:
		return errSpent
	case v.startsWithChoice():
		return v.show("start", nil)
	case v.Ways.Code && !v.Ways.Password:
		return v.show("code", nil)
	}
	return v.show("signin", nil)
}

// ways finds the ways to sign in, and which step this is.
func (v *visit) ways() error {
	w, err := v.site.Directory.Ways(v.r.Context())
	v.Ways = ways{Password: w.Password, Code: w.Code}
	v.Step, v.Steps = v.ahead()
	if v.startsWithChoice() && v.page != "" {
		v.Back = "-"
	}
	v.fill()
	return err
}

// startsWithChoice says whether the person is asked first how they want to sign in.
func (v *visit) startsWithChoice() bool {
	return v.Several() && v.now.Portal.Start && !v.attempt.Again()
}

// ahead says how many steps there will be, as far as it can be told of somebody who has not signed in.
func (v *visit) ahead() (step, steps int) {
	p := v.now.Portal
	if v.attempt.Again() {
		return 0, 0
	}
	var made plan
	terms := p.Terms && v.words.Terms().Version > 0
	if p.Privacy && terms && p.Order == "together" {
		terms = false
	}
	made.add(planned{pagePrivacy, false}, p.Privacy)
	made.add(planned{pageTerms, false}, terms)
	made.add(planned{pageDevice, false}, p.Device)
	made.add(planned{pageDone, false}, true)
	_, steps, _ = made.place("")
	return 1, steps
}

// signIn checks a password.
func (v *visit) signIn() error {
	if v.attempt.Proven {
		return v.open()
	}
	if err := v.ways(); err != nil {
		return err
	}
	password := v.r.PostForm.Get("password")
	if v.Identifier == "" || password == "" {
		return v.show("signin", errMissing)
	}
	return v.prove("signin", directory.Proof{Password: password})
}

// signInByCode checks an enrollment code.
func (v *visit) signInByCode() error {
	if err := v.ways(); err != nil {
		return err
	}
	code := v.field("code")
	if v.Identifier == "" || code == "" {
		return v.show("code", errMissing)
	}
	return v.prove("code", directory.Proof{Code: code})
}

// prove lets the directory check the proof, and moves the person to an address that only their browser knows. A mistake
// that the person can put right on the same page is that page again.
func (v *visit) prove(page string, p directory.Proof) error {
	ctx := v.r.Context()
	if !v.attempt.Again() {
		if err := v.site.Enroll.Ready(ctx); err != nil {
			return err
		}
	}
	p.Identifier, p.Attempt, p.Address = v.Identifier, v.attempt.ID, address(v.r)
	person, err := v.site.Directory.Prove(ctx, p)
	if err != nil {
		v.note(ctx, err)
		if again(err) {
			return v.show(page, err)
		}
		return err
	}
	person.Name = cmp.Or(person.Name, v.attempt.Name)
	session, a, err := v.site.Enroll.SignIn(ctx, v.session, person)
	if err != nil {
		v.note(ctx, err)
		return err
	}
	v.session, v.attempt = session, a
	v.speak()
	if err := v.planned(); err != nil {
		return err
	}
	return v.onward()
}

// onward leads to the next page. A phone that signs in again has nothing to be told at the end: it gets its token at once.
func (v *visit) onward() error {
	if v.attempt.Again() && v.plan.complete() {
		return v.handOver(v.session)
	}
	return v.lead(v.session, v.plan.next())
}
