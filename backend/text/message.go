package text

import (
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

// tag is what a variable, or the begin or the end of a block looks like.
var tag = regexp.MustCompile(`\{\{\s*([#/]?)\s*([a-z_]*)\s*\}\}`)

// slip is a mistake in a text, and where it stands, in bytes.
type slip struct {
	code      string
	name      string
	from, end int
}

// parse reads a text. Whatever looks like a variable must be one: "{{" alone is a slip of the writer. What is wrong stays
// in the message as the letters that it is, so that a preview shows it where it was typed.
func parse(s string) (message, []slip) {
	var (
		m, inner message // inner is that of the open block
		open     *slip   // where the open block began
		slips    []slip
	)
	add := func(p part) {
		if open != nil {
			inner = append(inner, p)
		} else {
			m = append(m, p)
		}
	}
	words := func(from, end int) {
		if from == end {
			return
		}
		add(part{words: s[from:end]})
		for _, braces := range []string{"{{", "}}"} {
			if i := strings.Index(s[from:end], braces); i >= 0 {
				slips = append(slips, slip{"braces", "", from + i, from + i + 2})
			}
		}
	}
	at := 0
	for _, t := range tag.FindAllStringSubmatchIndex(s, -1) {
		words(at, t[0])
		at = t[1]
		kind, name := s[t[2]:t[3]], s[t[4]:t[5]]
		wrong := func(code string) {
			slips = append(slips, slip{code, name, t[0], t[1]})
			add(part{words: s[t[0]:t[1]]})
		}
		switch {
		case name == "":
			wrong("nameless")
		case kind == "/" && open != nil && open.name == name:
			open = nil
			m, inner = append(m, part{variable: name, block: inner}), nil
		case kind == "/":
			wrong("block_end")
		case kind == "#" && open != nil:
			wrong("block_nested")
		case kind == "#":
			open = &slip{"block_open", name, t[0], t[1]}
		default:
			add(part{variable: name})
		}
	}
	words(at, len(s))
	if open != nil {
		slips = append(slips, *open)
		m = append(append(m, part{words: s[open.from:open.end]}), inner...)
	}
	slices.SortStableFunc(slips, func(a, b slip) int { return a.from - b.from })
	return m, slips
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
