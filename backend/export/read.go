package export

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Row is one row of a table that came back.
type Row struct {
	Line  int      // in the file, from 1
	Sheet bool     // of a spreadsheet: its cells have names
	Cells []string // without what was put before formulas
}

// Where says where a cell stands: "F12", or the line.
func (r Row) Where(column int) string {
	if r.Sheet {
		if name, err := excelize.CoordinatesToCellName(column+1, r.Line); err == nil {
			return name
		}
	}
	return fmt.Sprintf("line %d", r.Line)
}

// ReadError says why a file is not a table that can be read.
type ReadError struct {
	Code string // encoding, broken, too_large
	Line int    // 0: the file as a whole
	err  error
}

func (e *ReadError) Error() string {
	s := "export: the file cannot be read (" + e.Code + ")"
	if e.Line > 0 {
		s += fmt.Sprintf(", line %d", e.Line)
	}
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return s
}

func (e *ReadError) Unwrap() error { return e.err }

// What a table may hold that people send back. A spreadsheet is a ZIP file and may unfold to far more than was sent.
const (
	maxRows     = 20_000
	maxColumns  = 256 // a device management lists all that it knows
	maxUnfolded = 32 << 20
	maxParts    = 500
)

// Read reads a table in the format [CSV], [TSV] or [XLSX], of which the first two are told apart by themselves: spreadsheet
// programs save what they like. The first row is that of the headings.
func Read(f Format, content []byte) ([]Row, error) {
	switch f {
	case CSV, TSV:
		return readSeparated(content)
	case XLSX:
		return readXLSX(content)
	default:
		return nil, fmt.Errorf("%w: %q", ErrFormat, f)
	}
}

// unguarded takes back what guarded did.
func unguarded(s string) string {
	if strings.HasPrefix(s, "'") && (formula(s) || misread(s)) {
		return s[1:]
	}
	return s
}

// Legacy is a file as UTF-8 that may be of a time before: what is no UTF-8 is Windows-1252, as Excel still writes it in the
// West. Where that has no letter either, it stays as it is, and reading it says so.
func Legacy(content []byte) []byte {
	marked := bytes.HasPrefix(content, []byte{0xFF, 0xFE}) || bytes.HasPrefix(content, []byte{0xFE, 0xFF})
	if marked || utf8.Valid(content) || bytes.ContainsAny(content, "\x00") || bytes.HasPrefix(content, []byte("PK\x03\x04")) {
		return content
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(content)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return content
	}
	return text
}

// Decode is a text file as UTF-8, whatever the byte order mark says.
func Decode(content []byte) (string, error) {
	if bytes.HasPrefix(content, []byte{0xFF, 0xFE}) || bytes.HasPrefix(content, []byte{0xFE, 0xFF}) {
		b, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(content)
		if err != nil || bytes.ContainsRune(b, utf8.RuneError) {
			return "", &ReadError{Code: "encoding", err: err}
		}
		content = b
	}
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	if !utf8.Valid(content) {
		at := 0
		for utf8.FullRune(content[at:]) {
			r, n := utf8.DecodeRune(content[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		return "", &ReadError{Code: "encoding", Line: 1 + bytes.Count(content[:at], []byte("\n"))}
	}
	if i := bytes.IndexByte(content, 0); i >= 0 {
		return "", &ReadError{Code: "encoding", Line: 1 + bytes.Count(content[:i], []byte("\n"))}
	}
	return string(content), nil
}

func readSeparated(content []byte) ([]Row, error) {
	s, err := Decode(content)
	if err != nil {
		return nil, err
	}
	headings, _, _ := strings.Cut(s, "\n")
	in := csv.NewReader(strings.NewReader(s))
	in.FieldsPerRecord = -1
	for _, separator := range ";\t|" {
		if strings.Count(headings, string(separator)) > strings.Count(headings, string(in.Comma)) {
			in.Comma = separator
		}
	}
	var rows []Row
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return nil, &ReadError{Code: "broken", Line: broken.Line, err: broken.Err}
		}
		if err != nil {
			return nil, &ReadError{Code: "broken", err: err}
		}
		line, _ := in.FieldPos(0)
		if len(rows) == maxRows || len(cells) > maxColumns {
			return nil, &ReadError{Code: "too_large", Line: line}
		}
		for i, cell := range cells {
			cells[i] = unguarded(cell)
		}
		rows = append(rows, Row{Line: line, Cells: cells})
	}
}

// readXLSX reads the first sheet.
func readXLSX(content []byte) (rows []Row, err error) {
	if err := unfold(content); err != nil {
		return nil, err
	}
	defer func() { // the file is a stranger's, the library somebody else's
		if v := recover(); v != nil {
			rows, err = nil, &ReadError{Code: "broken", err: fmt.Errorf("%v", v)}
		}
	}()
	file, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnfolded, UnzipXMLSizeLimit: maxUnfolded,
	})
	if err != nil {
		return nil, &ReadError{Code: "broken", err: err}
	}
	defer file.Close()
	sheets := file.GetSheetList()
	if len(sheets) == 0 {
		return nil, &ReadError{Code: "broken", err: errors.New("no sheet")}
	}
	in, err := file.Rows(sheets[0])
	if err != nil {
		return nil, &ReadError{Code: "broken", err: err}
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	for line := 1; in.Next(); line++ {
		cells, err := in.Columns()
		switch {
		case err != nil:
			return nil, &ReadError{Code: "broken", Line: line, err: err}
		case line > maxRows, len(cells) > maxColumns:
			return nil, &ReadError{Code: "too_large", Line: line}
		case len(cells) == 0:
			continue
		}
		for _, cell := range cells {
			if !utf8.ValidString(cell) || strings.ContainsRune(cell, 0) {
				return nil, &ReadError{Code: "encoding", Line: line}
			}
		}
		rows = append(rows, Row{Line: line, Sheet: true, Cells: cells})
	}
	if err := in.Error(); err != nil {
		return nil, &ReadError{Code: "broken", err: err}
	}
	return rows, nil
}

// unfold says whether a ZIP file stays small when it is unfolded. What its directory says about sizes is not believed.
func unfold(content []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return &ReadError{Code: "broken", err: err}
	}
	if len(archive.File) > maxParts {
		return &ReadError{Code: "too_large"}
	}
	left := int64(maxUnfolded)
	for _, f := range archive.File {
		part, err := f.Open()
		if err != nil {
			return &ReadError{Code: "broken", err: err}
		}
		n, err := io.Copy(io.Discard, io.LimitReader(part, left+1))
		part.Close()
		if left -= n; left < 0 {
			return &ReadError{Code: "too_large"}
		}
		if err != nil {
			return &ReadError{Code: "broken", err: err}
		}
	}
	return nil
}
