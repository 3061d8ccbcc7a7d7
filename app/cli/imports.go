package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

const importWords = `The file is CSV with any separator, TSV or XLSX, in UTF-8, UTF-16 or Windows-1252. Columns are known by their headings;
--match FIELD=HEADING says what another heading means, and can be repeated. Either all lines are imported or none: what
is wrong is said line by line. --dry-run says it and changes nothing.`

func (p *program) importPeopleCommand() *cobra.Command {
	return p.importCommand("Make local accounts from a list",
		`Fields: identifier, name, managed_account, password. Whoever brings no password gets an enrollment code, which is printed.
People who have an account already keep it as it is.

`+importWords,
		"  gatehoused people import staff.csv --match identifier=Mail --dry-run\n  gatehoused people import staff.csv --json > codes.json",
		"/people/import", "%d people added", func(v *admin.Imported) {
			rows := make([][]any, 0, len(v.Codes))
			for _, c := range v.Codes {
				rows = append(rows, []any{c.Identifier, c.Name, c.Code})
			}
			if len(rows) > 0 {
				p.unsaid = errors.Join(p.unsaid, p.table([]export.Column{
					{Name: "identifier", Title: "Identifier"}, {Name: "name", Title: "Name"}, {Name: "code", Title: "Enrollment code"},
				}, rows))
			}
		})
}

func (p *program) importRemarksCommand() *cobra.Command {
	return p.importCommand("Write names, tags, notes and own fields from a list",
		`Fields: phone (its id, or a name, person or account that it alone goes by), nickname, tags, notes, field1 to field10.
Empty cells leave what is there; tags are added.

`+importWords,
		"  gatehoused enrollments import inventory.csv --match phone=Person --match field1=Asset --dry-run",
		"/enrollments/import", "%d phones written about", func(*admin.Imported) {})
}

func (p *program) importCommand(short, long, example, path, count string, more func(*admin.Imported)) *cobra.Command {
	var matches []string
	in := &admin.ImportIn{}
	c := &cobra.Command{
		Use: "import FILE", Short: short, Long: long, Example: example, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if in.Body.Match, err = matched(c, matches); err != nil {
				return err
			}
			if in.Body.File, err = readFile(args[0]); err != nil {
				return err
			}
			return p.with(c.Context(), func(d *door) error {
				return p.importList(c.Context(), d, in, path, count, more)
			})
		},
	}
	c.Flags().BoolVar(&in.DryRun, "dry-run", false, "say what would happen, and change nothing")
	c.Flags().StringArrayVar(&matches, "match", nil, "FIELD=HEADING: which column is what")
	return c
}

// matched reads --match.
func matched(c *cobra.Command, matches []string) (map[string]string, error) {
	match := map[string]string{}
	for _, m := range matches {
		field, heading, ok := strings.Cut(m, "=")
		if !ok {
			return nil, misuse(c, "--match wants FIELD=HEADING, not %q", m)
		}
		match[strings.TrimSpace(field)] = strings.TrimSpace(heading)
	}
	return match, nil
}

// columnsTaken says which column was taken for what, and what is wrong line by line.
func (p *program) columnsTaken(v *admin.Imported) {
	for _, field := range slices.Sorted(maps.Keys(v.Match)) {
		p.line(field, v.Match[field])
	}
	for _, w := range v.Problems {
		p.printf("line %d: %s: %s\n", w.Line, w.Field, strings.ReplaceAll(w.Code, "_", " "))
	}
}

func (p *program) importList(ctx context.Context, d *door, in *admin.ImportIn, path, count string, more func(*admin.Imported)) error {
	if in.DryRun {
		path += "?dry_run=true"
	}
	v, err := call[admin.Imported](ctx, d, http.MethodPost, path, in.Body)
	if err != nil {
		return err
	}
	err = p.show(v, func() {
		p.columnsTaken(v)
		if v.Wrong == 0 {
			said := fmt.Sprintf(count, v.Changed)
			if v.There > 0 {
				said += fmt.Sprintf(", %d there already", v.There)
			}
			if in.DryRun {
				said += "; nothing was changed, it was a dry run"
			}
			p.say("%d lines: %s.", v.Rows, said)
			more(v)
		}
	})
	if err != nil || v.Wrong == 0 {
		return err
	}
	return fmt.Errorf("%d of %d lines cannot be imported; nothing was changed", v.Wrong, v.Rows)
}
