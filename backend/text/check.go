package text

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// checker collects the problems of one text.
type checker struct {
	catalog  *Catalog
	language string
	key      Key
	entry    Entry
	words    string
	found    []Problem
}

// check says all that is wrong with words for a key in a language, and all that looks odd.
func (c *Catalog) check(tag string, key Key, words string) []Problem {
	e, ok := c.house.entries[key]
	k := &checker{catalog: c, language: tag, key: key, entry: e, words: words}
	switch {
	case !ok:
		k.wrong("unknown_key", 0, 0)
	case !c.knows(tag):
		k.wrong("unknown_language", 0, 0)
	case words == "": // back to what is built in
	case !utf8.ValidString(words):
		k.wrong("encoding", 0, 0)
	case words == hidden:
		if !e.MayHide {
			k.wrong("not_hideable", 0, 1)
		}
	case strings.TrimSpace(words) == "":
		k.wrong("blank", 0, len(words))
	default:
		k.letters()
		k.phrase()
		k.links()
		k.hints()
	}
	return k.found
}

// note adds a problem at a stretch of the words, in bytes. Params come in pairs.
func (k *checker) note(code string, blocking bool, from, end int, params ...string) {
	p := Problem{Code: code, Blocking: blocking, Language: k.language, Key: k.key, Params: map[string]string{}}
	p.At, p.Length = units(k.words[:from]), units(k.words[from:end])
	for pair := range slices.Chunk(params, 2) {
		p.Params[pair[0]] = pair[1]
	}
	k.found = append(k.found, p)
}

func (k *checker) wrong(code string, from, end int, params ...string) {
	k.note(code, true, from, end, params...)
}

func (k *checker) odd(code string, from, end int, params ...string) {
	k.note(code, false, from, end, params...)
}

// units is the length of a string in UTF-16.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// letters finds letters that nobody sees and that do harm: control characters, overrides of the direction, the private
// letters that stand for variables. A text of one line has no line breaks: it becomes a title, a button, a subject.
func (k *checker) letters() {
	for i, r := range k.words {
		switch {
		case r == '\n' && k.entry.Plural, (r == '\n' || r == '\t') && k.entry.Markdown == full:
		case r == '\n':
			k.wrong("line_break", i, i+1)
		case unicode.IsControl(r), r >= '\u202A' && r <= '\u202E', unicode.Is(unicode.Co, r), r == unicode.ReplacementChar, r == '\u2028', r == '\u2029':
			k.wrong("control", i, i+utf8.RuneLen(r), "letter", strings.ToUpper("U+"+strconv.FormatInt(int64(r), 16)))
		}
	}
}

// phrase looks at variables, blocks, plural forms and the limit.
func (k *checker) phrase() {
	p, slips := newPhrase(k.entry, k.words)
	for _, s := range slips {
		k.wrong(s.code, s.from, s.end, "name", s.name)
	}
	for _, t := range tag.FindAllStringSubmatchIndex(k.words, -1) {
		if name := k.words[t[4]:t[5]]; name != "" && !k.allowed(name) {
			k.wrong("unknown_variable", t[0], t[1], "name", name)
		}
	}
	english := k.catalog.house.words[source][k.key]
	for _, name := range english.variables() {
		if slices.Contains(k.entry.Variables, name) && !slices.Contains(p.variables(), name) {
			k.note("missing_variable", slices.Contains(facts, name), 0, 0, "name", name)
		}
	}
	if k.entry.Plural {
		k.forms(p)
		return
	}
	k.length(k.words, 0)
}

// allowed says whether the text may use a variable. The words that stand for variables themselves may use none.
func (k *checker) allowed(name string) bool {
	if strings.HasPrefix(string(k.key), "default.") || k.key == "language.name" {
		return false
	}
	return slices.Contains(standard, name) || slices.Contains(k.entry.Variables, name)
}

func (k *checker) length(words string, at int) {
	have := utf8.RuneCountInString(words)
	if have <= k.entry.Max {
		return
	}
	from := at
	for range k.entry.Max {
		_, n := utf8.DecodeRuneInString(k.words[from:])
		from += n
	}
	k.wrong("too_long", from, at+len(words), "max", strconv.Itoa(k.entry.Max), "have", strconv.Itoa(have))
}

// forms looks at the plural forms: those that the language has should be there, and no others.
func (k *checker) forms(p *phrase) {
	at := 0
	for line := range strings.Lines(k.words) {
		form, rest, ok := strings.Cut(line, ":")
		if name := strings.TrimSpace(form); ok && !slices.Contains(categories, name) {
			k.wrong("plural_form", at, at+len(form), "form", name)
		} else if rest = strings.TrimSpace(rest); ok {
			k.length(rest, at+strings.Index(line, rest))
		}
		at += len(line)
	}
	for _, form := range forms(k.language) {
		if _, ok := p.forms[form]; !ok {
			k.note("plural_missing", form == other, 0, 0, "form", form)
		}
	}
}

// links finds links that a phone must not follow; they are shown as the letters that they are.
func (k *checker) links() {
	if k.entry.Markdown == "" || farTooLong(k.entry, k.words) {
		return
	}
	m, _ := parse(k.words)
	d := drawing{markdown: k.entry.Markdown}
	d.draw(m, func(string) bool { return true })
	at := 0
	for _, to := range d.refused {
		at += max(0, strings.Index(k.words[at:], to)) // escapes and blocks may hide it: then it is the place before
		end := min(at+len(to), len(k.words))
		k.wrong("link", at, end, "address", to)
		at = end
	}
}

var (
	markup = regexp.MustCompile(`</?[A-Za-z][^<>]*>|!\[[^\]]*\]\(|&(?:[a-z]+|#x?[0-9A-Fa-f]+);|(?m)^\|.*\|\s*$`)
	stars  = regexp.MustCompile(`\*\*[^*\n]+\*\*|\]\((?:https|mailto|tel):`)
	arrows = regexp.MustCompile(`-+>|→`)
	quotes = regexp.MustCompile(`["“”„«»「」『』]`)
)

// quotesOf are the quotation marks of languages that do not write them as English does.
var quotesOf = map[string]string{
	"de": "„“»«", "cs": "„“", "sk": "„“", "sl": "„“»«", "bg": "„“", "hr": "„“»«", "et": "„“", "lt": "„“", "fr": "«»“”",
	"es": "«»“”", "it": "«»“”", "pt": "«»“”", "uk": "«»„“”", "ru": "«»„“", "no": "«»", "nb": "«»", "da": "”„“»«", "sv": "””»",
	"fi": "””»", "pl": "„”«»", "hu": "„”»«", "ro": "„”«»", "nl": "“”„", "tr": "“”", "el": "«»“”", "ja": "「」『』", "ko": "“”「」『』",
	"zh": "“”「」『』",
}

// hints finds what is allowed and probably a slip.
func (k *checker) hints() {
	if at := markup.FindStringIndex(k.words); at != nil {
		k.odd("markup", at[0], at[1])
	}
	if at := stars.FindStringIndex(k.words); at != nil && k.entry.Markdown == "" {
		k.odd("markdown", at[0], at[1])
	}
	base, _ := language.Make(k.language).Base()
	if at := arrows.FindStringIndex(k.words); at != nil && newLanguage(k.language, "").rtl {
		k.odd("arrow", at[0], at[1])
	}
	if right, ok := quotesOf[base.String()]; ok {
		for _, at := range quotes.FindAllStringIndex(k.words, -1) {
			if mark := k.words[at[0]:at[1]]; !strings.Contains(right, mark) {
				k.odd("quotes", at[0], at[1], "mark", mark, "right", right)
				break
			}
		}
	}
	built := k.catalog.house.words[k.language][k.key]
	if base.String() != source && k.words == k.entry.Text && (built == nil || built.words != k.words) &&
		strings.ContainsFunc(tag.ReplaceAllString(k.words, ""), unicode.IsLetter) {
		k.odd("still_english", 0, len(k.words))
	}
}

// Change is words that take the place of others. Empty ones go back to what is built in.
type Change struct {
	Language string
	Key      Key
	Words    string

	source *string // what they were made from, where it is not what the default language says at present
}

// With is the catalogue with other words laid over it, for a preview: nothing is stored. What is wrong with the words does
// not keep them from being shown.
func (c *Catalog) With(changes ...Change) (*Catalog, []Problem) {
	over := maps.Clone(c.changed)
	if over == nil {
		over = map[string]map[Key]*phrase{}
	}
	cloned := map[string]bool{}
	var problems []Problem
	for _, change := range changes {
		problems = append(problems, c.check(change.Language, change.Key, change.Words)...)
		e, ok := c.house.entries[change.Key]
		if !ok {
			continue
		}
		if !cloned[change.Language] {
			cloned[change.Language] = true
			if over[change.Language] = maps.Clone(over[change.Language]); over[change.Language] == nil {
				over[change.Language] = map[Key]*phrase{}
			}
		}
		if change.Words == "" {
			delete(over[change.Language], change.Key)
			continue
		}
		if p := over[change.Language][change.Key]; p == nil || p.words != change.Words {
			over[change.Language][change.Key], _ = newPhrase(e, change.Words)
		}
	}
	next := &Catalog{
		house: c.house, changed: over, own: c.own, matcher: c.matcher, all: c.all, languages: c.languages, version: c.version, terms: c.terms,
	}
	next.findLegal()
	return next, problems
}
