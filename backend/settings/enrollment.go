package settings

import (
	"regexp"
	"slices"
	"strings"
)

// Enrollment says who may enroll, and with what.
type Enrollment struct {
	// Open lets new phones enroll. Phones that are enrolled do not notice.
	Open bool `json:"open" doc:"New phones may enroll"`
	// Platforms are the model families that may enroll, in Apple's words: iPhone, iPad, RealityDevice. A Mac
	// brings no access token on its device channel and cannot be one of them.
	Platforms []string `json:"platforms" doc:"Model families that may enroll: iPhone, iPad, RealityDevice"`
	// UnknownDevices says what happens to a sound enrollment request that was not signed under Apple's device
	// authority: newer classes of devices may use another one.
	UnknownDevices string `json:"unknown_devices" enum:"accept,refuse" doc:"Requests signed under an authority that we do not know"`
	// MinOS is the oldest system that may enroll. A phone that does not say its version may.
	MinOS string `json:"min_os" doc:"Oldest system version that may enroll, for example 18.2; empty: any"`
	// MaxPhones is how many phones a person may have under management at a time.
	MaxPhones int `json:"max_phones" minimum:"0" maximum:"100" doc:"Phones that one person may have; 0: any number"`
	// Who may enroll: everybody who can sign in, or only those that People and Groups name.
	Who    string   `json:"who" enum:"everybody,listed" doc:"Who may enroll: everybody who can sign in, or those that people and groups name"`
	People []string `json:"people" doc:"Work accounts that may enroll when who is listed"`
	// Groups are what a person in more than one of them chooses from.
	Groups []Group `json:"groups" doc:"Groups of people, as JSON: [{\"name\":\"Warehouse\",\"dn\":\"cn=…\",\"people\":[\"…\"]}]"`
	// RefuseEarly tells a phone at once that its person may not enroll, before anybody has signed in. It thereby tells
	// everybody who has an account here.
	RefuseEarly bool `json:"refuse_early" doc:"Say already at discovery that a person may not enroll; this tells strangers who has an account"`
}

// Group is some of the people, by a group of the directory, by name, or both.
type Group struct {
	Name   string   `json:"name" minLength:"1" maxLength:"60" doc:"what people call it; the portal shows it"`
	DN     string   `json:"dn" maxLength:"1000" doc:"group of the directory; empty: only the people named here"`
	People []string `json:"people" doc:"work accounts"`
}

// What to do with devices of an unknown authority.
const (
	Accept = "accept"
	Refuse = "refuse"
)

// Who may enroll.
const (
	Everybody = "everybody"
	Listed    = "listed"
)

// Bounds that no organization of this product's size reaches.
const (
	maxPeople = 5000
	maxGroups = 50
	maxPhones = 100
)

func (e *Enrollment) normalize() {
	e.MinOS = strings.TrimSuffix(strings.TrimSpace(e.MinOS), ".0")
	e.People = accounts(e.People)
	groups := make([]Group, 0, len(e.Groups))
	for _, g := range e.Groups {
		groups = append(groups, Group{Name: strings.TrimSpace(g.Name), DN: strings.TrimSpace(g.DN), People: accounts(g.People)})
	}
	e.Groups = groups
}

// accounts brings work accounts into the form in which they are compared.
func accounts(typed []string) []string {
	list := make([]string, 0, len(typed))
	for _, a := range typed {
		name, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(a)), "@")
		if domain != "" {
			name += "@" + ASCIIDomain(domain)
		}
		if name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

var version = regexp.MustCompile(`^[1-9][0-9]{0,2}(\.[0-9]{1,3}){0,2}$`)

func (e Enrollment) validate() error {
	if v := e.UnknownDevices; v != Accept && v != Refuse {
		return invalid("enrollment.unknown_devices", "not_choice", v)
	}
	for _, p := range e.Platforms {
		if !slices.Contains([]string{"iPhone", "iPad", "RealityDevice"}, p) {
			return invalid("enrollment.platforms", "not_choice", p)
		}
	}
	switch {
	case e.MinOS != "" && !version.MatchString(e.MinOS):
		return invalid("enrollment.min_os", "not_version", e.MinOS)
	case e.MaxPhones < 0 || e.MaxPhones > maxPhones:
		return invalid("enrollment.max_phones", "out_of_range", "")
	case e.Who != Everybody && e.Who != Listed:
		return invalid("enrollment.who", "not_choice", e.Who)
	}
	if err := checkAccounts("enrollment.people", e.People); err != nil {
		return err
	}
	return e.validateGroups()
}

func (e Enrollment) validateGroups() error {
	if len(e.Groups) > maxGroups {
		return invalid("enrollment.groups", "too_long", "")
	}
	names := map[string]bool{}
	for _, g := range e.Groups {
		folded := strings.ToLower(g.Name)
		switch {
		case g.Name == "":
			return invalid("enrollment.groups", "required", g.DN)
		case len([]rune(g.Name)) > 60 || len([]rune(g.DN)) > 1000:
			return invalid("enrollment.groups", "too_long", g.Name)
		case strings.ContainsFunc(g.Name+g.DN, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return invalid("enrollment.groups", "control", "")
		case names[folded]:
			return invalid("enrollment.groups", "twice", g.Name)
		case g.DN == "" && len(g.People) == 0:
			return invalid("enrollment.groups", "empty_group", g.Name)
		}
		names[folded] = true
		if err := checkAccounts("enrollment.groups", g.People); err != nil {
			return err
		}
	}
	return nil
}

func checkAccounts(field string, list []string) error {
	if len(list) > maxPeople {
		return invalid(field, "too_long", "")
	}
	for _, a := range list {
		if len(a) > 254 || strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' || r == ',' }) {
			return invalid(field, "not_account", a[:min(len(a), 40)])
		}
	}
	return nil
}
