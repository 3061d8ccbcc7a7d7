package portal

import (
	"html/template"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// view is what the templates see: one page for one reader. A visit makes it from a request, a preview from what an editor
// asks for; the templates cannot tell.
type view struct {
	site     *Site
	now      settings.Settings
	words    *text.Catalog
	language text.Language
	person   person
	vars     text.Vars
	look     look
	at       func(page string, extra url.Values) string // the address of a page

	Page        string // as [Pages] names it
	Step, Steps int    // in the flow; 0: no step
	Back        string // the page before; "-" for none
	Problem     text.Key
	Missing     bool // the problem is an empty field
	Retry, Ask  bool
	RetryPage   string // where to try again

	Identifier string   // what stands in the identifier's field
	Open       bool     // the person asked to change the identifier
	Ways       ways     // to sign in
	Name       string   // what stands in the field for the phone's name
	Groups     []choice // to choose from
	Privacy    *disclosure
	Terms      *terms
	Former     former

	Banner bool                       // a preview says so
	Next   func(string) template.HTML // begins the forms of a preview; nil: forms are sent
	marked bool                       // each text carries its key
	used   func(text.Key)
	sample sample // what only previews have
}

// ways are the ways in which this person can sign in.
type ways struct{ Password, Code, SSO bool }

// choice is one of several.
type choice struct {
	Name    string
	Current bool
}

// former is the phone that this one may be.
type former struct{ Name, Seen string }

// person is whom the pages speak to, and of which phone.
type person struct {
	Identifier, Name, ManagedAccount string
	Product, System                  string
	Ref, Nickname, Group             string
	Again                            bool
}

func personOf(a enroll.Attempt) person {
	return person{
		Identifier: a.Identifier, Name: a.Name, ManagedAccount: a.ManagedAccount, Product: a.Product, System: a.System(),
		Ref: a.Ref, Nickname: a.Nickname, Group: a.Group, Again: a.Again(),
	}
}

// first is what a person is called by friends, as far as a name tells: the first word of it, or what the account begins
// with.
func (p person) first() string {
	if words := strings.Fields(p.Name); len(words) > 0 {
		return words[0]
	}
	name, _, _ := strings.Cut(p.Identifier, "@")
	return name
}

// fill fills the variables. A text may use those that its key knows; the others are not looked at.
func (n *view) fill() {
	o, p := n.now.Organization, n.person
	n.vars = text.StandardVars(text.Standard{
		OrgName: o.Name, OrgShort: o.ShortName,
		SupportName: o.SupportName, SupportEmail: o.SupportEmail,
		SupportPhone: strings.ReplaceAll(o.SupportPhone, " ", "\u00a0"), // a number is read out in one go
		SupportURL:   o.SupportURL, SupportHours: o.SupportHours,
		DeviceKind: kind(p.Product), Domain: domain(n.now, n.Identifier), Ref: p.Ref,
	})
	more := text.Vars{
		"user_identifier": p.Identifier, "user_name": p.Name, "user_first": p.first(), "managed_account": p.ManagedAccount,
		"device_model": p.Product, "os_version": p.System, "min_os": n.now.Enrollment.MinOS,
		"device_name": p.Nickname, "group_name": p.Group,
		"old_device": n.Former.Name, "old_last_seen": n.Former.Seen,
		"step": strconv.Itoa(n.Step), "steps": strconv.Itoa(n.Steps),
		"app_list": strings.Join(n.now.Portal.Gets, ", "),
	}
	if days := n.now.Privacy.KeepDays; days > 0 {
		more["retention"] = n.words.Count(n.language, "g.days", days)
	}
	if limit := n.now.Enrollment.MaxPhones; limit > 0 {
		more["device_limit"] = strconv.Itoa(limit)
	}
	if t := n.words.Terms(); t.Version > 0 {
		more["terms_version"] = strconv.Itoa(t.Version)
		if t.Date.IsZero() { // of a draft
			t.Date = n.site.DB.Now()
		}
		more["terms_date"] = n.words.Date(n.words.Legal(n.language), t.Date)
	}
	maps.Copy(n.vars, more)
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

// render draws the page.
func (n *view) render(w io.Writer, page string) error {
	n.Page = page
	return n.site.templates[drawn[page].template].ExecuteTemplate(w, "layout", n)
}

// tongue is the language that a key is shown in: the terms never mix languages.
func (n *view) tongue(key text.Key) text.Language {
	if strings.HasPrefix(string(key), "terms.") && key != "terms.other_language" {
		return n.words.Legal(n.language)
	}
	return n.language
}

// T is a text as it stands in an attribute or a title.
func (n *view) T(key text.Key) string {
	if n.used != nil {
		n.used(key)
	}
	return n.words.Text(n.tongue(key), key, n.vars)
}

// H is a text on the page, with as much Markdown as its key allows.
func (n *view) H(key text.Key) template.HTML {
	if n.used != nil {
		n.used(key)
	}
	html := n.words.HTML(n.tongue(key), key, n.vars)
	if !n.marked || html == "" {
		return html
	}
	tag := "span"
	if e, _ := n.words.Entry(key); e.Markdown == "full" {
		tag = "div"
	}
	return template.HTML("<" + tag + ` data-key="` + template.HTMLEscapeString(string(key)) + `">` + string(html) + "</" + tag + ">") //nolint:gosec // the key is escaped, the text is HTML
}

// Lang is the page's language, as browsers know it: nobody speaks the pseudo-language.
func (n *view) Lang() string {
	if tag := n.language.Tag(); !strings.HasPrefix(tag, "qps-") {
		return tag
	}
	return "en-XA"
}

// Dir is the direction in which it is read.
func (n *view) Dir() string {
	if n.language.RTL() || n.look.rtl {
		return "rtl"
	}
	return "ltr"
}

// LegalLang is the language of the terms, where it is another than the page's; else "".
func (n *view) LegalLang() string {
	if l := n.words.Legal(n.language); l.Tag() != n.language.Tag() {
		return l.Tag()
	}
	return ""
}

// LegalDir is the direction of the terms.
func (n *view) LegalDir() string {
	if n.words.Legal(n.language).RTL() {
		return "rtl"
	}
	return "ltr"
}

// LongName says whether the organization's name is too long to be set large.
func (n *view) LongName() bool { return utf8.RuneCountInString(n.T("g.org_display")) > 30 }

// Look is how the page looks.
func (n *view) Look() look { return n.look }

// Foreign says whether this is a picture of what others show.
func (n *view) Foreign() bool { return drawn[n.Page].foreign }

// Ref is the reference that a person reads out; empty when there is none.
func (n *view) Ref() string { return n.person.Ref }

// Again says whether a phone that is enrolled signs in again.
func (n *view) Again() bool { return n.person.Again }

// Gets says whether it is known what arrives on the phone.
func (n *view) Gets() bool { return len(n.now.Portal.Gets) > 0 }

// Federated says whether Apple takes the work password.
func (n *view) Federated() bool { return n.now.ManagedAccount.Federated }

// Editable says whether the identifier can be changed.
func (n *view) Editable() bool { return n.Open || n.Identifier == "" }

// Several says whether there is more than one way to sign in.
func (n *view) Several() bool { return n.Ways.Password && n.Ways.Code || n.Ways.SSO }

// Href leads to a page.
func (n *view) Href(page string) template.HTMLAttr {
	if page == "-" {
		page = ""
	}
	return n.HrefTo(n.at(page, nil))
}

// OtherAt leads to a page on which the identifier can be changed.
func (n *view) OtherAt(page string) template.HTMLAttr {
	return n.HrefTo(n.at(page, url.Values{"other": {""}}))
}

// HrefTo leads to an address; a link that leads nowhere has none.
func (n *view) HrefTo(address string) template.HTMLAttr {
	if address == "" {
		return ""
	}
	return template.HTMLAttr(` href="` + template.HTMLEscapeString(address) + `"`) //nolint:gosec // escaped
}

// Form begins a form that is sent to a page. What is wrong is said by the page that comes back, not by the browser.
func (n *view) Form(page string) template.HTML {
	if n.Next != nil {
		return n.Next(page)
	}
	address, _, _ := strings.Cut(n.at(page, nil), "?")
	return template.HTML(`<form method="post" action="` + template.HTMLEscapeString(address) + `" novalidate>`) //nolint:gosec // escaped
}

// Get begins a form that only leads on, for a choice that is a button.
func (n *view) Get(page string) template.HTML {
	if n.Next != nil {
		return n.Next(page)
	}
	address, _, _ := strings.Cut(n.at(page, nil), "?")
	form := `<form method="get" action="` + template.HTMLEscapeString(address) + `">`
	if n.Identifier != "" {
		form += `<input type="hidden" name="user-identifier" value="` + template.HTMLEscapeString(n.Identifier) + `">`
	}
	return template.HTML(form) //nolint:gosec // escaped
}

// Choice is a language that a person can choose.
type Choice struct {
	Tag, Name, Link string
	Current         bool
}

// Languages are those that phones are offered, each in its own words; none where there is no choice.
func (n *view) Languages() []Choice {
	offered := n.words.Languages(n.language)
	if len(offered) < 2 {
		return nil
	}
	list := make([]Choice, 0, len(offered))
	for _, l := range offered {
		extra := url.Values{"language": {l.Tag()}}
		if n.Open {
			extra["other"] = []string{""}
		}
		list = append(list, Choice{
			Tag: l.Tag(), Name: n.words.Name(l.Tag()), Link: n.at(drawn[n.Page].path, extra), Current: l.Tag() == n.language.Tag(),
		})
	}
	return list
}

// Spoken is the page's language in its own words.
func (n *view) Spoken() string { return n.words.Name(n.language.Tag()) }
