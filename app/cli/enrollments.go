package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) enrollmentsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "enrollments",
		Short:   "The phones",
		Example: `  gatehoused enrollments list --format xlsx -o phones.xlsx`,
	}
	c.AddCommand(
		p.listEnrollmentsCommand(), p.showEnrollmentCommand(),
		p.archiveEnrollmentsCommand(), p.restoreEnrollmentsCommand(), p.purgeEnrollmentsCommand(),
		p.duplicatesCommand(), p.linkCommand(), p.unlinkCommand(),
	)
	return c
}

// column is a column of the list of phones.
type column struct {
	export.Column
	value func(admin.Enrollment) any
}

// columns are all there are; the first ones are what a person at a terminal wants to see.
var columns = []column{
	{export.Column{Name: "name", Title: "Name"}, func(e admin.Enrollment) any { return e.Name }},
	{export.Column{Name: "person", Title: "Person"}, func(e admin.Enrollment) any { return e.Person }},
	{export.Column{Name: "state", Title: "State"}, func(e admin.Enrollment) any { return e.State }},
	{export.Column{Name: "model", Title: "Model"}, func(e admin.Enrollment) any { return e.Model }},
	{export.Column{Name: "os_version", Title: "OS"}, func(e admin.Enrollment) any { return e.OSVersion }},
	{export.Column{Name: "last_seen_at", Title: "Last seen"}, func(e admin.Enrollment) any { return e.LastSeenAt }},
	{export.Column{Name: "id", Title: "ID"}, func(e admin.Enrollment) any { return e.ID }},
	{export.Column{Name: "enrollment_id", Title: "Enrollment ID"}, func(e admin.Enrollment) any { return e.EnrollmentID }},
	{export.Column{Name: "person_name", Title: "Person's name"}, func(e admin.Enrollment) any { return e.PersonName }},
	{export.Column{Name: "managed_account", Title: "Managed account"}, func(e admin.Enrollment) any { return e.ManagedAccount }},
	{export.Column{Name: "state_reason", Title: "Because"}, func(e admin.Enrollment) any { return e.Described.Reason }},
	{export.Column{Name: "product_name", Title: "Product"}, func(e admin.Enrollment) any { return e.ProductName }},
	{export.Column{Name: "build", Title: "Build"}, func(e admin.Enrollment) any { return e.Build }},
	{export.Column{Name: "enrolled_at", Title: "Enrolled"}, func(e admin.Enrollment) any { return e.EnrolledAt }},
	{export.Column{Name: "last_info_at", Title: "Last inventory"}, func(e admin.Enrollment) any { return e.LastInfoAt }},
	{export.Column{Name: "ended_at", Title: "Ended"}, func(e admin.Enrollment) any { return e.EndedAt }},
	{export.Column{Name: "former_id", Title: "Formerly"}, func(e admin.Enrollment) any { return e.FormerID }},
}

// glance is how many of them a terminal shows unless told otherwise.
const glance = 7

func chooseColumns(names string, all bool) ([]column, error) {
	if names == "" && all {
		return columns, nil
	}
	if names == "" {
		return columns[:glance], nil
	}
	var chosen []column
	for name := range strings.SplitSeq(names, ",") {
		i := 0
		for i < len(columns) && columns[i].Name != strings.TrimSpace(name) {
			i++
		}
		if i == len(columns) {
			return nil, fmt.Errorf("there is no column %q; there are %s", name, columnNames())
		}
		chosen = append(chosen, columns[i])
	}
	return chosen, nil
}

func columnNames() string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func (p *program) listEnrollmentsCommand() *cobra.Command {
	var state, search, sort, names, format, file string
	var stale int
	var bom bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the phones, or write the list to a file",
		Long:  "Columns: " + columnNames() + ".\nSort by person, name, model, os, enrolled_at or last_seen_at; with a minus before it, the other way round.",
		Example: `  gatehoused enrollments list --state enrolled --sort -last_seen_at
  gatehoused enrollments list --stale 30 --format xlsx -o quiet.xlsx`,
		RunE: func(c *cobra.Command, _ []string) error {
			if p.json {
				format = string(export.JSON)
			}
			kind, err := export.Parse(format)
			if err != nil {
				return misuse(c, "--format is one of table, csv, tsv, json, xlsx, xml")
			}
			chosen, err := chooseColumns(names, kind != export.Text)
			if err != nil {
				return misuse(c, "%v", err)
			}
			query := url.Values{"limit": {"500"}, "counts": {"false"}}
			for name, value := range map[string]string{"state": state, "search": search, "sort": sort} {
				if value != "" {
					query.Set(name, value)
				}
			}
			if stale > 0 {
				query.Set("stale", strconv.Itoa(stale))
			}
			return p.with(c.Context(), func(d *door) error {
				t := export.Table{Name: "enrollments", Row: "enrollment", Rows: pages(c.Context(), d, query, chosen)}
				for _, one := range chosen {
					t.Columns = append(t.Columns, one.Column)
				}
				return p.writeTable(file, kind, t, export.Options{BOM: bom})
			})
		},
	}
	f := c.Flags()
	f.StringVar(&state, "state", "", "waiting, enrolled, quiet, asleep, probably_removed, must_enroll_again, removed or archived")
	f.StringVar(&search, "search", "", "part of a person, an account, a name, a model or a system")
	f.IntVar(&stale, "stale", 0, "silent for at least so many days")
	f.StringVar(&sort, "sort", "", "a column; with a minus before it, the other way round")
	f.StringVar(&names, "columns", "", "names of columns, separated by commas")
	f.StringVar(&format, "format", string(export.Text), "table, csv, tsv, json, xlsx or xml")
	f.StringVarP(&file, "output", "o", "", "write to this file")
	f.BoolVar(&bom, "bom", false, "begin csv and tsv with a byte order mark, for Excel")
	return c
}

// pages asks for page after page while the rows are written.
func pages(ctx context.Context, d *door, query url.Values, chosen []column) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for {
			page, err := call[admin.Enrollments](ctx, d, http.MethodGet, "/enrollments?"+query.Encode(), nil)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range page.Enrollments {
				row := make([]any, len(chosen))
				for i, c := range chosen {
					row[i] = c.value(e)
				}
				if !yield(row, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			query.Set("after", page.Next)
		}
	}
}

func (p *program) writeTable(file string, kind export.Format, t export.Table, o export.Options) (err error) {
	out := p.out
	if file != "" {
		f, err := os.Create(file)
		if err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
		defer func() {
			if closeErr := f.Close(); err == nil && closeErr != nil {
				err = fmt.Errorf("write the list: %w", closeErr)
			}
		}()
		out = io.Writer(f)
	}
	return export.Write(out, kind, t, o)
}

func (p *program) showEnrollmentCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show one phone with its timeline",
		Example: `  gatehoused enrollments show 8F2C0A4E-… --json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error { return p.showEnrollment(c.Context(), d, args[0]) })
		},
	}
}

func (p *program) showEnrollment(ctx context.Context, d *door, id string) error {
	path := "/enrollments/" + url.PathEscape(id)
	e, err := call[admin.EnrollmentDetail](ctx, d, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	timeline, err := call[admin.Events](ctx, d, http.MethodGet, path+"/timeline?limit=500", nil)
	if err != nil {
		return err
	}
	commands, err := call[admin.Commands](ctx, d, http.MethodGet, path+"/commands", nil)
	if err != nil {
		return err
	}
	whole := struct {
		*admin.EnrollmentDetail
		Timeline []admin.Event   `json:"timeline"`
		Commands []admin.Command `json:"commands"`
	}{e, timeline.Events, commands.Commands}
	return p.show(whole, func() {
		for _, one := range columns {
			p.line(one.Title, one.value(e.Enrollment))
		}
		p.line("Certificate until", e.IdentityNotAfter)
		for _, f := range e.Facts {
			p.line(f.Name, f.Value)
		}
		for _, c := range commands.Commands {
			p.line(c.Type, c.State+" "+c.Reason)
		}
		p.printf("\n")
		for _, one := range timeline.Events {
			p.printf("%s\n", eventLine(one))
		}
	})
}
