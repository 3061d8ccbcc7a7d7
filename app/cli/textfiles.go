package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/text"
)

// textFormats are the kinds of files for translators.
var textFormats = []string{"json", "csv", "xlsx", "xliff"}

func (p *program) exportTextsCommand() *cobra.Command {
	var language, format, file string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the texts, with all drafts, to a file for translators",
		Long: `json is what translation platforms call go-i18n; csv and xlsx have the source, the purpose and the limit beside each
text; xliff is XLIFF 2.0, in one language. Without --language all languages are written.`,
		Example: `  gatehoused texts export --format xliff --language fr -o texts-fr.xliff
  gatehoused texts export --format csv > texts.csv`,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains(textFormats, format) {
				return misuse(c, "--format is one of %s", strings.Join(textFormats, ", "))
			}
			if format == "xliff" && language == "" {
				return misuse(c, "XLIFF holds one language: --language is needed")
			}
			return p.with(c.Context(), func(d *door) error {
				query := url.Values{"format": {format}, "language": {language}}
				written, err := texts[admin.TextFile](c.Context(), d, http.MethodGet, "/export?"+query.Encode(), nil)
				if err != nil {
					return err
				}
				if file != "" {
					if err := os.WriteFile(file, written.Content, 0o644); err != nil {
						return fmt.Errorf("write the texts: %w", err)
					}
					return nil
				}
				if _, err := p.out.Write(written.Content); err != nil {
					return fmt.Errorf("write the texts: %w", err)
				}
				return nil
			})
		},
	}
	f := c.Flags()
	f.StringVarP(&language, "language", "l", "", "BCP 47 (default: all)")
	f.StringVar(&format, "format", "json", strings.Join(textFormats, ", "))
	f.StringVarP(&file, "output", "o", "", "write to this file")
	return c
}

func (p *program) importTextsCommand() *cobra.Command {
	var in admin.ImportTextsIn
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Take texts that came back from translators, as drafts",
		Long: `One wrong line, and nothing is taken. --dry-run says what each line would change and what is wrong with it, and keeps
nothing; its exit code is 1 if something is wrong. An empty text changes nothing.`,
		Example: `  gatehoused texts import texts-fr.xliff --dry-run
  gatehoused texts import texts.csv --language fr`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if in.Body.Format == "" {
				in.Body.Format = strings.TrimPrefix(strings.ToLower(filepath.Ext(args[0])), ".")
				if in.Body.Format == "xlf" {
					in.Body.Format = "xliff"
				}
			}
			if !slices.Contains(textFormats, in.Body.Format) {
				return misuse(c, "--format is one of %s", strings.Join(textFormats, ", "))
			}
			content, err := readFile(args[0])
			if err != nil {
				return err
			}
			if len(content) > text.MaxFile {
				return fmt.Errorf("%s is too large: files of texts have %d MB at most", args[0], text.MaxFile>>20)
			}
			in.Body.Content = content
			return p.with(c.Context(), func(d *door) error {
				result, err := texts[admin.TextImport](c.Context(), d, http.MethodPost, "/import", in.Body)
				if err != nil {
					return err
				}
				return p.sayImport(result, in.Body.DryRun)
			})
		},
	}
	f := c.Flags()
	f.StringVarP(&in.Body.Language, "language", "l", "", "needed where the file does not say it")
	f.StringVar(&in.Body.Format, "format", "", strings.Join(textFormats, ", ")+" (default: by the name of the file)")
	f.BoolVar(&in.Body.DryRun, "dry-run", false, "say what would happen, and keep nothing")
	return c
}

func (p *program) sayImport(result *admin.TextImport, dry bool) error {
	err := p.show(result, func() {
		for _, row := range result.Rows {
			if row.Change == "change" {
				p.say("%s: %s/%s: %s", row.Where, row.Language, row.Key, oneLine(row.To))
			}
			for _, problem := range row.Problems {
				p.say("%s", problemLine(problem))
			}
		}
		if dry {
			p.say("%d texts would change, %d stay the same.", result.Changes, result.Same)
		} else {
			p.say("%d texts became drafts, %d stay the same.", result.Changes, result.Same)
		}
	})
	if err == nil && result.Problems > 0 {
		err = fmt.Errorf("%d texts are wrong; nothing would be taken", result.Problems)
	}
	return err
}

func (p *program) textLanguagesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "languages",
		Short: "The languages of the portal: how far they are, and which of them phones are offered",
		Example: `  gatehoused texts languages list
  gatehoused texts languages add fr-CA --copy-from fr`,
	}
	list := &cobra.Command{
		Use:     "list",
		Short:   "List the languages",
		Example: `  gatehoused texts languages list`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				all, err := texts[admin.Texts](c.Context(), d, http.MethodGet, "", nil)
				if err != nil {
					return err
				}
				if p.json {
					return p.document(all.Languages)
				}
				return p.tableOfLanguages(all.Languages)
			})
		},
	}
	var in admin.AddTextLanguageIn
	add := &cobra.Command{
		Use:     "add TAG",
		Short:   "Add a language; it is off until you enable it",
		Example: `  gatehoused texts languages add fr-CA --copy-from fr`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Body.Tag = args[0]
			return p.with(c.Context(), func(d *door) error {
				l, err := texts[admin.TextLanguage](c.Context(), d, http.MethodPost, "/languages", in.Body)
				if err != nil {
					return err
				}
				return p.show(l, func() { p.say("%s (%s) was added, with %d drafts; it is off.", l.Tag, l.Name, l.Draft) })
			})
		},
	}
	add.Flags().StringVar(&in.Body.CopyFrom, "copy-from", "", "take the words of this language as first drafts")
	remove := &cobra.Command{
		Use:     "remove TAG",
		Short:   "Remove a language that was added",
		Example: `  gatehoused texts languages remove fr-CA`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error {
				gone, err := texts[admin.Done](c.Context(), d, http.MethodDelete, "/languages/"+url.PathEscape(args[0]), nil)
				if err != nil {
					return err
				}
				return p.show(gone, func() { p.say("%s was removed.", args[0]) })
			})
		},
	}
	c.AddCommand(list, add, remove,
		p.setLanguageCommand("enable", "Offer a language to phones", func(l *admin.TextLanguage) { l.Enabled = true }),
		p.setLanguageCommand("disable", "Do not offer a language to phones", func(l *admin.TextLanguage) { l.Enabled = false }),
		p.setLanguageCommand("reviewed", "Say that a native speaker has read a language", func(l *admin.TextLanguage) { l.Reviewed = true }),
		p.setLanguageCommand("unreviewed", "Take that back", func(l *admin.TextLanguage) { l.Reviewed = false }),
	)
	return c
}

func (p *program) tableOfLanguages(all []admin.TextLanguage) error {
	var rows [][]any
	for _, l := range all {
		rows = append(rows, []any{l.Tag, l.Name, l.Enabled, l.Reviewed, l.Missing, l.Draft, l.Outdated, l.Over})
	}
	return p.table([]export.Column{
		{Name: "tag", Title: "Tag"},
		{Name: "name", Title: "Name"},
		{Name: "enabled", Title: "On"},
		{Name: "reviewed", Title: "Reviewed"},
		{Name: "missing", Title: "Missing"},
		{Name: "draft", Title: "Drafts"},
		{Name: "outdated", Title: "Outdated"},
		{Name: "over", Title: "Too long"},
	}, rows)
}

func (p *program) setLanguageCommand(name, short string, change func(*admin.TextLanguage)) *cobra.Command {
	return &cobra.Command{
		Use:     name + " TAG",
		Short:   short,
		Example: `  gatehoused texts languages ` + name + ` fr`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error {
				all, err := texts[admin.Texts](c.Context(), d, http.MethodGet, "?language="+url.QueryEscape(args[0]), nil)
				if err != nil {
					return err
				}
				i := slices.IndexFunc(all.Languages, func(l admin.TextLanguage) bool { return l.Tag == args[0] }) // its texts were found
				l := all.Languages[i]
				change(&l)
				var in admin.SetTextLanguageIn
				in.Body.Enabled, in.Body.Reviewed = l.Enabled, l.Reviewed
				now, err := texts[admin.TextLanguage](c.Context(), d, http.MethodPut, "/languages/"+url.PathEscape(args[0]), in.Body)
				if err != nil {
					return err
				}
				return p.show(now, func() { p.say("%s: enabled %v, reviewed %v.", now.Tag, now.Enabled, now.Reviewed) })
			})
		},
	}
}
