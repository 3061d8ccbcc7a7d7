package text

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/export"
)

// Format is a kind of file that goes to translators and comes back.
type Format string

// The formats.
const (
	JSON  Format = "json"  // as the built-in catalogues: go-i18n
	CSV   Format = "csv"   // a table with the source beside each text
	XLSX  Format = "xlsx"  // the same
	XLIFF Format = "xliff" // XLIFF 2.0, for translation programs
)

// ErrFormat says that there is no such format, or that it holds one language and none was named.
var ErrFormat = errors.New("text: no such format")

// MaxFile is how large an imported file may be, in bytes. All texts in all languages are some two megabytes.
const MaxFile = 8 << 20

// passage is one text on its way out or in.
type passage struct {
	language string
	key      Key
	source   string
	words    string
	where    string // in a file that came in

	sourced bool // the file says what the words were made from
}

// Export writes the texts as they are with all drafts, in one language or, where the format can, in all.
func (s *Store) Export(ctx context.Context, w io.Writer, fallback string, f Format, language string) error {
	return s.look(ctx, fallback, func(d *desk) error {
		tags := d.after.all.tags
		if language != "" {
			if !d.after.knows(language) {
				return errUnknownLanguage(language)
			}
			tags = []string{language}
		}
		var list []passage
		for _, tag := range tags {
			for _, key := range s.house.keys {
				list = append(list, passage{language: tag, key: key, source: d.after.words(d.original(tag), key), words: d.words(tag, key)})
			}
		}
		switch {
		case f == JSON:
			return writeJSON(w, s.house, list, language == "")
		case f == CSV || f == XLSX:
			return writeTable(w, export.Format(f), s.house, list)
		case f == XLIFF && language != "":
			return writeXLIFF(w, s.house, list, d.original(language), language)
		case f == XLIFF:
			return fmt.Errorf("%w: XLIFF holds one language, so name one", ErrFormat)
		default:
			return fmt.Errorf("%w: %q", ErrFormat, f)
		}
	})
}

// original is the language that a translator works from.
func (d *desk) original(language string) string {
	if language == d.fallback {
		return source
	}
	return d.fallback
}

// words are those of exactly this language, with its draft; "" where it has none.
func (d *desk) words(language string, key Key) string {
	if p := d.after.at(language, key); p != nil {
		return p.words
	}
	return ""
}

// Line is what an imported file says about one text.
type Line struct {
	Language string
	Key      Key
	Where    string // in the file
	From, To string
	Problems []Problem
}

// Changes says whether the import changes the text.
func (l Line) Changes() bool { return l.From != l.To }

// Import takes texts from a file as drafts; language is needed where the file does not say which it holds. An empty text
// changes nothing: it was not translated. With dry nothing is kept. One wrong line, and nothing is kept either.
func (s *Store) Import(ctx context.Context, fallback string, f Format, language string, content []byte, dry bool) ([]Line, error) {
	if len(content) > MaxFile {
		return nil, &RefusedError{[]Problem{fileProblem("file_too_large", 0, "max", strconv.Itoa(MaxFile))}}
	}
	list, err := s.readFile(f, language, content)
	if err != nil {
		return nil, err
	}
	var lines []Line
	if dry {
		err := s.look(ctx, fallback, func(d *desk) error {
			lines, _ = d.compare(list)
			return nil
		})
		return lines, err
	}
	err = s.work(ctx, fallback, func(tx *db.Tx, d *desk) error {
		var changes []Change
		lines, changes = d.compare(list)
		var wrong []Problem
		for _, l := range lines {
			for _, p := range l.Problems {
				if p.Blocking {
					wrong = append(wrong, p)
				}
			}
		}
		if len(wrong) > 0 {
			return &RefusedError{wrong}
		}
		if len(changes) == 0 {
			return nil
		}
		if err := s.save(tx, d, changes); err != nil {
			return err
		}
		return s.events.Add(tx, event.Event{Kind: Imported, Params: map[string]string{
			"format": string(f), "language": language, "texts": strconv.Itoa(len(changes)),
		}})
	})
	return lines, err
}

// compare says what each line of a file would change, and what is wrong with it.
func (d *desk) compare(list []passage) ([]Line, []Change) {
	var lines []Line
	var changes []Change
	seen := map[spot]string{}
	for _, p := range list {
		at := spot{p.language, p.key}
		l := Line{Language: p.language, Key: p.key, Where: p.where, From: d.words(p.language, p.key), To: p.words}
		if p.words == "" {
			l.To = l.From
		}
		k := &checker{language: p.language, key: p.key}
		if first, twice := seen[at]; twice {
			k.wrong("twice", 0, 0, "first", first)
		}
		seen[at] = p.where
		if l.Changes() || !d.after.Has(p.key) || !d.after.knows(p.language) {
			k.found = append(k.found, d.after.check(p.language, p.key, l.To)...)
			change := Change{Language: p.language, Key: p.key, Words: l.To}
			if p.sourced && p.language != d.fallback {
				change.source = &p.source
			}
			changes = append(changes, change)
		}
		for i := range k.found {
			k.found[i].Where = p.where
		}
		l.Problems = k.found
		lines = append(lines, l)
	}
	return lines, changes
}

// readFile reads a file of texts. What is wrong with the file as a whole is a [RefusedError].
func (s *Store) readFile(f Format, language string, content []byte) ([]passage, error) {
	var list []passage
	var err error
	switch f {
	case JSON:
		list, err = readJSON(content, language)
	case CSV, XLSX:
		list, err = readTable(export.Format(f), content, language)
	case XLIFF:
		list, err = readXLIFF(content, language)
	default:
		return nil, fmt.Errorf("%w: %q", ErrFormat, f)
	}
	var broken *export.ReadError
	if errors.As(err, &broken) {
		detail := "it is not of this format"
		if why := errors.Unwrap(broken); why != nil {
			detail = why.Error()
		}
		return nil, refuse("file_"+broken.Code, broken.Line, "detail", detail)
	}
	return list, err
}

// fileProblem is something wrong with a file as a whole, at a line of it.
func fileProblem(code string, line int, params ...string) Problem {
	p := Problem{Code: code, Blocking: true, Params: map[string]string{}}
	for pair := range slices.Chunk(params, 2) {
		p.Params[pair[0]] = pair[1]
	}
	if line > 0 {
		p.Where = "line " + strconv.Itoa(line)
	}
	return p
}

// refuse is a [RefusedError] about a file as a whole.
func refuse(code string, line int, params ...string) error {
	return &RefusedError{[]Problem{fileProblem(code, line, params...)}}
}

// counter tells the lines of a file to somebody who reads it from its begin to its end.
type counter struct {
	content []byte
	at      int64
	ends    int // line ends before at
}

// line is the line that a byte stands in.
func (c *counter) line(at int64) int {
	at = max(c.at, min(at, int64(len(c.content))))
	c.ends += bytes.Count(c.content[c.at:at], []byte("\n"))
	c.at = at
	return 1 + c.ends
}
