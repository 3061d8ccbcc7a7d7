package text

import (
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// How much of Markdown a text may use. The empty one is none at all.
const (
	inline = "inline" // bold, italic, link
	full   = "full"   // besides: paragraphs, lists, headings of the second and third level
)

// The parsers know our subset and nothing else: what they do not know (HTML, images, tables, code) stays the letters that
// it is.
var parsers = map[string]parser.Parser{
	inline: parser.NewParser(
		parser.WithBlockParsers(util.Prioritized(paragraphs{parser.NewParagraphParser()}, 1000)),
		parser.WithInlineParsers(inlineParsers()...),
	),
	full: parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(lists{parser.NewListParser()}, 300), util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(headings{parser.NewATXHeadingParser()}, 600), util.Prioritized(paragraphs{parser.NewParagraphParser()}, 1000),
		),
		parser.WithInlineParsers(inlineParsers()...),
	),
}

func inlineParsers() []util.PrioritizedValue {
	return []util.PrioritizedValue{
		util.Prioritized(links{parser.NewLinkParser()}, 200), util.Prioritized(parser.NewEmphasisParser(), 500),
	}
}

// lists are nested a few levels deep and no deeper: the rest is text.
type lists struct{ parser.BlockParser }

// Open begins a list.
func (l lists) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		if depth++; depth > 8 { // the document, and a list and its item for each level
			return nil, parser.NoChildren
		}
	}
	return l.BlockParser.Open(parent, reader, pc)
}

// paragraphs may be indented: there is no code that they could be taken for.
type paragraphs struct{ parser.BlockParser }

// CanAcceptIndentedLine says yes.
func (paragraphs) CanAcceptIndentedLine() bool { return true }

// headings are those of the second and third level.
type headings struct{ parser.BlockParser }

// Open begins a heading.
func (h headings) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	if at := pc.BlockOffset(); at >= 0 {
		rest := string(line[at:])
		if level := len(rest) - len(strings.TrimLeft(rest, "#")); level == 2 || level == 3 {
			return h.BlockParser.Open(parent, reader, pc)
		}
	}
	return nil, parser.NoChildren
}

// links are links, and no images.
type links struct{ parser.InlineParser }

// Trigger leaves the exclamation mark alone.
func (links) Trigger() []byte { return []byte{'[', ']'} }

// Parse reads a bracket. The one of an image begins nothing.
func (l links) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if line, _ := block.PeekLine(); line[0] == '[' && block.PrecendingCharacter() == '!' {
		return nil
	}
	return l.InlineParser.Parse(parent, block, pc)
}

// While Markdown is read, a variable is one letter of a private plane: neither Markdown nor HTML sees anything in it.
// Nobody may write such letters.
const (
	firstLetter = '\U000F0000'
	lastLetter  = '\U000FFFFD'
)

// place is where the addresses of links wait until their variables are known. The sanitizer sees a web address; a quote
// cannot stand in the words around it.
const place = "https://link.invalid/"

var marks = regexp.MustCompile(`[\x{F0000}-\x{FFFFD}]| href="` + regexp.QuoteMeta(place) + `(\d+)"`)

// policy is the second look at what our renderer wrote.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "em", "ul", "ol", "li", "h2", "h3")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https")
	p.RequireParseableURLs(true)
	return p
}()

// piece is a part of a drawn text: HTML, a variable, or the address of a link.
type piece struct {
	html     string
	variable string
	link     message
}

// draw turns a message into HTML with gaps for its variables. shown says which of its blocks are there.
func (m message) draw(markdown string, shown func(name string) bool) []piece {
	d := drawing{markdown: markdown}
	return d.draw(m, shown)
}

func (d *drawing) draw(m message, shown func(name string) bool) []piece {
	var source strings.Builder
	m.flatten(shown, func(p part) {
		if p.variable == "" {
			source.WriteString(strings.Map(noLetter, p.words))
			return
		}
		source.WriteRune(firstLetter + rune(len(d.variables)))
		d.variables = append(d.variables, p.variable)
	})
	d.source = []byte(source.String())
	if d.markdown == "" {
		d.out.WriteString(template.HTMLEscapeString(source.String()))
		return d.cut(d.out.String())
	}
	d.children(parsers[d.markdown].Parse(text.NewReader(d.source)))
	return d.cut(policy.Sanitize(d.out.String()))
}

// flatten calls fn for the words and variables of a message whose blocks are decided.
func (m message) flatten(shown func(name string) bool, fn func(part)) {
	for _, p := range m {
		switch {
		case p.block == nil:
			fn(p)
		case shown(p.variable):
			p.block.flatten(shown, fn)
		}
	}
}

func noLetter(r rune) rune {
	if r >= firstLetter && r <= lastLetter {
		return -1
	}
	return r
}

// drawing is one text on its way to HTML.
type drawing struct {
	markdown  string
	source    []byte
	variables []string // by their letters
	addresses []message
	refused   []string // addresses that a phone must not follow
	out       strings.Builder
}

func (d *drawing) children(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		d.node(c)
	}
}

func (d *drawing) element(name, attributes string, n ast.Node) {
	d.out.WriteString("<" + name + attributes + ">")
	d.children(n)
	d.out.WriteString("</" + name + ">")
}

func (d *drawing) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		d.out.WriteString(template.HTMLEscapeString(string(util.UnescapePunctuations(n.Segment.Value(d.source)))))
		if n.SoftLineBreak() || n.HardLineBreak() {
			d.out.WriteString("<br>") // who begins a new line means it
		}
	case *ast.Paragraph:
		if d.markdown == full {
			d.element("p", "", n)
			return
		}
		if n.PreviousSibling() != nil {
			d.out.WriteString("<br>")
		}
		d.children(n)
	case *ast.Heading:
		d.element("h"+strconv.Itoa(n.Level), "", n)
	case *ast.List:
		switch {
		case !n.IsOrdered():
			d.element("ul", "", n)
		case n.Start == 1:
			d.element("ol", "", n)
		default:
			d.element("ol", ` start="`+strconv.Itoa(n.Start)+`"`, n)
		}
	case *ast.ListItem:
		d.element("li", "", n)
	case *ast.Emphasis:
		d.element([]string{"em", "strong"}[n.Level-1], "", n)
	case *ast.Link:
		d.link(n)
	default:
		d.children(n)
	}
}

// link draws a link to an allowed address. Any other is shown as what was written.
func (d *drawing) link(n *ast.Link) {
	to := string(util.UnescapePunctuations(n.Destination))
	address := d.message(to)
	if !mayLink(address) {
		d.out.WriteString("[")
		d.children(n)
		d.out.WriteString("](" + template.HTMLEscapeString(to) + ")")
		d.refused = append(d.refused, address.fill(func(name string) string { return "{{" + name + "}}" }))
		return
	}
	d.element("a", ` href="`+place+strconv.Itoa(len(d.addresses))+`"`, n)
	d.addresses = append(d.addresses, address)
}

// message puts the variables back into a string with letters.
func (d *drawing) message(s string) message {
	var m message
	words := 0
	for i, r := range s {
		if r < firstLetter || r > lastLetter {
			continue
		}
		if words < i {
			m = append(m, part{words: s[words:i]})
		}
		m = append(m, part{variable: d.variables[r-firstLetter]})
		words = i + len(string(r))
	}
	if words < len(s) {
		m = append(m, part{words: s[words:]})
	}
	return m
}

// cut cuts sanitized HTML at its gaps.
func (d *drawing) cut(s string) []piece {
	var list []piece
	at := 0
	for _, m := range marks.FindAllStringSubmatchIndex(s, -1) {
		if at < m[0] {
			list = append(list, piece{html: s[at:m[0]]})
		}
		if m[2] >= 0 {
			n, _ := strconv.Atoi(s[m[2]:m[3]])
			list = append(list, piece{link: d.addresses[n]})
		} else {
			list = append(list, piece{variable: d.variables[[]rune(s[m[0]:m[1]])[0]-firstLetter]})
		}
		at = m[1]
	}
	if at < len(s) {
		list = append(list, piece{html: s[at:]})
	}
	return list
}

// schemes are what a link may lead to.
var schemes = []string{"https:", "mailto:", "tel:"}

// mayLink says whether an address can be a link: its scheme stands there in words, or it is the one variable that is a web
// address.
func mayLink(address message) bool {
	if len(address) == 0 {
		return false
	}
	if address[0].variable != "" {
		return len(address) == 1 && address[0].variable == "support_url"
	}
	scheme, _, _ := strings.Cut(strings.ToLower(address[0].words), ":")
	return slices.Contains(schemes, scheme+":") && follows(address.fill(func(string) string { return "x" }))
}

// follows says whether a phone can follow an address, and may.
func follows(address string) bool {
	u, err := url.Parse(address)
	if err != nil || strings.ContainsFunc(address, unicode.IsSpace) {
		return false
	}
	switch u.Scheme {
	case "https":
		return u.Host != "" && u.User == nil
	case "mailto", "tel":
		return u.Opaque != ""
	default:
		return false
	}
}

// follow is the address of a link with its values, or "" where they make it one that must not be followed.
func (m message) follow(value func(name string) string) string {
	address := m.fill(func(name string) string {
		v := value(name)
		switch {
		case len(m) == 1:
			return v
		case strings.HasPrefix(strings.ToLower(m[0].words), "tel:"):
			return strings.Map(dialled, v)
		default:
			return url.PathEscape(v)
		}
	})
	if !follows(address) {
		return ""
	}
	return address
}

// dialled drops what people write into telephone numbers to read them better.
func dialled(r rune) rune {
	if r >= '0' && r <= '9' || strings.ContainsRune("+*#,;", r) {
		return r
	}
	return -1
}

// isolated is a value as HTML. Where it may be written in the other direction than the words around it, it is kept from
// changing their order.
func isolated(value string, rtl bool) string {
	s := template.HTMLEscapeString(value)
	if rtl || strings.ContainsFunc(value, func(r rune) bool {
		return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana)
	}) {
		return "<bdi>" + s + "</bdi>"
	}
	return s
}
