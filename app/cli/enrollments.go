package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/mdm"
)

func (p *program) enrollmentsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "enrollments",
		Short:   "The phones",
		Example: `  gatehoused enrollments list --format xlsx -o phones.xlsx`,
	}
	c.AddCommand(
		p.listEnrollmentsCommand(), p.showEnrollmentCommand(),
		p.retireEnrollmentsCommand(), p.archiveEnrollmentsCommand(), p.restoreEnrollmentsCommand(), p.purgeEnrollmentsCommand(),
		p.duplicatesCommand(), p.linkCommand(), p.unlinkCommand(), p.importRemarksCommand(),
	)
	return c
}

// column is a column of the list of phones.
type column struct {
	export.Column
	value func(admin.Enrollment) any
}

// columns are what a person wants to see of one phone.
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

func (p *program) listEnrollmentsCommand() *cobra.Command {
	var view admin.ListView
	var names, format, file, excel string
	var bom bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the phones, or write the list to a file",
		Long: `Columns are the fields of --json; field1 to field10 are your own. Sort by any of them; with a minus before it, the other
way round. A filter is COLUMN:OPERATOR:VALUE, and all must be so:

  text       contains, begins, is, is_not, in (values separated by |), empty, not_empty
  os_version before, at_least, is, begins
  times      older_than and within (days), before and after (2026-11-22), empty, not_empty
  numbers    less_than, more_than
  tags       has, has_not, empty, not_empty
  state      is, is_not, in

Of the last contact, older_than counts only time in which phones could reach the server.`,
		Example: `  gatehoused enrollments list --state enrolled --sort -last_seen_at
  gatehoused enrollments list --filter os_version:before:18.4 --filter last_seen_at:older_than:30
  gatehoused enrollments list --stale 30 --format xlsx -o quiet.xlsx
  gatehoused enrollments list --format csv --excel de -o geraete.csv`,
		RunE: func(c *cobra.Command, _ []string) error {
			if p.json {
				format = string(export.JSON)
			}
			kind, err := export.Parse(format)
			if err != nil {
				return misuse(c, "--format is one of table, csv, tsv, json, xlsx, xml, html")
			}
			in := admin.ExportIn{}
			in.Body.View, in.Body.Format, in.Body.BOM = &view, string(kind), bom
			in.Body.Local, in.Body.Language = excel != "", excel
			for name := range strings.SplitSeq(names, ",") {
				name = strings.TrimSpace(name)
				if name == "" {
					continue
				}
				if _, ok := mdm.ColumnNamed(name); !ok {
					return misuse(c, "there is no column %q; there are %s", name, columnNames())
				}
				in.Body.Columns = append(in.Body.Columns, admin.ExportColumn{Name: name})
			}
			return p.with(c.Context(), func(d *door) error { return p.save(c.Context(), d, "/enrollments/export", in.Body, file) })
		},
	}
	f := c.Flags()
	f.StringVar(&view.State, "state", "", "waiting, enrolled, quiet, asleep, probably_removed, must_enroll_again, removed or archived")
	f.StringVar(&view.Search, "search", "", "part of a person, an account, a name, a model, a system, a tag, a note")
	f.IntVar(&view.Stale, "stale", 0, "silent for at least so many days")
	f.StringArrayVar(&view.Filter, "filter", nil, "COLUMN:OPERATOR:VALUE; may be given again")
	f.StringVar(&view.Sort, "sort", "", "a column; with a minus before it, the other way round")
	f.StringVar(&names, "columns", "", "names of columns, separated by commas")
	f.StringVar(&format, "format", string(export.Text), "table, csv, tsv, json, xlsx, xml or html")
	f.StringVarP(&file, "output", "o", "", "write to this file")
	f.StringVar(&excel, "excel", "", "for a spreadsheet in this language, such as en or de: headings, dates, separator")
	f.BoolVar(&bom, "bom", false, "begin csv and tsv with a byte order mark")
	return c
}

func columnNames() string {
	var names []string
	for _, c := range mdm.Columns() {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// save writes the file that the door answers with, to a file or to standard output. What cannot be written whole is not
// left half.
func (p *program) save(ctx context.Context, d *door, path string, body any, file string) (err error) {
	content, err := d.download(ctx, path, body)
	if err != nil {
		return err
	}
	defer content.Close()
	if file == "" {
		_, err = io.Copy(p.out, content)
		return err
	}
	f, err := os.Create(file)
	if err == nil {
		_, err = io.Copy(f, content)
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(file))
		}
	}
	if err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	return nil
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
