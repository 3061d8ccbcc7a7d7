package portal

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// ErrNoPage says that there is no page, sample or problem of this name.
var ErrNoPage = errors.New("portal: no such page")

// Preview is what somebody wants to see who edits the pages.
type Preview struct {
	Page             string // one of [Site.Pages]
	Language, Scheme string // BCP 47; "light", "dark", or "" as the phone has it
	Large, RTL       bool   // large type; read from the right, whatever the language
	Sample           string // one of [Samples]; "" is the first
	Error            text.Key
	Catalog          *text.Catalog // nil: what is published
	// Editor has each text carry its key as data-key, and everything that the page needs inside it.
	Editor bool

	link string // address of the preview on a phone; "" leads nowhere
}

// sample is a made-up person, and what only pictures of paper and mail need.
type sample struct {
	name   string
	person person
	former string
}

// samples are people as they come: usual, long, from the right, without spaces, without a name, with another device.
var samples = []sample{
	{name: "lea", person: person{Identifier: "lea@{domain}", Name: "Lea Berg", Product: "iPhone17,2", System: "26.1", Nickname: "Lea's work iPhone"}, former: "Lea's iPhone"},
	{name: "long", person: person{
		Identifier: "maximiliane-theresa.oberhollenzer-strasser@{domain}", Name: "Maximiliane-Theresa Oberhollenzer-Straßer",
		Product: "iPhone17,2", System: "26.1", Nickname: "Maximiliane-Theresas dienstliches iPhone",
	}, former: "Maximiliane-Theresas altes iPhone"},
	{name: "arabic", person: person{Identifier: "layla@{domain}", Name: "ليلى حداد", Product: "iPhone17,2", System: "26.1", Nickname: "هاتف ليلى"}, former: "هاتف ليلى القديم"},
	{name: "japanese", person: person{Identifier: "yuki@{domain}", Name: "佐藤雪", Product: "iPhone17,2", System: "26.1", Nickname: "佐藤の仕事用"}, former: "雪のiPhone"},
	{name: "nameless", person: person{Identifier: "k.ohm@{domain}", Product: "iPhone12,1", System: "18.2"}, former: "iPhone"},
	{name: "ipad", person: person{Identifier: "lea@{domain}", Name: "Lea Berg", Product: "iPad14,3", System: "26.1", Nickname: "Lea's work iPad"}, former: "Lea's iPad"},
}

// Samples names the people that previews can show.
func Samples() []string {
	var names []string
	for _, s := range samples {
		names = append(names, s.name)
	}
	return names
}

// Render draws a page as phones get it: by the very code and templates that serve them.
func (s *Site) Render(ctx context.Context, p Preview) ([]byte, error) {
	b, _, err := s.render(ctx, p, nil)
	return b, err
}

// keysOf lists the texts that a page shows, in their order.
func (s *Site) keysOf(ctx context.Context, p Preview) ([]text.Key, error) {
	var keys []text.Key
	_, _, err := s.render(ctx, p, func(key text.Key) {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	})
	return keys, err
}

// RenderWithKeys is [Site.Render] that also says which texts the page shows, in their order.
func (s *Site) RenderWithKeys(ctx context.Context, p Preview) ([]byte, []text.Key, error) {
	keys := []text.Key{}
	b, _, err := s.render(ctx, p, func(key text.Key) {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	})
	return b, keys, err
}

func (s *Site) render(ctx context.Context, p Preview, used func(text.Key)) ([]byte, *view, error) {
	n, err := s.pretend(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	n.used = used
	n.prepare(p)
	var b bytes.Buffer
	if err := n.render(&b, p.Page); err != nil {
		return nil, nil, fmt.Errorf("draw %s: %w", p.Page, err)
	}
	return b.Bytes(), n, nil
}

// pretend makes the view of a made-up person.
func (s *Site) pretend(ctx context.Context, p Preview) (*view, error) {
	if _, ok := drawn[p.Page]; !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoPage, p.Page)
	}
	if p.Error != "" && !slices.Contains(drawn[p.Page].problems, p.Error) {
		return nil, fmt.Errorf("%w: %q has no state %q", ErrNoPage, p.Page, p.Error)
	}
	if p.Scheme != "" && p.Scheme != Light && p.Scheme != Dark {
		return nil, fmt.Errorf("%w: scheme %q", ErrNoPage, p.Scheme)
	}
	at := slices.IndexFunc(samples, func(one sample) bool { return one.name == p.Sample || p.Sample == "" })
	if at < 0 {
		return nil, fmt.Errorf("%w: sample %q", ErrNoPage, p.Sample)
	}
	now, err := s.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	n := &view{site: s, now: now, words: p.Catalog, sample: samples[at], person: samples[at].person, marked: p.Editor, Banner: true}
	if n.words == nil {
		if n.words, err = s.Text.Current(ctx); err != nil {
			return nil, err
		}
	}
	n.language = n.words.Exactly(now.Language, p.Language)
	if n.look, err = s.lookOf(ctx, now, p.Scheme); err != nil {
		return nil, err
	}
	n.look.Large, n.look.rtl = p.Large, p.RTL
	if p.Editor {
		n.look.Inline = template.CSS(s.sheetOf(now.Portal, p.Scheme).css) //nolint:gosec // ours, with validated colours
		for _, one := range []*picture{n.look.Logo, n.look.Dark} {
			if err := s.embed(ctx, one); err != nil {
				return nil, err
			}
		}
	}
	n.aim(p)
	return n, nil
}

// embed puts a logo into the page itself.
func (s *Site) embed(ctx context.Context, p *picture) error {
	if p == nil {
		return nil
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(string(p.Address), logoPath), ".")
	l, err := s.Logo(ctx, version)
	if err != nil {
		return fmt.Errorf("read logo: %w", err)
	}
	p.Address = template.URL("data:" + l.Kind + ";base64," + base64.StdEncoding.EncodeToString(l.Content)) //nolint:gosec // a picture that we have drawn
	return nil
}

// aim says where the links and forms of a preview go: nowhere, or on a phone to the pages of the same preview.
func (n *view) aim(p Preview) {
	if p.link == "" {
		n.at = func(string, url.Values) string { return "" }
		n.Next = func(string) template.HTML { return `<form method="dialog">` }
		return
	}
	n.at = func(page string, extra url.Values) string {
		q := url.Values{"page": {page}}
		language := extra.Get("language")
		switch {
		case language != "":
			q.Set("page", p.Page)
			q.Set("language", language)
		case page == "" && (p.Page == "signin" || p.Page == "code"):
			q.Set("page", "start")
		case page == "" || page == pagePassword:
			q.Set("page", "signin")
		}
		return p.link + "?" + q.Encode()
	}
	n.Next = func(page string) template.HTML {
		next := drawn[p.Page].next
		if page == pageDeclined {
			next = pageDeclined
		}
		return template.HTML(`<form method="get" action="` + template.HTMLEscapeString(p.link) + `" novalidate>` + //nolint:gosec // escaped
			`<input type="hidden" name="page" value="` + next + `">`)
	}
}

// prepare fills the page with what a made-up person would find there.
func (n *view) prepare(p Preview) {
	domain := "example.com"
	if len(n.now.Domains) > 0 {
		domain = n.now.Domains[0]
	}
	who := &n.person
	who.Identifier = strings.ReplaceAll(who.Identifier, "{domain}", domain)
	who.ManagedAccount, who.Ref = who.Identifier, "K7-31Q"
	n.now.Portal.Gets = or(n.now.Portal.Gets, []string{"Mail", "Calendar"})
	n.now.Enrollment.MaxPhones = max(n.now.Enrollment.MaxPhones, 2)
	if n.now.Enrollment.MinOS == "" {
		n.now.Enrollment.MinOS = "26"
	}
	if p.Page == "privacy_all" || p.Page == "words" {
		n.now.Privacy.KeepDays = max(n.now.Privacy.KeepDays, 90)
	}
	n.now.ManagedAccount.Federated = p.Page == "done"
	n.Identifier = who.Identifier
	n.Ways = ways{Password: true, Code: p.Page == "start" || p.Page == "start_sso" || p.Page == "signin" || p.Page == "code", SSO: p.Page == "start_sso"}
	who.Again = p.Page == "again" || p.Page == "again_done"
	n.Step, n.Steps, n.Back = n.pretendPlan(p.Page)
	today := n.site.DB.Now()
	n.Former = former{n.sample.former, n.words.Date(n.language, today.AddDate(0, 0, -12))}
	for _, g := range n.now.Enrollment.Groups {
		n.Groups = append(n.Groups, choice{Name: g.Name})
	}
	if len(n.Groups) < 2 {
		n.Groups = []choice{{Name: "Warehouse"}, {Name: "Office"}}
	}
	who.Group = n.Groups[0].Name
	n.Problem, n.Missing = p.Error, p.Error == "g.required"
	if n.Missing {
		n.Identifier = ""
	}
	n.fill()
	n.fillPictures(today)
	if p.Page == pageDevice {
		n.Name = cut(n.T("device.suggestion"), maxName)
	}
	if strings.HasPrefix(p.Page, "privacy") {
		n.Privacy = n.disclose()
		if p.Page == "privacy_all" {
			n.Privacy.all()
		}
	}
	if p.Page == "terms" {
		n.Terms = n.conditions()
		n.Terms.Starter = n.words.Text(n.words.Legal(n.language), "terms.body", n.vars) == ""
		n.Terms.Changed = p.Error == "terms.changed"
		n.Terms.Other = n.Terms.Other || p.Error == "terms.other_language"
		if p.Error != "terms.unticked" {
			n.Problem = ""
		}
	}
	if p.Page == "error" {
		if n.Problem == "" {
			n.Problem = "e.unknown"
		}
		what, known := examples[n.Problem]
		if !known {
			what = askIT
		}
		n.Retry, n.Ask, n.RetryPage = what.retry, what.call, pagePassword
	}
}

// all shows every line that the page could have, in force or not.
func (d *disclosure) all() {
	d.See, d.Do, d.Keep, d.Contact = nil, nil, true, true
	for _, line := range sees {
		d.See = append(d.See, line.key)
	}
	for _, line := range does {
		d.Do = append(d.Do, line.key)
	}
}

// pretendPlan is the flow as it is for somebody who meets every page that is switched on.
func (n *view) pretendPlan(page string) (step, steps int, back string) {
	p := n.now.Portal
	flow := []string{"signin"}
	for _, one := range []struct {
		page string
		on   bool
	}{{"privacy", p.Privacy}, {"terms", p.Terms}, {"group", p.Group && len(n.now.Enrollment.Groups) > 1}, {"device", p.Device}, {"done", true}} {
		if one.on || one.page == page {
			flow = append(flow, one.page)
		}
	}
	if p.Order == settings.TermsFirst {
		i, j := slices.Index(flow, "privacy"), slices.Index(flow, "terms")
		if i >= 0 && j >= 0 {
			flow[i], flow[j] = flow[j], flow[i]
		}
	}
	name := map[string]string{"code": "signin", "sso": "signin", "privacy_all": "privacy", "same": "device", "done_separate": "done", "new_password": "signin"}
	back = drawn[page].back
	if other, ok := name[page]; ok {
		page = other
	}
	at := slices.Index(flow, page)
	if at < 0 {
		return 0, 0, back
	}
	return at + 1, len(flow), back
}

// fillPictures fills the variables that only errors, mail and paper have.
func (n *view) fillPictures(today time.Time) {
	soon := n.words.Date(n.language, today.AddDate(0, 0, 14))
	more := text.Vars{
		"idp_name": "Microsoft", "unlock_time": n.in(15 * time.Minute), "date_time": soon, "code": "H4TQ-9XKM-7C2P",
		"old_profile": "Old MDM Profile", "wifi_name": "Office", "minutes": "12", "count": "90",
	}
	maps.Copy(n.vars, more)
	if n.vars["device_name"] == "" {
		n.vars["device_name"] = n.vars["device_kind"]
	}
}

func or(list, otherwise []string) []string {
	if len(list) > 0 {
		return list
	}
	return otherwise
}

// Native are the refusals to show, of which a phone shows one.
func (n *view) Native() []text.Key {
	if n.Problem != "" {
		return []text.Key{n.Problem}
	}
	return native
}

// Letter is the mail of this page.
func (n *view) Letter() map[string]text.Key {
	key := text.Key("i." + n.Page)
	letter := map[string]text.Key{"Subject": key + "_subject", "Body": key + "_body"}
	if n.Page == "mail" {
		letter["Code"] = "i.mail_code"
	}
	return letter
}

// Words are the texts that stand inside others, or on pages that are to come.
func (n *view) Words() []text.Key {
	return []text.Key{
		"language.name", "default.support_name", "default.device_kind", "default.domain",
		"default.ios_path", "default.ios_signin", "default.ios_allow", "default.ios_signout", "default.ios_remove",
		"g.continue", "g.cancel", "g.optional", "g.loading", "g.show_password", "g.hide_password",
		"g.in_a_minute", "g.in_minutes", "g.days",
	}
}

// Values are what is stored of a made-up phone.
func (n *view) Values() []string {
	return []string{n.vars["device_name"], n.vars["device_kind"] + " · " + n.person.Product, n.person.System, n.person.Identifier}
}

// Seen is a date of late.
func (n *view) Seen() string { return n.Former.Seen }

// QR is a code as it stands on paper.
func (n *view) QR() template.HTML {
	svg, err := qrCode(n.now.URL + previewPath)
	if err != nil {
		return ""
	}
	return template.HTML(svg) //nolint:gosec // drawn here
}
