package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"strconv"
	"time"
	_ "time/tzdata" // Windows has no time zones of its own that Go could read

	"github.com/danielgtaylor/huma/v2"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/mdm"
)

// Exported is the event of a list that left the house.
const Exported event.Kind = "list.exported"

// ExportIn asks for a list of phones as a file: exactly what is on the screen, or everything.
type ExportIn struct {
	Body struct {
		Selection
		Everything bool              `json:"everything,omitempty" doc:"all phones, instead of ids or a view"`
		Format     string            `json:"format" enum:"csv,tsv,xlsx,json,xml,html,table"`
		Columns    []ExportColumn    `json:"columns,omitempty" maxItems:"60" doc:"in their order; absent: all there are"`
		Local      bool              `json:"local,omitempty" doc:"for a person who opens it in a spreadsheet: titles for headings, words for codes, separator and dates as the language has them, a byte order mark"`
		Words      map[string]string `json:"words,omitempty" doc:"what states and other codes are called, for local"`
		Language   string            `json:"language,omitempty" maxLength:"35" doc:"BCP 47, for local"`
		TimeZone   string            `json:"time_zone,omitempty" maxLength:"60" doc:"IANA name, for local; UTC when absent" example:"Europe/Berlin"`
		BOM        bool              `json:"bom,omitempty" doc:"begin CSV and TSV with a byte order mark; local does so anyway"`
		Heading    string            `json:"heading,omitempty" maxLength:"200" doc:"above a page to print"`
	}
}

// ExportColumn is a column of the file.
type ExportColumn struct {
	Name  string `json:"name" maxLength:"40"`
	Title string `json:"title,omitempty" maxLength:"100" doc:"its heading, for local"`
}

// attachment is an answer that is no JSON. Whoever sends it closes it.
type attachment struct {
	name, kind string
	size       int64
	content    io.ReadCloser
}

// download adds an operation that answers with a file.
func download[I any](api door, path string, role Role, do func(context.Context, *I) (*attachment, error)) {
	name := operationID(http.MethodPost, path)
	op := described(http.MethodPost, path, role)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "the file",
		Content:     map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
	huma.Register(api.API, op, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		if err := allowed(ctx, role); err != nil {
			return nil, api.problem(ctx, name, err)
		}
		f, err := do(ctx, in)
		if err != nil {
			return nil, api.problem(ctx, name, err)
		}
		return &huma.StreamResponse{Body: func(h huma.Context) {
			defer f.content.Close()
			h.SetHeader("Content-Type", f.kind)
			h.SetHeader("Content-Length", strconv.FormatInt(f.size, 10))
			h.SetHeader("Content-Disposition", `attachment; filename="`+f.name+`"`)
			io.Copy(h.BodyWriter(), f.content) //nolint:errcheck // whoever asked is gone
		}}, nil
	})
}

var kinds = map[export.Format]string{
	export.CSV: "text/csv; charset=utf-8", export.TSV: "text/tab-separated-values; charset=utf-8", export.JSON: "application/json",
	export.XML: "application/xml", export.HTML: "text/html; charset=utf-8", export.Text: "text/plain; charset=utf-8",
	export.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// Export writes a list of phones as a file. It goes to the disk first: a slow reader would keep the database from tidying
// up, and what cannot be written is said before anything is sent.
func (a *API) Export(ctx context.Context, in *ExportIn) (*attachment, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if in.Body.Everything == in.Body.named() || len(in.Body.IDs) > 0 && in.Body.View != nil {
		return nil, fieldError("ids", "required", errNamed)
	}
	format, err := export.Parse(in.Body.Format)
	if err != nil {
		return nil, fieldError("format", "not_choice", err)
	}
	options, err := in.options()
	if err != nil {
		return nil, err
	}
	columns, table, err := a.exportTable(ctx, in, format)
	if err != nil {
		return nil, err
	}
	var q mdm.ListQuery
	if in.Body.View != nil {
		if q, err = in.Body.View.query(); err != nil {
			return nil, err
		}
	}
	rows := 0
	table.Rows = phoneRows(ctx, r.MDM, q, in.Body.IDs, columns, in.words(), &rows)
	name := "phones-" + a.DB.Now().Format("2006-01-02") + "." + in.Body.Format
	f, err := spool(name, kinds[format], func(w io.Writer) error { return export.Write(w, format, table, options) })
	if err != nil {
		return nil, err
	}
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		return a.Config.Events.Add(tx, event.Event{Kind: Exported, Params: map[string]string{"format": in.Body.Format, "count": strconv.Itoa(rows)}})
	})
	if err != nil {
		return nil, errors.Join(err, f.content.Close())
	}
	return f, nil
}

func (in *ExportIn) options() (export.Options, error) {
	o := export.Options{BOM: in.Body.BOM, Language: in.Body.Language, Heading: in.Body.Heading}
	if !in.Body.Local && in.Body.Format != string(export.HTML) {
		return o, nil
	}
	zone := time.UTC
	if in.Body.TimeZone != "" {
		var err error
		if zone, err = time.LoadLocation(in.Body.TimeZone); err != nil {
			return o, fieldError("time_zone", "not_choice", err)
		}
	}
	heading := o.Heading
	o = export.For(in.Body.Language, zone)
	o.Heading = heading
	return o, nil
}

// words are what codes are called; nil in a file for a program.
func (in *ExportIn) words() map[string]string {
	if !in.Body.Local && in.Body.Format != string(export.HTML) {
		return nil
	}
	if in.Body.Words == nil {
		return map[string]string{}
	}
	return in.Body.Words
}

func (a *API) exportTable(ctx context.Context, in *ExportIn, format export.Format) ([]mdm.Column, export.Table, error) {
	table := export.Table{Name: "enrollments", Row: "enrollment"}
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, table, err
	}
	asked := in.Body.Columns
	if len(asked) == 0 {
		for _, c := range mdm.Columns() {
			if c.Glance || format != export.Text && format != export.HTML {
				asked = append(asked, ExportColumn{Name: c.Name})
			}
		}
	}
	var columns []mdm.Column
	for _, one := range asked {
		c, ok := mdm.ColumnNamed(one.Name)
		if !ok {
			return nil, table, fieldError("columns", "not_choice", fmt.Errorf("there is no column %q", one.Name))
		}
		title := one.Title
		if title == "" {
			title, _ = fieldName(now, c)
		}
		columns = append(columns, c)
		table.Columns = append(table.Columns, export.Column{Name: c.Name, Title: title})
	}
	return columns, table, nil
}

// phoneRows are the rows of a file, as they come from the database.
func phoneRows(ctx context.Context, phones *mdm.Server, q mdm.ListQuery, ids []string, columns []mdm.Column, words map[string]string, count *int) iter.Seq2[[]any, error] {
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	return func(yield func([]any, error) bool) {
		row := make([]any, len(columns))
		err := phones.Each(ctx, q, func(e *mdm.Enrollment, m mdm.Moment) error {
			if len(ids) > 0 && !wanted[e.ID] {
				return nil
			}
			for i, c := range columns {
				row[i] = c.Value(e, m)
				if words != nil {
					row[i] = worded(c, e, row[i], words)
				}
			}
			*count++
			if !yield(row, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// worded is a cell for a person.
func worded(c mdm.Column, e *mdm.Enrollment, cell any, words map[string]string) any {
	code, _ := cell.(string)
	switch {
	case c.Kind == mdm.Version:
		return e.Device.System()
	case (c.Kind == mdm.Choice || c.Name == "state_reason") && words[code] != "":
		return words[code]
	}
	return cell
}

var errEnough = errors.New("nobody wants more rows")

// spool writes a file that is gone once it is closed.
func spool(name, kind string, write func(io.Writer) error) (*attachment, error) {
	f, err := os.CreateTemp("", "gatehouse-*")
	if err != nil {
		return nil, fmt.Errorf("write the file: %w", err)
	}
	s := &spooled{f}
	err = write(f)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr); err != nil {
		err = errors.Join(fmt.Errorf("write the file: %w", err), s.Close())
		if isFull(err) {
			return nil, &Error{Code: DiskFull, err: err}
		}
		return nil, err
	}
	return &attachment{name: name, kind: kind, size: info.Size(), content: s}, nil
}

// spooled removes its file when it is closed.
type spooled struct{ *os.File }

// Close removes the file.
func (s *spooled) Close() error { return errors.Join(s.File.Close(), os.Remove(s.Name())) }
