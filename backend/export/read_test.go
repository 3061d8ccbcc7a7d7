package export

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a spreadsheet would take for a formula, or for another value, is guarded on the way out and as it was when it comes
// back.
func TestTablesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	awkward := []string{"", "=1", "'=1", "''=1", "'", "''", "'a", "-", "'-", "+49", "@x", "\tx", "a,b;c\t\"d\"\ne", " =1 ", "Zoë 🏔", "'''", "0012", "'0012", "''1/2", "26.1"}
	for _, f := range []Format{CSV, TSV, XLSX} {
		for _, o := range []Options{{BOM: true}, For("de", nil)} {
			if diff := cmp.Diff(awkward, there(t, f, o, awkward)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", f, diff)
			}
		}
	}
}

// there are texts after their way into a file and back.
func there(t *testing.T, f Format, o Options, texts []string) (back []string) {
	t.Helper()
	var file bytes.Buffer
	table := Table{Name: "texts", Columns: []Column{{"key", "Key"}, {"text", "Text"}}, Rows: func(yield func([]any, error) bool) {
		for _, s := range texts {
			if !yield([]any{"k", s}, nil) {
				return
			}
		}
	}}
	if err := Write(&file, f, table, o); err != nil {
		t.Fatal(err)
	}
	rows, err := Read(f, file.Bytes())
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	for _, r := range rows[1:] {
		back = append(back, append(r.Cells, "")[1]) // a spreadsheet leaves out the last cells if they are empty
	}
	return back
}

func TestForASpreadsheetNumbersOfThingsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"0012": true, "26.1": true, "26.0.1": true, "1/2": true, "3-4": true, "12345678901234567": true, "1E5": true, "1,5": true,
		"12": false, "0": false, "123456789012345": false, "A1": false, "1 2": false, "26.1 beta": false, "1.": false, "1E": false, "": false,
	} {
		if misread(s) != want {
			t.Errorf("misread(%q) is %v", s, !want)
		}
	}
	var file bytes.Buffer
	rows := func(yield func([]any, error) bool) { yield([]any{"0012", 7}, nil) }
	if err := Write(&file, CSV, Table{Columns: []Column{{"a", "A"}, {"b", "B"}}, Rows: rows}, For("de", nil)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(file.String(), "\r\n'0012;7\r\n") {
		t.Errorf("%q", file.String())
	}
}

func TestFilesThatPeopleSave(t *testing.T) {
	t.Parallel()
	want := []Row{{Line: 1, Cells: []string{"key", "text"}}, {Line: 2, Cells: []string{"a", "b\nc"}}, {Line: 4, Cells: []string{"d"}}}
	for name, content := range map[string]string{
		"commas":     "key,text\na,\"b\nc\"\nd\n",
		"semicolons": "\uFEFFkey;text\r\na;\"b\r\nc\"\r\nd\r\n",
		"tabs":       "key\ttext\na\t\"b\nc\"\nd",
		"UTF-16":     "\xff\xfek\x00e\x00y\x00;\x00t\x00e\x00x\x00t\x00\n\x00a\x00;\x00\"\x00b\x00\n\x00c\x00\"\x00\n\x00d\x00",
	} {
		rows, err := Read(CSV, []byte(content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := (Row{Line: 12, Sheet: true}).Where(5); got != "F12" {
		t.Errorf("a cell is called %q", got)
	}
}

func TestHostileFiles(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		f       Format
		content string
		code    string
	}{
		"wide":        {CSV, strings.Repeat(",", 1000), "too_large"},
		"long":        {CSV, strings.Repeat("x\n", maxRows+1), "too_large"},
		"binary":      {CSV, "a\x00b", "encoding"},
		"Latin-1":     {CSV, "a\n\xe9", "encoding"},
		"not a ZIP":   {XLSX, "PK\x03\x04", "broken"},
		"half quotes": {CSV, "a,\"b", "broken"},
	} {
		_, err := Read(x.f, []byte(x.content))
		var refused *ReadError
		if !errors.As(err, &refused) || refused.Code != x.code {
			t.Errorf("%s: got %v, want %s", name, err, x.code)
		}
	}
	if _, err := Read(JSON, nil); !errors.Is(err, ErrFormat) {
		t.Errorf("a format that does not come back: got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("csv", []byte("key,text\na,'=b\n"))
	var file bytes.Buffer
	if err := Write(&file, XLSX, phones(), Options{}); err != nil {
		f.Fatal(err)
	}
	f.Add("xlsx", file.Bytes())
	f.Fuzz(func(t *testing.T, format string, content []byte) {
		rows, err := Read(Format(format), content)
		var refused *ReadError
		if err != nil && !errors.As(err, &refused) && !errors.Is(err, ErrFormat) {
			t.Errorf("an error that nobody understands: %v", err)
		}
		if err == nil && len(rows) > maxRows {
			t.Errorf("%d rows", len(rows))
		}
	})
}
