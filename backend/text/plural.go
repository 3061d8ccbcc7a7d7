package text

import (
	"slices"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
)

// categories are the plural categories of CLDR, in the order in which they are written.
var categories = []string{"zero", "one", "two", "few", "many", "other"}

// plurals tells the plural category of a number. go-i18n knows the rules of all languages but keeps them to itself, so we
// let it choose among the names of the categories.
var plurals = struct {
	mu         sync.Mutex
	localizers map[string]*i18n.Localizer // guarded by mu; nil for a language without a rule
}{localizers: map[string]*i18n.Localizer{}}

// category is the plural category that n has in a language.
func category(tag string, n int) string {
	l := localizer(tag)
	if l == nil {
		return other
	}
	name, err := l.Localize(&i18n.LocalizeConfig{MessageID: "category", PluralCount: n, TemplateParser: template.IdentityParser{}})
	if err != nil {
		return other
	}
	return name
}

func localizer(tag string) *i18n.Localizer {
	plurals.mu.Lock()
	defer plurals.mu.Unlock()
	l, ok := plurals.localizers[tag]
	if !ok {
		if t, err := language.Parse(tag); err == nil {
			bundle := i18n.NewBundle(t)
			if bundle.AddMessages(t, &i18n.Message{
				ID: "category", Zero: "zero", One: "one", Two: "two", Few: "few", Many: "many", Other: other,
			}) == nil {
				l = i18n.NewLocalizer(bundle, tag)
			}
		}
		plurals.localizers[tag] = l
	}
	return l
}

var formsOf sync.Map // tag → []string

// forms are the plural categories that whole numbers of everyday size have in a language, in order.
func forms(tag string) []string {
	if f, ok := formsOf.Load(tag); ok {
		return f.([]string)
	}
	used := map[string]bool{other: true}
	for n := range 201 {
		used[category(tag, n)] = true
	}
	f := slices.DeleteFunc(slices.Clone(categories), func(c string) bool { return !used[c] })
	formsOf.Store(tag, f)
	return f
}
