package sim

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// page is what a browser without scripts makes of HTML: text, forms, links.
type page struct {
	source   string
	language string
	title    string
	heading  string
	text     string
	alerts   []string // what assistive technology would read out at once
	forms    []*form
	links    []link
}

type form struct {
	method, action string
	fields         []field
	buttons        []field
}

type field struct {
	name, value, kind, complete string
	required, checked           bool
}

type link struct{ href, text, class, language string }

// readPage never fails: a browser makes something of everything.
func readPage(source []byte) *page {
	pg := &page{source: string(source)}
	root, err := html.ParseWithOptions(bytes.NewReader(source), html.ParseOptionEnableScripting(false))
	if err != nil {
		return pg
	}
	byID := map[string]*form{}
	var text strings.Builder
	pg.walk(root, nil, byID, &text)
	pg.text = squeeze(text.String())
	return pg
}

func (pg *page) walk(n *html.Node, inside *form, byID map[string]*form, text *strings.Builder) {
	if n.Type == html.TextNode {
		text.WriteString(n.Data + " ")
		return
	}
	if n.Type == html.ElementNode {
		if has(n, "hidden") {
			return
		}
		class := " " + attr(n, "class") + " "
		if attr(n, "role") == "alert" || attr(n, "aria-live") == "assertive" || strings.Contains(class, " error ") {
			if said := squeeze(inner(n)); said != "" {
				pg.alerts = append(pg.alerts, said)
			}
		}
		switch n.Data {
		case "script", "style", "template", "head":
			if n.Data == "head" {
				pg.head(n)
			}
			return
		case "h1":
			if pg.heading == "" {
				pg.heading = squeeze(inner(n))
			}
		case "html":
			pg.language = attr(n, "lang")
		case "form":
			inside = &form{method: strings.ToUpper(attr(n, "method")), action: attr(n, "action")}
			if inside.method == "" {
				inside.method = "GET"
			}
			pg.forms = append(pg.forms, inside)
			byID[attr(n, "id")] = inside
		case "a":
			if href := attr(n, "href"); href != "" {
				pg.links = append(pg.links, link{href, squeeze(inner(n)), class, attr(n, "lang")})
			}
		case "input", "button", "select", "textarea":
			owner := inside
			if id := attr(n, "form"); id != "" {
				owner = byID[id]
			}
			if owner != nil && !has(n, "disabled") {
				owner.add(n)
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		pg.walk(c, inside, byID, text)
	}
}

func (pg *page) head(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.Data == "title" {
			pg.title = squeeze(inner(c))
		}
	}
}

func (f *form) add(n *html.Node) {
	fd := field{
		name: attr(n, "name"), value: attr(n, "value"), kind: strings.ToLower(attr(n, "type")),
		complete: attr(n, "autocomplete"), required: has(n, "required"), checked: has(n, "checked"),
	}
	switch n.Data {
	case "button":
		if fd.kind == "" || fd.kind == "submit" {
			fd.kind = squeeze(inner(n)) // what the person reads
			f.buttons = append(f.buttons, fd)
		}
		return
	case "textarea":
		fd.value = inner(n)
	case "select":
		fd.value = selected(n)
	case "input":
		switch fd.kind {
		case "submit", "image":
			fd.kind = fd.value
			f.buttons = append(f.buttons, fd)
			return
		case "button", "reset", "file":
			return
		case "":
			fd.kind = "text"
		case "checkbox", "radio":
			if fd.value == "" {
				fd.value = "on"
			}
		}
	}
	f.fields = append(f.fields, fd)
}

// values is what the form sends as it stands, with everything ticked that must be and the given button pressed.
func (f *form) values(button *field) url.Values {
	v := url.Values{}
	for _, fd := range f.fields {
		if fd.name == "" {
			continue
		}
		if fd.kind == "checkbox" && !fd.checked && !fd.required {
			continue
		}
		if fd.kind == "radio" && !fd.checked && (!fd.required || v.Has(fd.name)) {
			continue
		}
		v.Add(fd.name, fd.value)
	}
	if button != nil && button.name != "" {
		v.Add(button.name, button.value)
	}
	return v
}

// find is the first field that a test accepts.
func (f *form) find(accept func(field) bool) *field {
	for i := range f.fields {
		if accept(f.fields[i]) {
			return &f.fields[i]
		}
	}
	return nil
}

func isPassword(fd field) bool { return fd.kind == "password" }

func isCode(fd field) bool {
	return fd.kind != "hidden" && (fd.complete == "one-time-code" || strings.Contains(strings.ToLower(fd.name), "code"))
}

func isIdentifier(fd field) bool {
	if fd.kind == "hidden" {
		return false
	}
	name := strings.ToLower(fd.name)
	return fd.kind == "email" || strings.Contains(fd.complete, "username") ||
		slices.ContainsFunc([]string{"identifier", "email", "user", "login"}, func(s string) bool { return strings.Contains(name, s) })
}

// away are words on buttons and links that lead out of the sign-in or beside it.
var away = []string{"cancel", "decline", "disagree", "refuse", "back", "language", "help", "abbrechen", "ablehnen", "zurück", "sprache", "hilfe"}

func leadsAway(words ...string) bool {
	all := strings.ToLower(strings.Join(words, " "))
	return slices.ContainsFunc(away, func(w string) bool { return strings.Contains(all, w) })
}

// forward is the form and button a person would press to go on.
func (pg *page) forward() (*form, *field) {
	for _, f := range pg.forms {
		if f.method == "GET" && f.find(func(fd field) bool { return fd.kind == "search" }) != nil {
			continue
		}
		if len(f.buttons) == 0 && !leadsAway(f.action) {
			return f, nil
		}
		for i, b := range f.buttons {
			if !leadsAway(b.name, b.value, b.kind, f.action) {
				return f, &f.buttons[i]
			}
		}
	}
	return nil, nil
}

// said is what the page tells a person who wants to know what went wrong.
func (pg *page) said() string {
	if len(pg.alerts) > 0 {
		return strings.Join(pg.alerts, " ")
	}
	return pg.text
}

func textOf(source []byte) string { return readPage(source).said() }

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func inner(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
	}
	return b.String()
}

func selected(n *html.Node) string {
	value, found := "", false
	for c := range n.Descendants() {
		if c.Type != html.ElementNode || c.Data != "option" {
			continue
		}
		own := squeeze(inner(c))
		if has(c, "value") {
			own = attr(c, "value")
		}
		if !found || has(c, "selected") {
			value, found = own, true
		}
	}
	return value
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func leadsTo(word string, in ...string) bool {
	return strings.Contains(strings.ToLower(strings.Join(in, " ")), word)
}
