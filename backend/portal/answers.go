package portal

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/mdm"
)

var (
	errUnticked = errors.New("portal: agreed without a tick")
	errChanged  = errors.New("portal: the text has changed since it was shown")
	errName     = errors.New("portal: not a name for a phone")
)

// answer takes in what a page was answered with, and leads to the next. A page that was answered before may be answered
// again: people go back, and tap twice.
func (v *visit) answer() error {
	if !v.attempt.Proven {
		switch v.page {
		case pageCode:
			return v.signInByCode()
		case pagePassword:
			return v.signIn()
		}
		return v.open()
	}
	if err := v.planned(); err != nil {
		return err
	}
	if v.page == pageDone && v.plan.complete() {
		return v.handOver(v.session)
	}
	take := map[string]func(*db.Tx, *enroll.Attempt) error{
		pagePrivacy: v.takePrivacy, pageTerms: v.takeTerms, pageDeclined: v.takeRefusal, pageGroup: v.takeGroup,
		pageDevice: v.takeName, pageSame: v.takeSame,
	}[v.page]
	if take == nil || v.page != pageDeclined && !v.plan.reached(v.page) {
		return v.lead(v.session, v.plan.next())
	}
	a, err := v.site.Enroll.Answer(v.r.Context(), v.session, func(tx *db.Tx, a *enroll.Attempt) (err error) {
		if err := take(tx, a); err != nil {
			return err
		}
		if v.page != pageDeclined && !slices.Contains(a.Answered, v.page) {
			a.Answered = append(a.Answered, v.page)
		}
		if v.plan, err = v.planIn(tx, *a); err != nil {
			return err
		}
		if a.Page = v.plan.next(); v.page == pageDeclined {
			a.Page = pageDeclined
		}
		return nil
	})
	switch {
	case errors.Is(err, errMissing), errors.Is(err, errUnticked), errors.Is(err, errChanged), errors.Is(err, errName):
		return v.ask(v.page, err)
	case err != nil:
		return err
	}
	v.attempt = a
	if v.page == pageDeclined {
		return v.lead(v.session, pageDeclined)
	}
	return v.onward()
}

// ask draws a page of the plan, with what is known and what was wrong.
func (v *visit) ask(page string, err error) error {
	switch page {
	case pagePrivacy:
		v.Privacy = v.disclose()
	case pageTerms:
		v.Terms = v.conditions()
		v.Terms.Changed = v.plan.newer
		if v.plan.both {
			v.Privacy = v.disclose()
		}
	case pageGroup:
		for _, g := range v.attempt.Groups {
			v.Groups = append(v.Groups, choice{g, g == v.attempt.Group})
		}
	case pageDevice:
		v.Name = v.attempt.Nickname
		if v.r.PostForm.Has("device_name") {
			v.Name = v.r.PostForm.Get("device_name")
		} else if v.Name == "" {
			v.Name = cut(v.T("device.suggestion"), maxName)
		}
	case pageSame:
		if err := v.remember(); err != nil {
			return err
		}
	}
	v.fill()
	return v.show(page, err)
}

// takePrivacy notes that the person has seen what the organization can see.
func (v *visit) takePrivacy(tx *db.Tx, a *enroll.Attempt) error {
	d := v.disclose()
	if v.field("text") != d.hash {
		return errChanged
	}
	return v.consent(tx, a, KindPrivacy, Accepted, v.language.Tag(), 0, d.shown)
}

// takeTerms keeps the agreement to the text that was shown, if it is still the one.
func (v *visit) takeTerms(tx *db.Tx, a *enroll.Attempt) error {
	t := v.conditions()
	if v.field("text") != t.hash {
		return errChanged
	}
	if v.field("agree") == "" {
		return errUnticked
	}
	if v.plan.both {
		if err := v.consent(tx, a, KindPrivacy, Accepted, v.language.Tag(), 0, v.disclose().shown); err != nil {
			return err
		}
	}
	a.Reason = ""
	return v.consent(tx, a, KindTerms, Accepted, t.language, t.version, t.shown)
}

// takeRefusal keeps that the person does not agree, and nothing else of what they have answered.
func (v *visit) takeRefusal(tx *db.Tx, a *enroll.Attempt) error {
	t := v.conditions()
	if v.plan.index(pageTerms) < 0 {
		return nil
	}
	if err := withdraw(tx, a.ID); err != nil {
		return err
	}
	a.Nickname, a.Same, a.Answered, a.Reason = "", "", nil, "declined"
	if len(a.Groups) > 1 {
		a.Group = ""
	}
	return v.consent(tx, a, KindTerms, Refused, t.language, t.version, t.shown)
}

// takeGroup keeps the group that was chosen.
func (v *visit) takeGroup(_ *db.Tx, a *enroll.Attempt) error {
	group := v.field("group")
	if !slices.Contains(a.Groups, group) {
		return errMissing
	}
	a.Group = group
	return nil
}

// takeName keeps what the person calls the phone.
func (v *visit) takeName(_ *db.Tx, a *enroll.Attempt) error {
	name, ok := readName(v.r.PostForm.Get("device_name"))
	if !ok {
		return errName
	}
	a.Nickname = name
	return nil
}

// maxName is how long a phone's name may be; the text device.bad_name says so.
const maxName = 60

// readName brings a name into form, or says that it is none: 2 to 60 letters, numbers, blanks, and what stands between
// them in names.
func readName(typed string) (string, bool) {
	name := strings.Join(strings.Fields(norm.NFC.String(typed)), " ")
	if n := len([]rune(name)); n < 2 || n > maxName {
		return "", false
	}
	letters := 0
	for _, r := range name {
		switch {
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			letters++
		case unicode.IsMark(r) || strings.ContainsRune(" '’`´ʼ\"“”„«».,:;!&+/()-–—_#·・\u200c", r):
		default:
			return "", false
		}
	}
	return name, letters > 0
}

func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return strings.TrimSpace(string(runes[:most]))
	}
	return s
}

// takeSame keeps whether the phone is one that we know. Whoever says nothing leaves it to IT.
func (v *visit) takeSame(_ *db.Tx, a *enroll.Attempt) error {
	switch said := v.field("same"); said {
	case mdm.SameYes, mdm.SameNo:
		a.Same = said
	default:
		a.Same = mdm.SameUnsure
	}
	return nil
}

// remember finds the phone that this one may be.
func (v *visit) remember() error {
	return v.site.DB.View(v.r.Context(), func(tx *db.Tx) error {
		e, err := mdm.EarlierOf(tx, v.attempt.Person, v.attempt.Product)
		if err != nil {
			return err
		}
		v.Former = former{Seen: v.words.Date(v.language, e.LastSeenAt)}
		for _, name := range []string{e.Remarks.Nickname, e.Device.Name, e.Device.Model, kind(v.attempt.Product)} {
			if name != "" {
				v.Former.Name = name
				break
			}
		}
		return nil
	})
}
