package settings

import (
	"strings"
)

// Portal says which pages a person meets in the sheet, and how they look. Sign-in and hand-off always stay.
type Portal struct {
	Start   bool `json:"start" doc:"Ask how to sign in, where there is more than one way"`
	Privacy bool `json:"privacy" doc:"Show what the organization can see and do"`
	Terms   bool `json:"terms" doc:"Ask to agree to the terms, if there are any"`
	Group   bool `json:"group" doc:"Ask for the group, where a person is in more than one"`
	Device  bool `json:"device" doc:"Ask for a name of the phone, and whether it is one that is known"`
	// Order says how privacy and terms follow one another.
	Order string `json:"order" enum:"privacy_first,terms_first,together" doc:"Privacy page before the terms, after them, or both on one page"`
	// Gets is what arrives on the phone, for the last page.
	Gets []string `json:"gets" doc:"What people get on the phone, for the last page: Mail, Calendar"`
	// AccentLight and AccentDark are the colour of buttons and links, "#0f766e". They must be readable as text on the
	// pages' backgrounds; see [Contrasts].
	AccentLight string `json:"accent_light" doc:"Colour of buttons and links on light pages, #RRGGBB"`
	AccentDark  string `json:"accent_dark" doc:"Colour of buttons and links on dark pages, #RRGGBB"`
}

// The orders of privacy and terms.
const (
	PrivacyFirst = "privacy_first"
	TermsFirst   = "terms_first"
	Together     = "together"
)

// Privacy says what phones are asked for. What is switched off is never asked, and its line on the privacy page is gone.
// Model and system version are always asked: without them nobody could help.
type Privacy struct {
	Name     bool `json:"name" doc:"Ask for the name of the phone"`
	Storage  bool `json:"storage" doc:"Ask how much storage is free"`
	Battery  bool `json:"battery" doc:"Ask for the battery level"`
	Passcode bool `json:"passcode" doc:"Ask whether the passcode keeps the rules"`
	Apps     bool `json:"apps" doc:"Ask for the work apps that are installed"`
	Settings bool `json:"settings" doc:"Ask for the work settings and certificates that are installed"`
	Address  bool `json:"address" doc:"Keep the internet address with the proof that somebody agreed"`
	// KeepDays is what the privacy page promises; 0 promises nothing.
	KeepDays int `json:"keep_days" minimum:"0" maximum:"3650" doc:"Days after which the records of a phone that left are cleared, as the privacy page says; 0: it says nothing"`
}

func (p *Portal) normalize() {
	gets := make([]string, 0, len(p.Gets))
	for _, g := range p.Gets {
		if g = strings.TrimSpace(g); g != "" {
			gets = append(gets, g)
		}
	}
	p.Gets = gets
	p.AccentLight, p.AccentDark = strings.ToLower(strings.TrimSpace(p.AccentLight)), strings.ToLower(strings.TrimSpace(p.AccentDark))
}

func (p Portal) validate() error {
	if p.Order != PrivacyFirst && p.Order != TermsFirst && p.Order != Together {
		return invalid("portal.order", "not_choice", p.Order)
	}
	if len(p.Gets) > 20 {
		return invalid("portal.gets", "too_long", "")
	}
	for _, g := range p.Gets {
		if len([]rune(g)) > 60 {
			return invalid("portal.gets", "too_long", string([]rune(g)[:40])+"…")
		}
		if strings.ContainsFunc(g, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return invalid("portal.gets", "control", "")
		}
	}
	for _, c := range Contrasts(p) {
		if c.Problem != "" {
			return &Invalid{Field: "portal." + c.Field, Problem: c.Problem, Value: c.Color, Hint: c.Suggestion}
		}
	}
	return nil
}

func (p Privacy) validate() error {
	if p.KeepDays < 0 || p.KeepDays > 3650 {
		return invalid("privacy.keep_days", "out_of_range", "")
	}
	return nil
}
