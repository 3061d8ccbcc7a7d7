package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"example.org/gatehouse/backend/export"
)

// writeJSON writes texts as the built-in catalogues have them, so that a file can become one. All languages are one object
// for each.
func writeJSON(w io.Writer, h *house, list []passage, all bool) error {
	var b bytes.Buffer
	indent := "\n  "
	if all {
		indent = "\n    "
	}
	for i, p := range list {
		first := i == 0 || list[i-1].language != p.language
		switch {
		case i == 0 && all:
			b.WriteString("{\n  " + quoted(p.language) + ": {")
		case i == 0:
			b.WriteString("{")
		case first:
			b.WriteString("\n  },\n  " + quoted(p.language) + ": {")
		}
		if !first {
			b.WriteString(",")
		}
		b.WriteString(indent + quoted(string(p.key)) + ": ")
		if !h.entries[p.key].Plural || p.words == "" {
			b.WriteString(quoted(p.words))
			continue
		}
		for n, line := range strings.Split(p.words, "\n") {
			form, words, _ := strings.Cut(line, ":")
			b.WriteString([]string{"{", ","}[min(n, 1)] + indent + "  " + quoted(strings.TrimSpace(form)) + ": " + quoted(strings.TrimSpace(words)))
		}
		b.WriteString(indent + "}")
	}
	b.WriteString(strings.TrimSuffix(indent, "  ") + "}")
	if all {
		b.WriteString("\n}")
	}
	b.WriteString("\n")
	_, err := b.WriteTo(w)
	return err
}

// quoted is a string as JSON, with its letters as they are.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string into memory
	return strings.TrimSuffix(b.String(), "\n")
}

// jsonReader reads a file of texts token by token: a decoder into a map would not see a key that stands there twice, nor
// know its line.
type jsonReader struct {
	in    *json.Decoder
	lines counter
	list  []passage
}

func readJSON(content []byte, language string) ([]passage, error) {
	s, err := export.Decode(content)
	if err != nil {
		return nil, err
	}
	r := &jsonReader{in: json.NewDecoder(strings.NewReader(s)), lines: counter{content: []byte(s)}}
	if err := r.open(); err != nil {
		return nil, err
	}
	if language != "" {
		err = r.texts(language)
	} else {
		err = r.object(func(tag string) error {
			if err := r.open(); err != nil {
				return err
			}
			return r.texts(tag)
		})
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.in.Token(); !errors.Is(err, io.EOF) {
		return nil, r.broken("more after the end")
	}
	return r.list, nil
}

func (r *jsonReader) broken(detail string) error {
	return refuse("file_broken", r.lines.line(r.in.InputOffset()), "detail", detail)
}

// open reads the begin of an object.
func (r *jsonReader) open() error {
	if t, err := r.in.Token(); err != nil || t != json.Delim('{') {
		return r.broken("an object is missing here: language, then key, then text")
	}
	return nil
}

// object calls fn for each name of an object, up to its end; fn reads the value.
func (r *jsonReader) object(fn func(name string) error) error {
	for {
		t, err := r.in.Token()
		if err != nil {
			return r.broken(err.Error())
		}
		if t == json.Delim('}') {
			return nil
		}
		if err := fn(t.(string)); err != nil { // the decoder lets nothing else be a name
			return err
		}
	}
}

// texts reads the texts of a language up to the end of their object.
func (r *jsonReader) texts(language string) error {
	return r.object(func(key string) error {
		if len(r.list) == maxPassages {
			return refuse("file_too_large", r.lines.line(r.in.InputOffset()))
		}
		p := passage{language: language, key: Key(key), where: fileProblem("", r.lines.line(r.in.InputOffset())).Where}
		t, err := r.in.Token()
		if err != nil {
			return r.broken(err.Error())
		}
		switch t := t.(type) {
		case string:
			p.words = t
		case json.Delim:
			if t != '{' {
				return r.broken("a text is a string, or an object with the forms of a plural")
			}
			if p.words, err = r.plural(); err != nil {
				return err
			}
		default:
			return r.broken("a text is a string, or an object with the forms of a plural")
		}
		r.list = append(r.list, p)
		return nil
	})
}

// plural reads the forms of a text about a number.
func (r *jsonReader) plural() (string, error) {
	found := map[string]string{}
	err := r.object(func(form string) error {
		t, err := r.in.Token()
		words, ok := t.(string)
		_, twice := found[form]
		if err != nil || !ok || twice || !slices.Contains(categories, form) {
			return r.broken("a plural has the forms " + strings.Join(categories, ", ") + ", each once and with a string")
		}
		found[form] = words
		return nil
	})
	var lines []string
	for _, form := range categories {
		if words, ok := found[form]; ok {
			lines = append(lines, form+": "+words)
		}
	}
	return strings.Join(lines, "\n"), err
}
