package text

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/export"
)

// xliff is the namespace of XLIFF 2.0 (OASIS standard, 2014).
const xliff = "urn:oasis:names:tc:xliff:document:2.0"

// writeXLIFF writes texts for translation programs: a unit for each, with its source, its purpose and its limit.
func writeXLIFF(w io.Writer, h *house, list []passage, from, to string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s<xliff xmlns=%q version=\"2.0\" srcLang=%q trgLang=%q>\n  <file id=\"texts\">\n", xml.Header, xliff, from, to)
	for _, p := range list {
		e := h.entries[p.key]
		if p.source == "" && p.words == "" {
			continue // nothing to translate
		}
		state := "translated"
		if p.words == "" {
			state = "initial"
		}
		fmt.Fprintf(&b, "    <unit id=%q>\n      <notes>\n        <note category=\"purpose\">%s</note>\n", p.key, escaped(e.Purpose))
		fmt.Fprintf(&b, "        <note category=\"limit\">%d</note>\n      </notes>\n", e.Max)
		fmt.Fprintf(&b, "      <segment state=%q>\n        <source xml:space=\"preserve\">%s</source>\n", state, escaped(p.source))
		if p.words != "" {
			fmt.Fprintf(&b, "        <target xml:space=\"preserve\">%s</target>\n", escaped(p.words))
		}
		b.WriteString("      </segment>\n    </unit>\n")
	}
	b.WriteString("  </file>\n</xliff>\n")
	_, err := b.WriteTo(w)
	return err
}

func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// maxDepth is how deep the elements of an honest file are nested: xliff, file, groups, unit, segment, target, marks.
const maxDepth = 24

// xliffReader reads an XLIFF file element by element.
type xliffReader struct {
	in     *xml.Decoder
	lines  counter
	path   []string
	list   []passage
	target string // language of the file

	unit    passage
	segment map[string]string // source and target of a segment, as far as they are there
	untold  bool              // a segment of the unit has no target yet
	inside  string            // source or target, while its letters are read
	skip    int               // depth inside of something that is not for us; 0: not
}

func readXLIFF(content []byte, language string) ([]passage, error) {
	s, err := export.Decode(content)
	if err != nil {
		return nil, err
	}
	r := &xliffReader{
		in:    xml.NewDecoder(strings.NewReader(s)), // knows no charset but UTF-8 and no entities but the five
		lines: counter{content: []byte(s)},
	}
	for {
		t, err := r.in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, r.broken(err.Error())
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, r.broken("a file of translations has no document type")
		case xml.StartElement:
			err = r.begin(t)
		case xml.EndElement:
			err = r.end(t.Name.Local)
		case xml.CharData:
			r.letters(string(t))
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case r.target == "":
		return nil, r.broken("it is not XLIFF 2.0 with a language to translate into")
	case language != "" && r.target != language:
		return nil, refuse("file_other_language", 0, "language", r.target, "wanted", language)
	}
	return r.list, nil
}

func (r *xliffReader) broken(detail string) error {
	return refuse("file_broken", r.lines.line(r.in.InputOffset()), "detail", detail)
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// begin reads the begin of an element.
func (r *xliffReader) begin(t xml.StartElement) error {
	name := t.Name.Local
	if len(r.path) == 0 {
		if r.target != "" || name != "xliff" || t.Name.Space != xliff || !strings.HasPrefix(attribute(t, "version"), "2.") {
			return r.broken("it is not XLIFF 2.0")
		}
		tag, err := ParseTag(attribute(t, "trgLang"))
		if err != nil {
			return r.broken("trgLang is not a language")
		}
		r.target = tag
	}
	if r.path = append(r.path, name); len(r.path) > maxDepth {
		return r.broken("elements are nested too deep")
	}
	switch {
	case r.skip > 0:
	case r.inside != "":
		return r.inline(t)
	case name == "unit":
		if r.unit.key != "" {
			return r.broken("a unit inside a unit")
		}
		if len(r.list) == maxPassages {
			return refuse("file_too_large", r.lines.line(r.in.InputOffset()))
		}
		r.unit = passage{language: r.target, key: Key(attribute(t, "id")), where: "line " + strconv.Itoa(r.lines.line(r.in.InputOffset())), sourced: true}
		if r.unit.key == "" {
			return r.broken("a unit without an id")
		}
	case (name == "source" || name == "target") && r.unit.key != "" && len(r.path) > 1 && (r.path[len(r.path)-2] == "segment" || r.path[len(r.path)-2] == "ignorable"):
		r.inside, r.segment[name] = name, ""
	case name == "segment", name == "ignorable":
		r.segment = map[string]string{}
	case name == "xliff", name == "file", name == "group":
	default:
		r.skip = len(r.path) // notes, skeletons, what other programs add
	}
	return nil
}

// inline reads what translation programs put into a text: marks around letters vanish, a place holder is what it stands
// for. We write neither.
func (r *xliffReader) inline(t xml.StartElement) error {
	switch t.Name.Local {
	case "mrk", "pc", "sm", "em":
		return nil
	case "ph":
		r.letters(attribute(t, "equiv"))
		return nil
	case "cp":
		return r.broken("a character that XML cannot hold")
	default:
		return r.broken("<" + t.Name.Local + "> inside a text")
	}
}

func (r *xliffReader) end(name string) error {
	depth := len(r.path)
	r.path = r.path[:depth-1] // the decoder sees to it that elements end as they begin
	switch {
	case r.skip == depth:
		r.skip = 0
	case r.skip > 0:
	case name == r.inside && (r.path[depth-2] == "segment" || r.path[depth-2] == "ignorable"):
		r.inside = ""
	case (name == "segment" || name == "ignorable") && r.inside == "":
		words, told := r.segment["target"]
		if !told && name == "ignorable" {
			words, told = r.segment["source"], true // blanks between sentences
		}
		r.unit.source += r.segment["source"]
		r.unit.words += words
		r.untold = r.untold || !told
	case name == "unit" && r.inside == "":
		if r.untold {
			r.unit.words = "" // half a translation is none
		}
		r.list = append(r.list, r.unit)
		r.unit, r.untold = passage{}, false
	}
	return nil
}

func (r *xliffReader) letters(s string) {
	if r.skip == 0 && r.inside != "" {
		r.segment[r.inside] += s
	}
}
