package cli

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) duplicatesCommand() *cobra.Command {
	var least int
	c := &cobra.Command{
		Use:   "duplicates",
		Short: "Show which records are probably one phone that enrolled again",
		Long: `User Enrollment has no number for the hardware, so a phone that enrolls again appears twice. Person, model, times and
name tell which records belong together; link them, or say with unlink that they do not.`,
		Example: `  gatehoused enrollments duplicates --least 50`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				found, err := call[admin.Duplicates](c.Context(), d, http.MethodGet, "/enrollments/duplicates?least="+strconv.Itoa(least), nil)
				if err != nil {
					return err
				}
				if p.json {
					return p.document(found)
				}
				rows := make([][]any, 0, len(found.Duplicates))
				for _, one := range found.Duplicates {
					rows = append(rows, []any{
						strconv.Itoa(one.Confidence) + " %", one.Enrollment.Person, one.Enrollment.Model, one.Enrollment.ID, one.Former.ID,
						strings.ReplaceAll(strings.Join(one.Reasons, ", "), "_", " "),
					})
				}
				return p.table([]export.Column{
					{Name: "confidence", Title: "Sure"},
					{Name: "person", Title: "Person"},
					{Name: "model", Title: "Model"},
					{Name: "id", Title: "ID"},
					{Name: "former", Title: "Formerly"},
					{Name: "reasons", Title: "Because"},
				}, rows)
			})
		},
	}
	c.Flags().IntVar(&least, "least", 75, "per cent of confidence")
	return c
}

func (p *program) linkCommand() *cobra.Command {
	in := &admin.LinkIn{}
	c := &cobra.Command{
		Use:   "link ID FORMER",
		Short: "Say that a phone is one that was enrolled before",
		Long: `Name, notes, tags, own fields and the pin move to the new record. Between two people, --release is needed; then name
and notes stay behind.`,
		Example: `  gatehoused enrollments link 8F2C0A4E-… 17D0B6A2-…`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			in.Body.Former = args[1]
			return p.with(c.Context(), func(d *door) error {
				_, err := call[admin.Done](c.Context(), d, http.MethodPost, "/enrollments/"+url.PathEscape(args[0])+"/link", in.Body)
				if err != nil {
					return err
				}
				return p.show(map[string]string{"id": args[0], "former": args[1]}, func() { p.say("%s continues %s.", args[0], args[1]) })
			})
		},
	}
	c.Flags().BoolVar(&in.Body.Release, "release", false, "also when the record belongs to another person")
	return c
}

func (p *program) unlinkCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "unlink ID",
		Short:   "Say that a phone is another one than the one before it",
		Example: `  gatehoused enrollments unlink 8F2C0A4E-…`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error {
				_, err := call[admin.Done](c.Context(), d, http.MethodPost, "/enrollments/"+url.PathEscape(args[0])+"/unlink", nil)
				if err != nil {
					return err
				}
				return p.show(map[string]string{"id": args[0]}, func() { p.say("%s is a phone of its own.", args[0]) })
			})
		},
	}
}
