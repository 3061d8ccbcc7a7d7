package text

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/export"
)

// maxPassages is how many texts a file may hold: more than all keys in as many languages as anybody speaks.
const maxPassages = 20_000

var columns = []export.Column{
	{Name: "language", Title: "Language"},
	{Name: "key", Title: "Key"},
	{Name: "purpose", Title: "What it is for"},
	{Name: "max", Title: "Characters at most"},
	{Name: "source", Title: "Source"},
	{Name: "text", Title: "Text"},
}

// writeTable writes texts for people who translate in a spreadsheet.
func writeTable(w io.Writer, f export.Format, h *house, list []passage) error {
	rows := func(yield func([]any, error) bool) {
		for _, p := range list {
			e := h.entries[p.key]
			if !yield([]any{p.language, string(p.key), e.Purpose, strconv.Itoa(e.Max), p.source, p.words}, nil) {
				return
			}
		}
	}
	return export.Write(w, f, export.Table{Name: "texts", Row: "text", Columns: columns, Rows: rows}, export.Options{BOM: true})
}

// readTable reads what came back. Columns are known by their headings, in any order; purpose and limit are for people.
func readTable(f export.Format, content []byte, language string) ([]passage, error) {
	rows, err := export.Read(f, content)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, refuse("file_headings", 0)
	}
	at := map[string]int{}
	for i, cell := range rows[0].Cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		if _, twice := at[name]; twice && slices.ContainsFunc(columns, func(c export.Column) bool { return c.Name == name }) {
			return nil, refuse("file_headings", rows[0].Line, "twice", name)
		}
		at[name] = i
	}
	for _, name := range []string{"key", "text"} {
		if _, ok := at[name]; !ok {
			return nil, refuse("file_headings", rows[0].Line, "missing", name)
		}
	}
	if _, ok := at["language"]; !ok && language == "" {
		return nil, refuse("file_language", rows[0].Line)
	}
	cell := func(r export.Row, name string) string {
		if i, ok := at[name]; ok && i < len(r.Cells) {
			return strings.ReplaceAll(r.Cells[i], "\r\n", "\n")
		}
		return ""
	}
	var list []passage
	for _, r := range rows[1:] {
		if !slices.ContainsFunc(r.Cells, func(c string) bool { return c != "" }) {
			continue
		}
		p := passage{
			language: language, key: Key(strings.TrimSpace(cell(r, "key"))), source: cell(r, "source"), words: cell(r, "text"),
			where: r.Where(at["text"]),
		}
		if said := strings.TrimSpace(cell(r, "language")); said != "" {
			if language != "" && said != language {
				return nil, &RefusedError{[]Problem{{
					Code: "file_other_language", Blocking: true, Language: said, Key: p.key, Where: r.Where(at["language"]),
					Params: map[string]string{"language": said, "wanted": language},
				}}}
			}
			p.language = said
		}
		_, p.sourced = at["source"]
		list = append(list, p)
	}
	return list, nil
}
