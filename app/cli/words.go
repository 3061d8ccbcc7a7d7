package cli

import (
	"maps"
	"slices"
	"strings"

	"example.org/gatehouse/backend/admin"
)

// sentence is a finding for people.
func sentence(f admin.Finding) string {
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
