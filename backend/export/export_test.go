package export

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// phones has everything that a name can do to a file.
func phones() Table {
	seen := time.Date(2026, 11, 22, 21, 30, 0, 0, time.FixedZone("CET", 3600))
	return Table{
		Name: "enrollments", Row: "enrollment",
		Columns: []Column{{"name", "Name"}, {"open", "Open"}, {"managed", "Managed"}, {"seen_at", "Seen"}},
		Rows: rows(
			[]any{"Ada's iPhone", 3, true, seen},
			[]any{`=HYPERLINK("http://example.com","x")`, 0, false, time.Time{}},
			[]any{"+49 30 1234", -1, false, nil},
			[]any{"-2+3", 0, false, nil},
			[]any{"@SUM(1;2)", 0, false, nil},
			[]any{"\tcmd|' /C calc'!A0", 0, false, nil},
			[]any{"Zoë 🏔 “Tel\"efon”, <b>;\r\nzweite Zeile", int64(7), true, nil},
			[]any{"\x1b[31mred\x07\u202etxt.exe", 0, true, nil},
		),
	}
}

func rows(list ...[]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestFilesLookTheSameAsEver(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{CSV, TSV, JSON, XML, Text} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := Write(&got, f, phones(), Options{}); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join("testdata", "phones."+string(f))
			if *update {
				if err := os.WriteFile(name, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-golden +got):\n%s", name, diff)
			}
		})
	}
}

func TestSpreadsheetKeepsTextAsText(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if err := Write(&got, XLSX, phones(), Options{}); err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(&got)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}()
	for cell, want := range map[string]string{
		"A1": "name", "A2": "Ada's iPhone", "A3": `=HYPERLINK("http://example.com","x")`, "A5": "-2+3", "B4": "-1", "C2": "TRUE",
	} {
		value, err := file.GetCellValue("enrollments", cell)
		if err != nil || value != want {
			t.Errorf("%s: got %q, %v; want %q", cell, value, err, want)
		}
		if formula, err := file.GetCellFormula("enrollments", cell); err != nil || formula != "" {
			t.Errorf("%s is a formula: %q, %v", cell, formula, err)
		}
	}
	if value, err := file.GetCellValue("enrollments", "D2"); err != nil || value != "2026-11-22 20:30:00" {
		t.Errorf("time: got %q, %v; want it in UTC", value, err)
	}
}

// What other programs read must be what we wrote.
func TestOtherProgramsReadIt(t *testing.T) {
	t.Parallel()
	var asJSON, asXML bytes.Buffer
	if err := errors.Join(Write(&asJSON, JSON, phones(), Options{}), Write(&asXML, XML, phones(), Options{})); err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name   string `json:"name"`
		SeenAt string `json:"seen_at"`
	}
	if err := json.Unmarshal(asJSON.Bytes(), &list); err != nil {
		t.Fatalf("JSON: %v", err)
	}
	if len(list) != 8 || list[1].Name[0] != '=' || list[0].SeenAt != "2026-11-22T20:30:00Z" {
		t.Errorf("JSON: got %+v", list)
	}
	var document struct {
		Enrollment []struct {
			Name string `xml:"name"`
		} `xml:"enrollment"`
	}
	if err := xml.Unmarshal(asXML.Bytes(), &document); err != nil {
		t.Fatalf("XML: %v", err)
	}
	if len(document.Enrollment) != 8 || document.Enrollment[0].Name != "Ada's iPhone" {
		t.Errorf("XML: got %+v", document)
	}
}

func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if err := Write(&got, CSV, phones(), Options{BOM: true}); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(got.Bytes(), []byte{0xEF, 0xBB, 0xBF}) {
		t.Error("no byte order mark")
	}
}

// A list that breaks in the middle must not look like a short one.
func TestBrokenRowsAreAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for _, f := range Formats() {
		table := phones()
		table.Rows = func(yield func([]any, error) bool) {
			if yield([]any{"a", 1, true, nil}, nil) {
				yield(nil, broken)
			}
		}
		if err := Write(&bytes.Buffer{}, f, table, Options{}); !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want the error of the rows", f, err)
		}
	}
	if _, err := Parse("pdf"); !errors.Is(err, ErrFormat) {
		t.Errorf("pdf: got %v, want ErrFormat", err)
	}
}
