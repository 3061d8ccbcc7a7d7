package portal

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// view is what the templates see.
type view struct {
	visit *visit

	Problem text.Key // what went wrong; empty: nothing
	Missing bool     // the problem is an empty field
	Retry   bool
	Ask     bool
	Codes   bool // somebody has an enrollment code
}

// prepare chooses the language and fills the variables that every text may use.
func (v *visit) prepare(now settings.Settings) {
	v.language = v.words.Match(now.Language, v.chosen, v.attempt.Language, v.r.Header.Get("Accept-Language"))
	o := now.Organization
	v.vars = text.StandardVars(text.Standard{
		OrgName: o.Name, OrgShort: o.ShortName,
		SupportName: o.SupportName, SupportEmail: o.SupportEmail, SupportPhone: o.SupportPhone,
		SupportURL: o.SupportURL, SupportHours: o.SupportHours,
		DeviceKind: kind(v.attempt.Product), Domain: domain(now, v.identifier), Ref: v.attempt.Ref,
	})
	v.now.visit = v
}

// kind is what people call a product; empty for one that we do not know.
func kind(product string) string {
	switch f := enroll.Family(product); f {
	case "RealityDevice":
		return "Apple Vision Pro"
	default:
		return f
	}
}

// domain is the one of our domains that the person's address is in; the first, where it is in none.
func domain(now settings.Settings, identifier string) string {
	if len(now.Domains) == 0 {
		return ""
	}
	_, typed, _ := strings.Cut(identifier, "@")
	if typed = settings.ASCIIDomain(typed); slices.Contains(now.Domains, typed) {
		return typed
	}
	return now.Domains[0]
}

// show draws a page with a form. err is what was wrong with what was typed before; nil: nothing yet.
func (v *visit) show(page string, err error) error {
	ways, failed := v.site.Directory.Ways(v.r.Context())
	if failed != nil {
		return failed
	}
	v.now.Codes = ways.Code
	if err != nil {
		v.now.Problem, _ = judge(err)
		v.now.Missing = errors.Is(err, errMissing)
	}
	v.draw(page, http.StatusOK)
	return nil
}

// draw writes the page, whole or not at all.
func (v *visit) draw(page string, status int) {
	var b bytes.Buffer
	if err := v.site.templates[page].ExecuteTemplate(&b, "layout", &v.now); err != nil {
		v.site.Log.ErrorContext(v.r.Context(), "draw page", "page", page, "err", err)
		http.Error(v.w, "", http.StatusInternalServerError)
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.language.Tag())
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	v.w.WriteHeader(status)
	v.w.Write(b.Bytes())
}

// T is a text in the person's language.
func (n *view) T(key text.Key) string {
	return n.visit.words.Text(n.visit.language, key, n.visit.vars)
}

// Lang is the page's language.
func (n *view) Lang() string { return n.visit.language.Tag() }

// Dir is the direction in which it is read.
func (n *view) Dir() string {
	if n.visit.language.RTL() {
		return "rtl"
	}
	return "ltr"
}

// LongName says whether the organization's name is too long to be set large.
func (n *view) LongName() bool { return utf8.RuneCountInString(n.T("g.org_display")) > 30 }

// Style is the address of the style sheet.
func (n *view) Style() string { return stylesPath + "?v=" + n.visit.site.version }

// Identifier is what stands in the identifier's field.
func (n *view) Identifier() string { return n.visit.identifier }

// Editable says whether the identifier can be changed.
func (n *view) Editable() bool { return n.visit.editable || n.visit.identifier == "" }

// Other says whether the person asked to change the identifier.
func (n *view) Other() bool { return n.visit.editable }

// Chosen is the language that the person chose, for the form to carry along.
func (n *view) Chosen() string { return n.visit.chosen }

// Ref is the reference that a person reads out; empty when there is no attempt.
func (n *view) Ref() string { return n.visit.attempt.Ref }

// SignIn is the address of the page for passwords.
func (n *view) SignIn() string { return n.visit.path("") }

// Code is the address of the page for enrollment codes.
func (n *view) Code() string { return n.visit.path("/code") }

// LinkSignIn leads to the password, with what was typed.
func (n *view) LinkSignIn() string { return n.visit.link("", n.visit.chosen, n.visit.editable) }

// LinkCode leads to the enrollment code, with what was typed.
func (n *view) LinkCode() string { return n.visit.link("/code", n.visit.chosen, n.visit.editable) }

// LinkAgain leads to the page that this one came from.
func (n *view) LinkAgain() string {
	return n.visit.link(n.visit.page(), n.visit.chosen, n.visit.editable)
}

// LinkOther opens the identifier.
func (n *view) LinkOther() string { return n.visit.link(n.visit.page(), n.visit.chosen, true) }

// Choice is a language that a person can choose.
type Choice struct {
	Tag, Name, Link string
	Current         bool
}

// Languages are those of the catalogue, each in its own words.
func (n *view) Languages() []Choice {
	var list []Choice
	for _, l := range n.visit.words.Languages(n.visit.language) {
		list = append(list, Choice{
			Tag: l.Tag(), Name: n.visit.words.Name(l.Tag()),
			Link: n.visit.link(n.visit.page(), l.Tag(), n.visit.editable), Current: l.Tag() == n.Lang(),
		})
	}
	return list
}

func (v *visit) path(page string) string {
	return enroll.SignInPath + url.PathEscape(v.session) + page
}

// page is what follows the session in the address of this visit.
func (v *visit) page() string {
	if v.r.URL.Path == v.path("/code") {
		return "/code"
	}
	return ""
}

// link leads to a page and keeps what was typed and chosen.
func (v *visit) link(page, language string, other bool) string {
	q := url.Values{}
	if v.identifier != "" {
		q.Set("user-identifier", v.identifier)
	}
	if language != "" {
		q.Set("language", language)
	}
	if other {
		q.Set("other", "")
	}
	if len(q) == 0 {
		return v.path(page)
	}
	return v.path(page) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20") // [query] takes a plus sign for one
}
