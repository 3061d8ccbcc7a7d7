package portal

import (
	"slices"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
)

// The pages of the flow, as their addresses name them. The first, for the sign-in, has no name.
const (
	pagePassword = "password"
	pageCode     = "code"
	pagePrivacy  = "privacy"
	pageTerms    = "terms"
	pageDeclined = "declined"
	pageGroup    = "group"
	pageDevice   = "device"
	pageSame     = "same"
	pageDone     = "done"
)

// plan is the pages that a person who has signed in meets, in order; the hand-off comes last.
type plan struct {
	pages []planned
	both  bool // privacy and terms are one page
	newer bool // the person agreed to older terms
}

type planned struct {
	page     string
	answered bool
}

// planIn makes the plan of an attempt from what is known of its person.
func (v *visit) planIn(tx *db.Tx, a enroll.Attempt) (plan, error) {
	p, again := v.now.Portal, a.Again()
	had, err := agreements(tx, a)
	if err != nil {
		return plan{}, err
	}
	made := plan{newer: had.before > 0}
	answered := func(page string) planned { return planned{page, slices.Contains(a.Answered, page)} }
	privacy, terms := answered(pagePrivacy), planned{pageTerms, had.terms >= v.words.Terms().Version}
	wantPrivacy := p.Privacy && !again && (had.seen == "" || had.seen != v.disclose().hash)
	wantTerms := p.Terms && v.words.Terms().Version > 0 && had.before < v.words.Terms().Version
	switch {
	case wantPrivacy && wantTerms && p.Order == settings.Together:
		made.both = true
		made.pages = append(made.pages, terms)
	case p.Order == settings.TermsFirst:
		made.add(terms, wantTerms)
		made.add(privacy, wantPrivacy)
	default:
		made.add(privacy, wantPrivacy)
		made.add(terms, wantTerms)
	}
	made.add(answered(pageGroup), !again && p.Group && len(a.Groups) > 1)
	made.add(answered(pageDevice), !again && p.Device)
	made.add(answered(pageSame), !again && p.Device && a.Former != "")
	made.add(planned{pageDone, false}, true)
	return made, nil
}

func (p *plan) add(one planned, wanted bool) {
	if wanted {
		p.pages = append(p.pages, one)
	}
}

// next is the first page that is not answered.
func (p plan) next() string {
	for _, one := range p.pages {
		if !one.answered {
			return one.page
		}
	}
	return pageDone
}

func (p plan) index(page string) int {
	return slices.IndexFunc(p.pages, func(one planned) bool { return one.page == page })
}

// reached says whether all pages before one are answered.
func (p plan) reached(page string) bool {
	at := p.index(page)
	return at >= 0 && at <= p.index(p.next())
}

// complete says whether only the hand-off is left.
func (p plan) complete() bool { return p.next() == pageDone }

// place is where a page stands in the flow, and the page before it. The sign-in is the first step; the question for the
// same phone belongs to the step before.
func (p plan) place(page string) (step, steps int, back string) {
	steps = 1
	for i, one := range p.pages {
		if one.page != pageSame {
			steps++
		}
		if one.page == page {
			step = steps
			if i > 0 {
				back = p.pages[i-1].page
			}
		}
	}
	return step, steps, back
}
