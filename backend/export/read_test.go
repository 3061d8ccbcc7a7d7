package export

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a spreadsheet would take for a formula is guarded on the way out and as it was when it comes back.
func TestTablesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	awkward := []string{"", "=1", "'=1", "''=1", "'", "''", "'a", "-", "'-", "+49", "@x", "\tx", "a,b;c\t\"d\"\ne", " =1 ", "Zoë 🏔", "'''", "0012"}
	for _, f := range []Format{CSV, TSV, XLSX} {
		var file bytes.Buffer
		table := Table{Name: "texts", Columns: []Column{{"key", "Key"}, {"text", "Text"}}, Rows: func(yield func([]any, error) bool) {
			for _, s := range awkward {
				if !yield([]any{"k", s}, nil) {
					return
				}
			}
		}}
		if err := Write(&file, f, table, Options{BOM: true}); err != nil {
			t.Fatal(err)
		}
		rows, err := Read(f, file.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		var got []string
		for _, r := range rows[1:] {
			got = append(got, append(r.Cells, "")[1]) // a spreadsheet leaves out the last cells if they are empty
		}
		if diff := cmp.Diff(awkward, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f, diff)
		}
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
