package export

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// A page to print: black on white, headings on every sheet, nothing from elsewhere.
const printStyle = `body{font:12px system-ui,sans-serif;margin:24px;color:#111}h1{font-size:18px}table{border-collapse:collapse;width:100%}` +
	`th,td{text-align:start;padding:4px 8px;border-bottom:1px solid #ccc;vertical-align:top;overflow-wrap:anywhere;white-space:pre-line}` +
	`thead{display:table-header-group}tr{break-inside:avoid}@page{size:A4 landscape;margin:12mm}@media print{body{margin:0}}`

func writeHTML(w io.Writer, t Table, o Options) error {
	o.Local = true
	heading := o.Heading
	if heading == "" {
		heading = t.Name
	}
	language := o.Language
	if language == "" {
		language = "en"
	}
	_, err := fmt.Fprintf(w, "<!doctype html>\n<html lang=\"%s\" dir=\"%s\"><head><meta charset=\"utf-8\"><title>%s</title><style>%s</style></head>\n<body><h1>%s</h1>\n<table><thead><tr>",
		html.EscapeString(language), direction(language), html.EscapeString(heading), printStyle, html.EscapeString(heading))
	if err != nil {
		return err
	}
	for _, c := range t.Columns {
		if _, err := fmt.Fprintf(w, "<th scope=\"col\">%s</th>", html.EscapeString(o.head(c))); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(w, "</tr></thead>\n<tbody>\n"); err != nil {
		return err
	}
	for cells, err := range t.Rows {
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, "<tr>"); err != nil {
			return err
		}
		for _, cell := range cells {
			if _, err := fmt.Fprintf(w, "<td dir=\"auto\">%s</td>", html.EscapeString(lines(o.text(cell)))); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, "</tr>\n"); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "</tbody></table></body></html>\n")
	return err
}

// direction is how a language runs.
func direction(language string) string {
	base, _, _ := strings.Cut(language, "-")
	if slices.Contains([]string{"ar", "fa", "he", "ur"}, base) {
		return "rtl"
	}
	return "ltr"
}

// lines is s in lines that are [Plain] each.
func lines(s string) string {
	all := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range all {
		all[i] = Plain(line)
	}
	return strings.Join(all, "\n")
}
