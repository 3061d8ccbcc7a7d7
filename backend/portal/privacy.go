package portal

import (
	"maps"
	"slices"
	"strings"

	"example.org/gatehouse/backend/ddm"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/text"
)

// What the organization can see: a line for each item that phones are asked for (mdm.Asked), and two for what any server
// knows. TestEveryQuestionHasALine holds the list against the questions.
var sees = []struct {
	key  text.Key
	item mdm.Item // empty: always
}{
	{"privacy.see.name", mdm.ItemName},
	{"privacy.see.model", mdm.ItemModel},
	{"privacy.see.storage", mdm.ItemStorage},
	{"privacy.see.battery", mdm.ItemBattery},
	{"privacy.see.timezone", "timezone"},
	{"privacy.see.cellular", "cellular"},
	{"privacy.see.findmy", "findmy"},
	{"privacy.see.diagnostics", "diagnostics"},
	{"privacy.see.passcode", mdm.ItemPasscode},
	{"privacy.see.apps", mdm.ItemApps},
	{"privacy.see.settings", mdm.ItemSettings},
	{"privacy.see.contact", ""},
	{"privacy.see.you", ""},
}

// What the organization can do: a line for each ability that has a command or a declaration in this server.
var does = []struct {
	key  text.Key
	with []string // any of these commands and declarations
}{
	{"privacy.do.settings", []string{"InstallProfile", "com.apple.configuration.legacy", "com.apple.configuration.account.mail"}},
	{"privacy.do.apps", []string{"InstallApplication", "RemoveApplication", "com.apple.configuration.app.managed"}},
	{"privacy.do.passcode", []string{"com.apple.configuration.passcode.settings"}},
	{"privacy.do.rules", []string{"com.apple.configuration.legacy.interactive", "InstallProfile"}},
	{"privacy.do.lock", []string{"DeviceLock"}},
	{"privacy.do.remove", []string{"RemoveProfile"}},
}

// What nobody can do under this kind of enrollment, whatever a server wants (Apple Platform Deployment, "User Enrollment").
var never = []text.Key{
	"privacy.never.content", "privacy.never.location", "privacy.never.apps", "privacy.never.ids", "privacy.never.wipe", "privacy.never.backup",
}

// disclosure is the privacy page: what this server really asks and may really do.
type disclosure struct {
	Never, See, Do []text.Key
	Keep, Contact  bool
	shown
}

// Text is the digest of the page, for its form to bring back.
func (d *disclosure) Text() string { return d.hash }

// disclose makes the privacy page from the settings and from what the rooms below can do.
func (n *view) disclose() *disclosure {
	d := &disclosure{Never: never}
	asked := mdm.Asked(n.now.Privacy)
	for _, line := range sees {
		if line.item == "" || slices.Contains(asked, line.item) {
			d.See = append(d.See, line.key)
		}
	}
	can := slices.Concat(mdm.Allowed(), ddm.Types())
	for _, line := range does {
		if slices.ContainsFunc(line.with, func(name string) bool { return slices.Contains(can, name) }) {
			d.Do = append(d.Do, line.key)
		}
	}
	d.Keep = n.now.Privacy.KeepDays > 0
	d.Contact = n.complete("privacy.contact", "support_email")
	keys := slices.Concat(
		[]text.Key{"privacy.title", "privacy.body", "privacy.never.heading"}, d.Never,
		[]text.Key{"privacy.see.heading"}, d.See, []text.Key{"privacy.do.heading"}, d.Do, []text.Key{"privacy.leave"},
	)
	if d.Keep {
		keys = append(keys, "privacy.keep")
	}
	if d.Contact {
		keys = append(keys, "privacy.contact")
	}
	d.shown = n.sum(n.language, append(keys, "privacy.more"))
	return d
}

// complete says whether a text has a value for a variable, if it uses it at all: a line that ends in a colon helps nobody.
func (n *view) complete(key text.Key, variable string) bool {
	if n.vars[variable] != "" {
		return true
	}
	with := maps.Clone(n.vars)
	with[variable] = "x"
	return n.words.Text(n.language, key, with) == n.words.Text(n.language, key, n.vars)
}

// terms are what a person is asked to agree to.
type terms struct {
	Changed bool // they agreed to an older version
	Other   bool // they are not in the page's language
	Summary bool
	Starter bool // there are none: a preview shows what could stand there

	language string
	version  int
	shown
}

// Text is the digest of the terms, for the form to bring back.
func (t *terms) Text() string { return t.hash }

// conditions are the terms in the language in which this person gets them.
func (n *view) conditions() *terms {
	legal := n.words.Legal(n.language)
	t := &terms{
		Other: legal.Tag() != n.language.Tag(), language: legal.Tag(), version: n.words.Terms().Version,
		Summary: n.words.Text(legal, "terms.summary", n.vars) != "",
	}
	t.shown = n.sum(legal, []text.Key{"terms.title", "terms.summary", "terms.body", "terms.version_line", "terms.checkbox", "terms.accept"})
	return t
}

// sum is what a page says, as plain text with its Markdown, and the digest of it.
func (n *view) sum(l text.Language, keys []text.Key) shown {
	var b strings.Builder
	for _, key := range keys {
		if s := n.words.Text(l, key, n.vars); s != "" {
			b.WriteString(s + "\n\n")
		}
	}
	return digested(strings.TrimRight(b.String(), "\n") + "\n")
}
