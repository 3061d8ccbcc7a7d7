package text

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// message is a parsed text: words, variables and blocks in order.
type message []part

type part struct {
	words    string
	variable string
	block    message // left out when variable is empty
}

var tag = regexp.MustCompile(`\{\{\s*([#/]?)\s*([a-z_]*)\s*\}\}`)

// parse reads a text. Whatever looks like a variable must be one: "{{" alone is a slip of the translator.
func parse(s string) (message, error) {
	m, rest, err := parseUntil(s, "")
	if err == nil && rest != "" {
		err = fmt.Errorf("text goes on after its end: %q", rest)
	}
	return m, err
}

// parseUntil reads up to the end of the named block, or of the text.
func parseUntil(s, block string) (message, string, error) {
	var m message
	for {
		at := tag.FindStringSubmatchIndex(s)
		words := s
		if at != nil {
			words = s[:at[0]]
		}
		if strings.Contains(words, "{{") || strings.Contains(words, "}}") {
			return nil, "", fmt.Errorf("braces that are no variable in %q", words)
		}
		if words != "" {
			m = append(m, part{words: words})
		}
		if at == nil {
			if block != "" {
				return nil, "", fmt.Errorf("block %s does not end", block)
			}
			return m, "", nil
		}
		kind, name := s[at[2]:at[3]], s[at[4]:at[5]]
		s = s[at[1]:]
		switch {
		case name == "":
			return nil, "", fmt.Errorf("variable without a name")
		case kind == "/" && name == block:
			return m, s, nil
		case kind == "/":
			return nil, "", fmt.Errorf("end of block %s, which is not open", name)
		case kind == "#" && block != "":
			return nil, "", fmt.Errorf("block %s inside block %s", name, block)
		case kind == "#":
			inner, rest, err := parseUntil(s, name)
			if err != nil {
				return nil, "", err
			}
			m, s = append(m, part{variable: name, block: inner}), rest
		default:
			m = append(m, part{variable: name})
		}
	}
}

// fill puts the values in.
func (m message) fill(value func(name string) string) string {
	var b strings.Builder
	for _, p := range m {
		switch {
		case p.block != nil:
			if value(p.variable) != "" {
				b.WriteString(p.block.fill(value))
			}
		case p.variable != "":
			b.WriteString(value(p.variable))
		default:
			b.WriteString(p.words)
		}
	}
	return b.String()
}

// variables names what the text uses, each once.
func (m message) variables() []string {
	var names []string
	for _, p := range m {
		if p.variable != "" {
			names = append(names, p.variable)
		}
		names = append(names, p.block.variables()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
