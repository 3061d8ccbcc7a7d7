package export_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"runtime"
	"testing"
	"time"

	"example.org/gatehouse/backend/export"
)

// csvOverPlain is how long a list as CSV may take, over encoding/csv that writes the same words from memory; of the time,
// cells are put into words and guarded against formulas.
//
//	go test -run '^$' -bench Promise ./backend/export
const csvOverPlain = 2.0

var listColumns = func() []export.Column {
	var all []export.Column
	for _, name := range []string{
		"name", "nickname", "person", "person_name", "group", "managed_account", "state", "model", "product_name", "os_version", "build",
		"last_seen_at", "last_info_at", "enrolled_at", "ended_at", "woken_at", "capacity", "available", "battery", "passcode", "tags", "notes", "kept", "id",
	} {
		all = append(all, export.Column{Name: name})
	}
	return all
}()

// listRows are so many rows of a list of phones.
func listRows(n int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
		for i := range n {
			person := fmt.Sprintf("person%06d@example.org", i)
			seen := at.Add(-time.Duration(i) * time.Minute)
			row := []any{
				"Zoë’s iPhone", "", person, "Zoë Müller", "Sales", person, "enrolled", "iPhone 16 Pro Max", "iPhone17,2", "26.1", "23B85",
				seen, seen, seen.AddDate(0, -3, 0), nil, seen, int64(128 << 30), int64(i) << 20, int64(i % 101), "3", "VIP, board", "has a \"case\", blue", false, fmt.Sprintf("9A6B5C4D-0001-4E2F-8A3B-%012d", i),
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func BenchmarkPromiseCSV(b *testing.B) {
	const rows = 100_000
	var cells [][]any
	for row, err := range listRows(rows) {
		if err != nil {
			b.Fatal(err)
		}
		cells = append(cells, row)
	}
	from := func(yield func([]any, error) bool) {
		for _, row := range cells {
			if !yield(row, nil) {
				return
			}
		}
	}
	var words [][]string
	for _, row := range cells {
		var line []string
		for _, cell := range row {
			switch v := cell.(type) {
			case nil:
				line = append(line, "")
			case time.Time:
				line = append(line, v.Format(time.RFC3339))
			default:
				line = append(line, fmt.Sprint(v))
			}
		}
		words = append(words, line)
	}
	took := func(do func() error) float64 {
		least := time.Hour
		for range 3 {
			began := time.Now()
			if err := do(); err != nil {
				b.Fatal(err)
			}
			least = min(least, time.Since(began))
		}
		return least.Seconds()
	}
	for b.Loop() {
		plain := took(func() error { return csv.NewWriter(io.Discard).WriteAll(words) })
		ours := took(func() error {
			return export.Write(io.Discard, export.CSV, export.Table{Columns: listColumns, Rows: from}, export.Options{})
		})
		b.ReportMetric(1000*ours, "ms/csv")
		b.ReportMetric(ours/plain, "×plain")
		if ours > csvOverPlain*plain {
			b.Errorf("CSV takes %.1f × what encoding/csv takes, at most %.1f are promised", ours/plain, csvOverPlain)
		}
	}
}

// A list of any length is written row by row: what is held of it does not grow.
func TestFilesAreWrittenInConstantMemory(t *testing.T) {
	for _, format := range []export.Format{export.CSV, export.TSV, export.JSON, export.XML, export.XLSX, export.HTML} {
		rows, bound := 20_000, int64(2<<20)
		if format == export.XLSX {
			rows, bound = 60_000, 24<<20 // the library goes to the disk after 16 MB
		}
		var most uint64
		watched := func(yield func([]any, error) bool) {
			i := 0
			for row, err := range listRows(rows) {
				if !yield(row, err) {
					return
				}
				if i++; i%5_000 == 0 {
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
			}
		}
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := export.Write(io.Discard, format, export.Table{Name: "phones", Row: "phone", Columns: listColumns, Rows: watched}, export.Options{}); err != nil {
			t.Fatal(err)
		}
		if grown := int64(most) - int64(before.HeapAlloc); grown > bound {
			t.Errorf("%s holds %d MB of %d rows", format, grown>>20, rows)
		}
	}
}
