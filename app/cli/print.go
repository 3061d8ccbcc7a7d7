package cli

import (
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"example.org/gatehouse/backend/export"
)

// document writes one JSON document.
func (p *program) document(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// show writes v as JSON, or calls the one who writes words.
func (p *program) show(v any, words func()) error {
	if p.json {
		return p.document(v)
	}
	words()
	return nil
}

// line writes one line of "name: value" for people.
func (p *program) line(name string, value any) {
	if at, ok := value.(time.Time); ok {
		if at.IsZero() {
			return
		}
		value = at.Local().Format("2006-01-02 15:04:05 MST")
	}
	if s := fmt.Sprint(value); s != "" {
		p.printf("%-22s %s\n", name+":", export.Plain(s))
	}
}

// table writes rows for people.
func (p *program) table(columns []export.Column, rows [][]any) error {
	return export.Write(p.out, export.Text, export.Table{Columns: columns, Rows: all(rows)}, export.Options{})
}

func all(rows [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}
