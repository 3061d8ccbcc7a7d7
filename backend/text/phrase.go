package text

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// hidden is the text that shows nothing, where the key allows it.
const hidden = "-"

// phrase is a text in one language, parsed.
type phrase struct {
	words  string // as written; the forms of a plural are lines of "few: …"
	hidden bool
	forms  map[string]message // by plural category; a text without a number has the one form other

	markdown string
	drawn    sync.Map // form and shown blocks → []piece
}

const other = "other"

// newPhrase parses the words of a key. What is wrong with them is for check to say.
func newPhrase(e Entry, words string) (*phrase, []slip) {
	p := &phrase{words: words, markdown: e.Markdown, forms: map[string]message{}}
	if farTooLong(e, words) {
		p.markdown = ""
	}
	if words == hidden {
		p.hidden = true
		return p, nil
	}
	if !e.Plural {
		m, slips := parse(words)
		p.forms[other] = m
		return p, slips
	}
	var slips []slip
	at := 0
	for line := range strings.Lines(words) {
		form, rest, ok := strings.Cut(line, ":")
		if from := at + len(form) + 1; ok {
			trimmed := strings.TrimSpace(rest)
			from += strings.Index(rest, trimmed)
			m, wrong := parse(trimmed)
			for _, s := range wrong {
				slips = append(slips, slip{s.code, s.name, from + s.from, from + s.end})
			}
			p.forms[strings.TrimSpace(form)] = m
		} else {
			slips = append(slips, slip{"plural_line", strings.TrimSpace(line), at, at + len(strings.TrimRight(line, "\n"))})
		}
		at += len(line)
	}
	return p, slips
}

// farTooLong says whether words are so much over their limit that nobody will publish them. They are shown as they are:
// some letters, many times, keep a reader of Markdown busy for minutes.
func farTooLong(e Entry, words string) bool {
	return len(words) > e.Max && utf8.RuneCountInString(words) > e.Max*5/4+100
}

// form is the message for a plural category.
func (p *phrase) form(category string) (string, message) {
	if m, ok := p.forms[category]; ok {
		return category, m
	}
	return other, p.forms[other]
}

// variables names what the text uses in any of its forms.
func (p *phrase) variables() []string {
	var names []string
	for _, m := range p.forms {
		names = append(names, m.variables()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// written is a message as one string: a plural becomes a line for each of its forms.
func written(m *i18n.Message, plural bool) string {
	if !plural {
		return m.Other
	}
	var lines []string
	for i, words := range []string{m.Zero, m.One, m.Two, m.Few, m.Many, m.Other} {
		if words != "" {
			lines = append(lines, categories[i]+": "+words)
		}
	}
	return strings.Join(lines, "\n")
}

// draw is the text as HTML with gaps. It depends on the form and on which blocks are shown, so each of these is drawn once.
func (p *phrase) draw(category string, value func(name string) string) []piece {
	form, m := p.form(category)
	name := form
	for _, part := range m {
		if part.block != nil {
			name += strconv.FormatBool(value(part.variable) != "")
		}
	}
	if drawn, ok := p.drawn.Load(name); ok {
		return drawn.([]piece)
	}
	drawn := m.draw(p.markdown, func(name string) bool { return value(name) != "" })
	p.drawn.Store(name, drawn)
	return drawn
}
