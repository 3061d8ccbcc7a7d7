package text

import (
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Plain is the text of a key in a language for a letter without formatting: paragraphs are set apart by an empty line,
// lists have their numbers, and behind the words of a link stands where it leads.
func (c *Catalog) Plain(l Language, key Key, vars Vars) string {
	if c.house.entries[key].Markdown == "" {
		return c.Text(l, key, vars)
	}
	var p plain
	in := html.NewTokenizer(strings.NewReader(string(c.HTML(l, key, vars))))
	for {
		switch in.Next() {
		case html.ErrorToken:
			if in.Err() == io.EOF { //nolint:errorlint // the tokenizer hands it through as it is
				return strings.TrimSpace(p.out.String())
			}
		case html.TextToken:
			p.out.WriteString(in.Token().Data)
		case html.StartTagToken:
			p.begin(in.Token())
		case html.EndTagToken:
			p.end(in.Token())
		}
	}
}

// plain is a letter that is being written.
type plain struct {
	out   strings.Builder
	lists []int // the next number of each list that is open; 0: it has none
	link  string
	words int // where the words of the link began
	fresh int // where the last mark of an item ended
}

func (p *plain) begin(t html.Token) {
	switch t.DataAtom {
	case atom.P, atom.H2, atom.H3:
		p.apart("\n\n")
	case atom.Br:
		p.out.WriteString("\n")
	case atom.Ul, atom.Ol:
		if len(p.lists) == 0 {
			p.apart("\n\n")
		}
		first := 0
		if t.DataAtom == atom.Ol {
			first = 1
		}
		for _, a := range t.Attr {
			if n, err := strconv.Atoi(a.Val); err == nil && a.Key == "start" {
				first = n
			}
		}
		p.lists = append(p.lists, first)
	case atom.Li:
		p.item()
	case atom.A:
		for _, a := range t.Attr {
			if a.Key == "href" {
				p.link, p.words = a.Val, p.out.Len()
			}
		}
	}
}

func (p *plain) item() {
	p.apart("\n")
	if len(p.lists) == 0 {
		return
	}
	p.out.WriteString(strings.Repeat("   ", len(p.lists)-1))
	if n := &p.lists[len(p.lists)-1]; *n == 0 {
		p.out.WriteString("• ")
	} else {
		p.out.WriteString(strconv.Itoa(*n) + ". ")
		*n++
	}
	p.fresh = p.out.Len()
}

func (p *plain) end(t html.Token) {
	switch t.DataAtom {
	case atom.P, atom.H2, atom.H3:
		if len(p.lists) == 0 {
			p.out.WriteString("\n\n")
		}
	case atom.Ul, atom.Ol:
		if p.lists = p.lists[:max(0, len(p.lists)-1)]; len(p.lists) == 0 {
			p.out.WriteString("\n\n")
		}
	case atom.A:
		address := strings.TrimPrefix(strings.TrimPrefix(p.link, "mailto:"), "tel:")
		if words := p.out.String()[p.words:]; p.link != "" && words != p.link && words != address {
			p.out.WriteString(" (" + address + ")")
		}
		p.link = ""
	}
}

// apart sees to it that what follows stands apart from what is there: by a line's end, or by an empty line.
func (p *plain) apart(by string) {
	s := p.out.String()
	switch {
	case len(s) == p.fresh || strings.HasSuffix(s, by):
	case strings.HasSuffix(s, "\n"):
		p.out.WriteString(by[:len(by)-1])
	default:
		p.out.WriteString(by)
	}
}
