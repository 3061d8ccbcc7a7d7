package cli

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/frontend"
)

// catalogue is the English of the screens: what a finding means is said once, there. A sentence is text, or has a form
// for one and a form for others.
var catalogue = sync.OnceValue(func() map[string]any {
	var words map[string]any
	text, err := fs.ReadFile(frontend.Words(), "en.json")
	if err != nil || json.Unmarshal(text, &words) != nil {
		return nil // a build without screens: codes must do
	}
	return words
})

var variable = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// sentence is a finding for people: what is so, and why it matters.
func sentence(f admin.Finding) string {
	what, why := phrase("finding."+f.Code, f.Params), phrase("finding."+f.Code+".why", f.Params)
	if what != "" {
		return strings.TrimSpace(what + " " + why)
	}
	var facts []string
	for _, name := range slices.Sorted(maps.Keys(f.Params)) {
		if f.Params[name] != "" {
			facts = append(facts, name+": "+f.Params[name])
		}
	}
	text := strings.ReplaceAll(f.Code, "_", " ")
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, ", ") + ")"
	}
	return text
}

// phrase fills the sentence of a key, or is empty when there is none or a fact is missing.
func phrase(key string, params map[string]string) string {
	count := cmp.Or(params["count"], params["days"])
	text, plain := catalogue()[key].(string)
	if forms, ok := catalogue()[key].(map[string]any); ok && !plain {
		form := "other"
		if count == "1" {
			form = "one"
		}
		text, _ = forms[form].(string)
	}
	whole := true
	text = variable.ReplaceAllStringFunc(text, func(v string) string {
		name := variable.FindStringSubmatch(v)[1]
		value, ok := params[name]
		if name == "count" {
			value, ok = count, count != ""
		}
		whole = whole && ok
		return value
	})
	if !whole {
		return ""
	}
	return text
}
