package settings

import (
	"fmt"
	"net/mail"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/language"
)

// Settings is everything the administrator has set, secrets apart.
type Settings struct {
	Organization Organization `json:"organization"`
	// URL is the address that phones use, "https://mdm.example.com:8443". It goes into every profile and cannot change
	// for phones that are enrolled.
	URL string `json:"url" doc:"Address that phones use, https://NAME[:PORT]"`
	// Domains are the domains of work accounts, lower case, in ASCII.
	Domains []string `json:"domains" doc:"Domains of work accounts, the part after the @"`
	// Language is the portal's language where a phone asks for none that we have (BCP 47).
	Language string `json:"language" doc:"Language of the portal for phones that ask for none we have (BCP 47)"`
	// Fields are the names of the administrator's own fields of a phone.
	Fields         []string       `json:"fields" doc:"Names of your own fields of a phone, at most ten"`
	Enrollment     Enrollment     `json:"enrollment"`
	Portal         Portal         `json:"portal"`
	Privacy        Privacy        `json:"privacy"`
	Inventory      Inventory      `json:"inventory"`
	ManagedAccount ManagedAccount `json:"managed_account"`
	Directory      LDAP           `json:"directory"`
	StandingExport StandingExport `json:"standing_export"`
	Cleanup        Cleanup        `json:"cleanup"`
}

// StandingExport writes the list of phones to a folder, again and again.
type StandingExport struct {
	// Folder is a path on the computer of the server; empty: nothing is written.
	Folder string `json:"folder" doc:"Folder on the server's computer into which the list of phones is written; empty: none"`
	Every  string `json:"every" enum:"day,week" doc:"How often: day or week"`
	Format string `json:"format" enum:"csv,tsv,xlsx,json,xml,html" doc:"csv, tsv, xlsx, json, xml or html"`
	// Keep is how many files stay; older ones of ours are removed.
	Keep int `json:"keep" minimum:"1" maximum:"1000" doc:"How many files stay there"`
}

func (e StandingExport) validate() error {
	switch {
	case e.Folder != "" && !filepath.IsAbs(e.Folder):
		return invalid("standing_export.folder", "not_path", e.Folder)
	case e.Every != "day" && e.Every != "week":
		return invalid("standing_export.every", "not_choice", e.Every)
	case !slices.Contains([]string{"csv", "tsv", "xlsx", "json", "xml", "html"}, e.Format):
		return invalid("standing_export.format", "not_choice", e.Format)
	case e.Keep < 1 || e.Keep > 1000:
		return invalid("standing_export.keep", "not_number", strconv.Itoa(e.Keep))
	}
	return nil
}

// Organization is who runs this server, in the words that employees read.
type Organization struct {
	Name         string `json:"name" doc:"Full name of the organization"`
	ShortName    string `json:"short_name" doc:"What people call it; empty means the full name"`
	SupportName  string `json:"support_name" doc:"Who helps employees, for example IT Help"`
	SupportEmail string `json:"support_email"`
	SupportPhone string `json:"support_phone"`
	SupportURL   string `json:"support_url"`
	SupportHours string `json:"support_hours"`
}

// ManagedAccount says how the Managed Apple Account follows from what a person types.
type ManagedAccount struct {
	// Rule is "same" (what was typed), "domain" (the same name in Domain) or "attribute" (Attribute of the directory).
	Rule      string `json:"rule" enum:"same,domain,attribute"`
	Domain    string `json:"domain"`
	Attribute string `json:"attribute"`
	// Federated says that Apple takes the work password, because the organization's sign-in is federated there.
	Federated bool `json:"federated" doc:"Apple asks for the work password, because Managed Apple Accounts are federated"`
}

// The rules for Managed Apple Accounts.
const (
	RuleSame      = "same"
	RuleDomain    = "domain"
	RuleAttribute = "attribute"
)

// LDAP is the directory in which people are looked up, and which checks their passwords.
type LDAP struct {
	Enabled  bool   `json:"enabled"`
	URL      string `json:"url" doc:"ldaps://HOST[:PORT] or ldap://HOST[:PORT]"`
	StartTLS bool   `json:"start_tls" doc:"Encrypt an ldap:// connection before anything is sent"`
	// CA is the authority of the directory's certificate as PEM; empty means those the system knows.
	CA     string `json:"ca" doc:"PEM; empty means the authorities of this computer"`
	BaseDN string `json:"base_dn"`
	// BindDN reads the directory. Its password is the secret BindPassword.
	BindDN string `json:"bind_dn"`
	// UserFilter finds a person; {{identifier}} and {{name}} stand for what was typed and its part before the @. Empty
	// means the usual attributes.
	UserFilter              string `json:"user_filter" doc:"{{identifier}} is what was typed, {{name}} its part before the @; empty: the usual attributes"`
	ManagedAccountAttribute string `json:"managed_account_attribute"`
	Group                   string `json:"group" doc:"DN of the group whose members may enroll; empty: everybody"`
}

// maxFields is how many own fields a phone has.
const maxFields = 10

// Names of secrets.
const BindPassword = "ldap-bind"

// Defaults is what a new installation starts with.
func Defaults() Settings {
	return Settings{
		Domains:  []string{},
		Language: "en",
		Fields:   []string{},
		Enrollment: Enrollment{
			Open: true, Platforms: []string{"iPhone", "iPad", "RealityDevice"}, UnknownDevices: Accept,
			Who: Everybody, People: []string{}, Groups: []Group{},
		},
		Portal: Portal{
			Start: true, Privacy: true, Terms: true, Group: true, Device: true, Order: PrivacyFirst, Gets: []string{},
			AccentLight: "#0f766e", AccentDark: "#2dd4bf",
		},
		Privacy:        Privacy{Name: true, Storage: true, Battery: true, Passcode: true, Apps: true, Settings: true, Address: true},
		Inventory:      Inventory{Every: "week", QuietFrom: "20:00", QuietUntil: "07:00"},
		ManagedAccount: ManagedAccount{Rule: RuleSame},
		StandingExport: StandingExport{Every: "day", Format: "csv", Keep: 14},
		Cleanup: Cleanup{
			Every: "day", Most: 20,
			Rule: CleanupRule{Waiting: 14, Silent: 90, ProbablyRemoved: 30, MustEnrollAgain: 30, Removed: 30},
		},
	}
}

// Short is what people call the organization.
func (o Organization) Short() string {
	if o.ShortName != "" {
		return o.ShortName
	}
	return o.Name
}

// Complete says whether phones can be served: who we are, where we are, and whose accounts we take.
func (s Settings) Complete() bool {
	return s.Organization.Name != "" && s.URL != "" && len(s.Domains) > 0
}

// Host is the name in URL, without its port; empty when there is no URL.
func (s Settings) Host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Hosts are the names under which phones look for us: the one in URL, and the domains.
func (s Settings) Hosts() []string {
	var hosts []string
	if h := s.Host(); h != "" {
		hosts = append(hosts, h)
	}
	for _, d := range s.Domains {
		if !slices.Contains(hosts, d) {
			hosts = append(hosts, d)
		}
	}
	return hosts
}

// Invalid says which setting is wrong, and why.
type Invalid struct {
	Field   string // its key, "organization.name"
	Problem string // a code: "required", "too_long", "not_https" …
	Value   string
	Hint    string // what would do instead, where that can be told
}

func invalid(field, problem, value string) *Invalid {
	return &Invalid{Field: field, Problem: problem, Value: value}
}

func (e *Invalid) Error() string {
	text := fmt.Sprintf("%s %q: %s", e.Field, e.Value, problems[e.Problem])
	if e.Hint != "" {
		text += "; " + e.Hint + " would do"
	}
	return text
}

var problems = map[string]string{
	"required":      "is needed",
	"too_long":      "is too long",
	"control":       "has characters that cannot be shown",
	"not_https":     "must be https://NAME or https://NAME:PORT and nothing else",
	"not_domain":    "is not a domain like example.com",
	"not_language":  "is not a language code like de or pt-BR",
	"not_email":     "is not an e-mail address",
	"not_web":       "is not a web address that starts with https://",
	"not_ldap":      "must be ldaps://HOST or ldap://HOST",
	"not_choice":    "is not one of the choices",
	"not_known":     "is not a setting",
	"not_boolean":   "must be true or false",
	"not_plain":     "must not have both StartTLS and ldaps://",
	"not_attribute": "is not the name of an attribute",
	"not_time":      "is not a time of day like 20:00",
	"not_path":      "is not a whole path, from the root on",
	"not_filter":    "is not an LDAP filter with {{identifier}} or {{name}} in it",
	"not_number":    "must be a whole number",
	"not_json":      "is not JSON of the right form",
	"out_of_range":  "is too small or too large",
	"not_version":   "is not a version like 18.2",
	"not_account":   "is not an account like name@example.com",
	"not_color":     "is not a colour like #0f766e",
	"contrast":      "has too little contrast for text",
	"twice":         "is there twice",
	"empty_group":   "needs a group of the directory or people",
}

var attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.;-]{0,100}$`)

// normalize brings what was typed into the form that is stored.
func (s *Settings) normalize() {
	trim := []*string{
		&s.Organization.Name, &s.Organization.ShortName, &s.Organization.SupportName, &s.Organization.SupportEmail,
		&s.Organization.SupportPhone, &s.Organization.SupportURL, &s.Organization.SupportHours, &s.URL, &s.Language,
		&s.ManagedAccount.Domain, &s.ManagedAccount.Attribute, &s.Directory.URL, &s.Directory.BaseDN, &s.Directory.BindDN,
		&s.Directory.UserFilter, &s.Directory.ManagedAccountAttribute, &s.Directory.Group,
	}
	for _, v := range trim {
		*v = strings.TrimSpace(*v)
	}
	s.URL = strings.TrimRight(s.URL, "/")
	if u, err := url.Parse(s.URL); err == nil && u.Host != "" {
		u.Host = strings.TrimSuffix(strings.ToLower(u.Host), ":443")
		s.URL = u.String()
	}
	s.ManagedAccount.Domain = ASCIIDomain(s.ManagedAccount.Domain)
	domains := make([]string, 0, len(s.Domains))
	for _, d := range s.Domains {
		if d = ASCIIDomain(d); d != "" && !slices.Contains(domains, d) {
			domains = append(domains, d)
		}
	}
	s.Domains = domains
	if t, err := language.Parse(s.Language); err == nil {
		s.Language = t.String()
	}
	fields := make([]string, 0, len(s.Fields))
	for _, f := range s.Fields {
		fields = append(fields, strings.TrimSpace(f))
	}
	s.Fields = fields
	s.Enrollment.normalize()
	s.Portal.normalize()
}

// ASCIIDomain is the form in which domains are stored and compared: lower case, ASCII, no dot at the end.
func ASCIIDomain(d string) string {
	d = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(d)), "@"), ".")
	if ascii, err := idna.Lookup.ToASCII(d); err == nil {
		return ascii
	}
	return d
}

// Validate says what is wrong with the settings, or nothing. What is still empty on the way through the set-up is not
// wrong; Complete asks for that.
func (s Settings) Validate() error {
	for _, f := range []struct {
		field, value string
		most         int
	}{
		{"organization.name", s.Organization.Name, 120},
		{"organization.short_name", s.Organization.ShortName, 60},
		{"organization.support_name", s.Organization.SupportName, 80},
		{"organization.support_email", s.Organization.SupportEmail, 254},
		{"organization.support_phone", s.Organization.SupportPhone, 60},
		{"organization.support_url", s.Organization.SupportURL, 300},
		{"organization.support_hours", s.Organization.SupportHours, 120},
		{"url", s.URL, 300},
		{"directory.url", s.Directory.URL, 300},
		{"directory.base_dn", s.Directory.BaseDN, 1000},
		{"directory.bind_dn", s.Directory.BindDN, 1000},
		{"directory.group", s.Directory.Group, 1000},
		{"directory.user_filter", s.Directory.UserFilter, 2000},
	} {
		if len([]rune(f.value)) > f.most {
			return invalid(f.field, "too_long", string([]rune(f.value)[:40])+"…")
		}
		if strings.ContainsFunc(f.value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return invalid(f.field, "control", "")
		}
	}
	if len(s.Fields) > maxFields {
		return invalid("fields", "too_long", "")
	}
	for _, f := range s.Fields {
		if len([]rune(f)) > 40 {
			return invalid("fields", "too_long", string([]rune(f)[:40])+"…")
		}
	}
	if len(s.Directory.CA) > 100_000 {
		return invalid("directory.ca", "too_long", "")
	}
	return firstOf(s.validateOrganization, s.validateAddresses, s.validateRules, s.Enrollment.validate, s.Portal.validate, s.Privacy.validate,
		s.Inventory.validate, s.validateDirectory, s.StandingExport.validate, s.Cleanup.validate)
}

func firstOf(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s Settings) validateOrganization() error {
	if e := s.Organization.SupportEmail; e != "" {
		if a, err := mail.ParseAddress(e); err != nil || a.Address != e {
			return invalid("organization.support_email", "not_email", e)
		}
	}
	if w := s.Organization.SupportURL; w != "" {
		if u, err := url.Parse(w); err != nil || u.Scheme != "https" || u.Host == "" {
			return invalid("organization.support_url", "not_web", w)
		}
	}
	if _, err := language.Parse(s.Language); err != nil {
		return invalid("language", "not_language", s.Language)
	}
	return nil
}

func (s Settings) validateAddresses() error {
	if s.URL != "" {
		u, err := url.Parse(s.URL)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return invalid("url", "not_https", s.URL)
		}
	}
	if len(s.Domains) > 200 {
		return invalid("domains", "too_long", "")
	}
	for _, d := range s.Domains {
		if !domain(d) {
			return invalid("domains", "not_domain", d)
		}
	}
	return nil
}

// domain accepts what can stand after the @ of an account: a name of at least two labels.
func domain(d string) bool {
	ascii, err := idna.Registration.ToASCII(d)
	return err == nil && ascii == d && strings.Contains(d, ".") && len(d) <= 253
}

func (s Settings) validateRules() error {
	switch m := s.ManagedAccount; m.Rule {
	case RuleSame:
	case RuleDomain:
		if m.Domain == "" {
			return invalid("managed_account.domain", "required", "")
		}
		if !domain(m.Domain) {
			return invalid("managed_account.domain", "not_domain", m.Domain)
		}
	case RuleAttribute:
		if m.Attribute == "" && s.Directory.ManagedAccountAttribute == "" {
			return invalid("managed_account.attribute", "required", "")
		}
	default:
		return invalid("managed_account.rule", "not_choice", m.Rule)
	}
	return nil
}

func (s Settings) validateDirectory() error {
	for field, name := range map[string]string{
		"managed_account.attribute":           s.ManagedAccount.Attribute,
		"directory.managed_account_attribute": s.Directory.ManagedAccountAttribute,
	} {
		if name != "" && !attributeName.MatchString(name) {
			return invalid(field, "not_attribute", name)
		}
	}
	d := s.Directory
	if d.URL != "" {
		u, err := url.Parse(d.URL)
		if err != nil || (u.Scheme != "ldap" && u.Scheme != "ldaps") || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.User != nil {
			return invalid("directory.url", "not_ldap", d.URL)
		}
		if u.Scheme == "ldaps" && d.StartTLS {
			return invalid("directory.start_tls", "not_plain", d.URL)
		}
	}
	if d.UserFilter != "" && !findsPerson(d.UserFilter) {
		return invalid("directory.user_filter", "not_filter", d.UserFilter)
	}
	if !d.Enabled {
		return nil
	}
	if d.URL == "" {
		return invalid("directory.url", "required", "")
	}
	if d.BaseDN == "" {
		return invalid("directory.base_dn", "required", "")
	}
	return nil
}

// findsPerson says whether a filter has the form of one and asks for what was typed: one that does not would find the same
// entry for everybody. The directory alone knows whether it takes it.
func findsPerson(filter string) bool {
	open := 0
	for i, r := range filter {
		switch r {
		case '(':
			open++
		case ')':
			open--
		}
		if open < 0 || open == 0 && i < len(filter)-1 {
			return false
		}
	}
	return open == 0 && (strings.Contains(filter, "{{identifier}}") || strings.Contains(filter, "{{name}}") || strings.Contains(filter, "%s"))
}
