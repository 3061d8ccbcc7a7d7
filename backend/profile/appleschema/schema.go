package appleschema

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
	"howett.net/plist"
)

//go:embed schema
var files embed.FS

// description is one of Apple's files: docs/schema.yaml of their repository explains the fields.
type description struct {
	Payload struct {
		PayloadType     string             `yaml:"payloadtype"`
		RequestType     string             `yaml:"requesttype"`
		DeclarationType string             `yaml:"declarationtype"`
		SupportedOS     map[string]support `yaml:"supportedOS"`
	}
	PayloadKeys []key `yaml:"payloadkeys"`
}

// support says since when and where a system knows a thing.
type support struct {
	Introduced     string
	Removed        string
	Supervised     bool
	RequiresDEP    bool `yaml:"requiresdep"`
	UserEnrollment struct {
		Mode string
	} `yaml:"userenrollment"`
	AllowedEnrollments []string `yaml:"allowed-enrollments"`
}

type key struct {
	Key         string
	Type        string
	SupportedOS map[string]support `yaml:"supportedOS"`
	Presence    string
	RangeList   []any `yaml:"rangelist"`
	Range       struct{ Min, Max *float64 }
	Format      string
	Subkeys     []key
}

// system is the one we hold things against: account-driven User Enrollment is an affair of iPhones first.
const system = "iOS"

// catalogue has the descriptions by the type that a message names.
var catalogue = sync.OnceValue(func() map[string]description {
	all := map[string]description{}
	err := fs.WalkDir(files, "schema", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		var d description
		if err := yaml.Unmarshal(text, &d); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all[d.Payload.PayloadType+d.Payload.RequestType+d.Payload.DeclarationType] = d
		return nil
	})
	if err != nil {
		panic(err) // the files are built in
	}
	return all
})

// Profile checks a configuration profile and each payload in it.
func Profile(xml []byte) []string {
	top, problems := decode(xml)
	if top == nil {
		return problems
	}
	problems = check("TopLevel", "profile", top)
	content, _ := top["PayloadContent"].([]any)
	identifiers := map[any]bool{top["PayloadIdentifier"]: true, top["PayloadUUID"]: true}
	for i, item := range content {
		payload, ok := item.(map[string]any)
		if !ok {
			problems = append(problems, fmt.Sprintf("profile.PayloadContent[%d]: no dictionary", i))
			continue
		}
		kind, _ := payload["PayloadType"].(string)
		problems = append(problems, check(kind, kind, payload, catalogue()["CommonPayloadKeys"].PayloadKeys...)...)
		for _, id := range []string{"PayloadIdentifier", "PayloadUUID"} {
			if identifiers[payload[id]] {
				problems = append(problems, fmt.Sprintf("%s.%s: not unique in the profile", kind, id))
			}
			identifiers[payload[id]] = true
		}
	}
	return problems
}

// Command checks a command as it is sent: a dictionary with CommandUUID and Command.
func Command(xml []byte) []string {
	top, problems := decode(xml)
	if top == nil {
		return problems
	}
	if id, _ := top["CommandUUID"].(string); id == "" {
		problems = append(problems, "CommandUUID: missing")
	}
	for k := range top {
		if k != "CommandUUID" && k != "Command" {
			problems = append(problems, k+": not a key of a command")
		}
	}
	command, ok := top["Command"].(map[string]any)
	if !ok {
		return append(problems, "Command: missing")
	}
	kind, _ := command["RequestType"].(string)
	return append(problems, check(kind, kind, command, key{Key: "RequestType", Type: "<string>", Presence: "required"})...)
}

// Declaration checks a declaration as it is sent, in JSON.
func Declaration(text []byte) []string {
	var top map[string]any
	if err := json.Unmarshal(text, &top); err != nil {
		return []string{"not JSON: " + err.Error()}
	}
	kind, _ := top["Type"].(string)
	problems := check("any", "declaration", top)
	for _, id := range []string{"Identifier", "ServerToken"} {
		if s, _ := top[id].(string); len(s) > 64 {
			problems = append(problems, fmt.Sprintf("declaration.%s: %d bytes, at most 64", id, len(s)))
		}
	}
	payload, _ := top["Payload"].(map[string]any)
	return append(problems, check(kind, kind, payload)...)
}

func decode(xml []byte) (map[string]any, []string) {
	var top map[string]any
	if _, err := plist.Unmarshal(xml, &top); err != nil {
		return nil, []string{"not a property list: " + err.Error()}
	}
	return top, nil
}

// check holds a dictionary against the description of its type; more are keys that every dictionary of its kind has.
func check(kind, path string, values map[string]any, more ...key) []string {
	d, ok := catalogue()[kind]
	if !ok {
		return []string{fmt.Sprintf("%s: Apple describes no %q", path, kind)}
	}
	problems := prefixed(path, d.Payload.SupportedOS[system].problems())
	return append(problems, dictionary(path, values, slices.Concat(d.PayloadKeys, more))...)
}

func dictionary(path string, values map[string]any, keys []key) []string {
	var problems []string
	open := false // any key may stand here
	known := map[string]bool{}
	for _, k := range keys {
		if strings.HasPrefix(k.Key, "ANY") {
			open = true
			continue
		}
		known[k.Key] = true
		value, present := values[k.Key]
		at := path + "." + k.Key
		switch {
		case present:
			problems = append(problems, prefixed(at, k.SupportedOS[system].problems())...)
			problems = append(problems, k.check(at, value)...)
		case k.Presence == "required" && len(k.SupportedOS[system].problems()) == 0:
			problems = append(problems, at+": required and missing")
		}
	}
	for name := range values {
		if !known[name] && !open {
			problems = append(problems, path+"."+name+": no such key")
		}
	}
	slices.Sort(problems)
	return problems
}

// problems says why an iPhone in User Enrollment does not take a thing.
func (s support) problems() []string {
	var p []string
	if s.Introduced == "n/a" {
		p = append(p, "not on "+system)
	}
	if s.Removed != "" {
		p = append(p, "removed in "+s.Removed)
	}
	if s.Supervised || s.RequiresDEP {
		p = append(p, "only on supervised devices")
	}
	if mode := s.UserEnrollment.Mode; mode == "forbidden" || mode == "ignored" {
		p = append(p, mode+" in User Enrollment")
	}
	if len(s.AllowedEnrollments) > 0 && !slices.Contains(s.AllowedEnrollments, "user") {
		p = append(p, "not for User Enrollment")
	}
	return p
}

// check holds one value against its description.
func (k key) check(path string, value any) []string {
	var problems []string
	if !k.fits(value) {
		return []string{fmt.Sprintf("%s: %T, want %s", path, value, k.Type)}
	}
	if len(k.RangeList) > 0 && k.Type != "<array>" && !slices.ContainsFunc(k.RangeList, func(v any) bool { return fmt.Sprint(v) == fmt.Sprint(value) }) {
		problems = append(problems, fmt.Sprintf("%s: %v is none of %v", path, value, k.RangeList))
	}
	if n, ok := number(value); ok && (k.Range.Min != nil && n < *k.Range.Min || k.Range.Max != nil && n > *k.Range.Max) {
		problems = append(problems, fmt.Sprintf("%s: %v is out of range", path, value))
	}
	switch v := value.(type) {
	case string:
		if k.Format != "" && !regexp.MustCompile(k.Format).MatchString(v) {
			problems = append(problems, fmt.Sprintf("%s: %q does not look like %s", path, v, k.Format))
		}
		if len(k.Subkeys) > 0 { // the string names one of several things, each with its own rules: DeviceInformation's queries
			problems = append(problems, named(path, v, k.Subkeys)...)
		}
	case map[string]any:
		if len(k.Subkeys) > 0 {
			problems = append(problems, dictionary(path, v, k.Subkeys)...)
		}
	case []any:
		for i, item := range v {
			if len(k.Subkeys) == 1 {
				problems = append(problems, k.Subkeys[0].check(fmt.Sprintf("%s[%d]", path, i), item)...)
			}
		}
	}
	return problems
}

func named(path, name string, among []key) []string {
	i := slices.IndexFunc(among, func(k key) bool { return k.Key == name })
	if i < 0 {
		return []string{fmt.Sprintf("%s: no such thing as %q", path, name)}
	}
	return prefixed(path+" "+name, among[i].SupportedOS[system].problems())
}

func (k key) fits(value any) bool {
	switch value.(type) {
	case string:
		return k.Type == "<string>" || k.Type == "<any>"
	case bool:
		return k.Type == "<boolean>" || k.Type == "<any>"
	case []byte:
		return k.Type == "<data>" || k.Type == "<any>"
	case time.Time:
		return k.Type == "<date>" || k.Type == "<any>"
	case []any:
		return k.Type == "<array>" || k.Type == "<any>"
	case map[string]any:
		return k.Type == "<dictionary>" || k.Type == "<any>"
	}
	n, ok := number(value)
	return ok && (k.Type == "<real>" || k.Type == "<any>" || k.Type == "<integer>" && n == math.Trunc(n))
}

func number(value any) (float64, bool) {
	switch n := value.(type) {
	case uint64:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func prefixed(path string, problems []string) []string {
	for i := range problems {
		problems[i] = path + ": " + problems[i]
	}
	return problems
}
