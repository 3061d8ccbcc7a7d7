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
	Text Format = "table"
)

// Formats lists all of them.
func Formats() []Format { return []Format{Text, CSV, TSV, JSON, XLSX, XML} }

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
}

// Write writes the table.
func Write(w io.Writer, f Format, t Table, o Options) error {
	buffered := bufio.NewWriter(w)
	var err error
	switch f {
	case CSV:
		err = writeSeparated(buffered, t, ',', o)
	case TSV:
		err = writeSeparated(buffered, t, '\t', o)
	case JSON:
		err = writeJSON(buffered, t)
	case XML:
		err = writeXML(buffered, t)
	case XLSX:
		err = writeXLSX(buffered, t)
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

// guarded is the text of a cell that no spreadsheet takes for a formula. Numbers of ours may begin with a minus.
func guarded(cell any) string {
	s, ok := cell.(string)
	if !ok || s == "" {
		return text(cell)
	}
	if formula(s) {
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
		line[i] = c.Name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for cells, err := range t.Rows {
		if err != nil {
			return err
		}
		for i, cell := range cells {
			line[i] = guarded(cell)
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
