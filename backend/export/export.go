package export

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	TSV  Format = "tsv"
	JSON Format = "json"
	XLSX Format = "xlsx"
	XML  Format = "xml"
	HTML Format = "html" // a page to print
	Text Format = "table"
)

// Formats lists all of them.
func Formats() []Format { return []Format{Text, CSV, TSV, JSON, XLSX, XML, HTML} }

// ErrFormat says that there is no such format.
var ErrFormat = errors.New("export: no such format")

// Parse finds a format by its name.
func Parse(name string) (Format, error) {
	f := Format(strings.ToLower(name))
	if !slices.Contains(Formats(), f) {
		return "", fmt.Errorf("%w: %q", ErrFormat, name)
	}
	return f, nil
}

// Table is rows under columns.
type Table struct {
	// Name and Row are the nouns of the whole and of one row, "enrollments" and "enrollment".
	Name, Row string
	Columns   []Column
	// Rows gives the cells of each row in the order of the columns: string, int, int64, bool, time.Time or nil.
	Rows iter.Seq2[[]any, error]
}

// Column is one column.
type Column struct {
	Name  string // "last_seen_at"
	Title string // "Last seen"
}

// Options are what a format may be asked besides.
type Options struct {
	// BOM begins CSV and TSV with a byte order mark, so that Excel reads them as UTF-8.
	BOM bool
	// Local writes for a person and not for a program: titles for headings, and what Excel takes for a date in the
	// language; without it headings are names and times RFC 3339.
	Local bool
	// Language decides how Local looks: "de" separates CSV with semicolons, since Excel does where the comma is decimal.
	Language string
	// Zone is where the reader is; nil is UTC.
	Zone *time.Location
	// Heading stands above a page to print.
	Heading string
}

// For are the options that make a file open right in the Excel of somebody who speaks a language.
func For(language string, zone *time.Location) Options {
	return Options{BOM: true, Local: true, Language: language, Zone: zone}
}

// commas are the languages in which a spreadsheet separates with a comma; elsewhere the comma is decimal.
var commas = []string{"en", "ja", "zh", "ko", "he", "th"}

func (o Options) separator() rune {
	language, _, _ := strings.Cut(o.Language, "-")
	if !o.Local || language == "" || slices.Contains(commas, language) {
		return ','
	}
	return ';'
}

// head is the heading of a column.
func (o Options) head(c Column) string {
	if o.Local && c.Title != "" {
		return c.Title
	}
	return c.Name
}

// in moves a time to where the reader is.
func (o Options) in(t time.Time) time.Time {
	if o.Zone == nil {
		return t.UTC()
	}
	return t.In(o.Zone)
}

// text is a cell in words.
func (o Options) text(cell any) string {
	at, ok := cell.(time.Time)
	if !ok || !o.Local || at.IsZero() {
		return text(cell)
	}
	if language, _, _ := strings.Cut(o.Language, "-"); language == "de" {
		return o.in(at).Format("02.01.2006 15:04:05")
	}
	return o.in(at).Format("2006-01-02 15:04:05") // Excel takes it for a date in every language but a few with dots
}

// Write writes the table.
func Write(w io.Writer, f Format, t Table, o Options) error {
	buffered := bufio.NewWriter(w)
	var err error
	switch f {
	case CSV:
		err = writeSeparated(buffered, t, o.separator(), o)
	case TSV:
		err = writeSeparated(buffered, t, '\t', o)
	case JSON:
		err = writeJSON(buffered, t)
	case XML:
		err = writeXML(buffered, t)
	case XLSX:
		err = writeXLSX(buffered, t, o)
	case HTML:
		err = writeHTML(buffered, t, o)
	case Text:
		err = writeText(buffered, t)
	default:
		err = fmt.Errorf("%w: %q", ErrFormat, f)
	}
	if err != nil {
		return err
	}
	return buffered.Flush()
}

// text is a cell in words; unknown times and nothing at all are empty.
func text(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339)
	default:
		return fmt.Sprint(v)
	}
}

// guarded is the text of a cell that no spreadsheet takes for a formula nor, where it is written for one, for another
// value. Numbers of ours may begin with a minus.
func (o Options) guarded(cell any) string {
	s, ok := cell.(string)
	if !ok || s == "" {
		return o.text(cell)
	}
	if formula(s) || misread(s) && (o.Local || s[0] == '\'') {
		return "'" + s
	}
	return s
}

// formula says whether a spreadsheet may take a cell for a formula. Apostrophes before it do not count, so that what is put
// before a cell can be told from what was there.
func formula(s string) bool {
	s = strings.TrimLeft(s, "'")
	return s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0]))
}

// misread says whether a spreadsheet may show a text as something else: an inventory number without its zeros or its last
// digits, half of it as a date. As with formulas, apostrophes before it do not count.
func misread(s string) bool {
	s = strings.TrimLeft(s, "'")
	if s == "" || s[0] < '0' || s[0] > '9' {
		return false
	}
	parts := 1
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
		case strings.IndexByte(".,/-", c) >= 0 && s[i-1] >= '0' && s[i-1] <= '9' && i < len(s)-1:
			parts++
		case (c == 'e' || c == 'E') && s[i-1] != c && i < len(s)-1:
			parts++
		default:
			return false
		}
	}
	return parts > 1 || len(s) > digits || s[0] == '0' && len(s) > 1
}

// digits are as many as a spreadsheet keeps of a number.
const digits = 15

func writeSeparated(w io.Writer, t Table, separator rune, o Options) error {
	if o.BOM {
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return err
		}
	}
	out := csv.NewWriter(w)
	out.Comma = separator
	out.UseCRLF = true // RFC 4180
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = o.guarded(o.head(c))
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for cells, err := range t.Rows {
		if err != nil {
			return err
		}
		for i, cell := range cells {
			line[i] = o.guarded(cell)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func writeJSON(w io.Writer, t Table) error {
	var row bytes.Buffer
	row.WriteByte('[')
	empty := true
	for cells, err := range t.Rows {
		if err != nil {
			return err
		}
		if !empty {
			row.WriteByte(',')
		}
		empty = false
		row.WriteString("\n  {")
		for i, cell := range cells {
			if i > 0 {
				row.WriteString(", ")
			}
			if at, ok := cell.(time.Time); ok {
				cell = nil
				if !at.IsZero() {
					cell = at.UTC()
				}
			}
			value, err := json.Marshal(cell)
			if err != nil {
				return fmt.Errorf("write column %s: %w", t.Columns[i].Name, err)
			}
			fmt.Fprintf(&row, "%q: %s", t.Columns[i].Name, value)
		}
		row.WriteByte('}')
		if _, err := row.WriteTo(w); err != nil {
			return err
		}
	}
	if !empty {
		row.WriteByte('\n')
	}
	row.WriteString("]\n")
	_, err := row.WriteTo(w)
	return err
}

func writeXML(w io.Writer, t Table) error {
	var row bytes.Buffer
	fmt.Fprintf(&row, "%s<%s>\n", xml.Header, t.Name)
	for cells, err := range t.Rows {
		if err != nil {
			return err
		}
		fmt.Fprintf(&row, "  <%s>\n", t.Row)
		for i, cell := range cells {
			fmt.Fprintf(&row, "    <%s>", t.Columns[i].Name)
			if err := xml.EscapeText(&row, []byte(text(cell))); err != nil {
				return err
			}
			fmt.Fprintf(&row, "</%s>\n", t.Columns[i].Name)
		}
		fmt.Fprintf(&row, "  </%s>\n", t.Row)
		if _, err := row.WriteTo(w); err != nil {
			return err
		}
	}
	fmt.Fprintf(&row, "</%s>\n", t.Name)
	_, err := row.WriteTo(w)
	return err
}

func writeText(w io.Writer, t Table) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = strings.ToUpper(c.Title)
	}
	if _, err := fmt.Fprintln(out, strings.Join(line, "\t")); err != nil {
		return err
	}
	for cells, err := range t.Rows {
		if err != nil {
			return err
		}
		for i, cell := range cells {
			line[i] = Plain(text(cell))
		}
		if _, err := fmt.Fprintln(out, strings.Join(line, "\t")); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Plain is s without what a terminal would obey: control characters become a replacement character.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
