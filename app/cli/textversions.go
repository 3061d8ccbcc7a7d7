package cli

import (
	"context"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) draftsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "drafts",
		Short:   "Show what publishing would change, and what is wrong with it",
		Example: `  gatehoused texts drafts`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				drafts, err := texts[admin.TextDrafts](c.Context(), d, http.MethodGet, "/drafts", nil)
				if err != nil {
					return err
				}
				return p.show(drafts, func() {
					for _, x := range drafts.Drafts {
						p.printf("%s/%s\n  - %s\n  + %s\n", x.Language, x.Key, export.Plain(oneLine(x.From)), export.Plain(oneLine(x.To)))
					}
					for _, problem := range drafts.Problems {
						p.printf("%s\n", problemLine(problem))
					}
					if drafts.Terms {
						p.printf("The terms change: publish with --new-terms or --small-correction.\n")
					}
				})
			})
		},
	}
}

func (p *program) publishTextsCommand() *cobra.Command {
	var in admin.PublishTextsIn
	var other, correction bool
	c := &cobra.Command{
		Use:   "publish",
		Short: "Show the drafts to phones, all of them or none",
		Long: `If terms change that people have agreed to, say whether they are a new version, to which everybody agrees anew, or a
small correction.`,
		Example: `  gatehoused texts publish --note "friendlier"
  gatehoused texts publish --language fr --new-terms`,
		RunE: func(c *cobra.Command, _ []string) error {
			if other && correction {
				return misuse(c, "--new-terms and --small-correction exclude each other")
			}
			if other || correction {
				in.Body.NewTerms = &other
			}
			return p.with(c.Context(), func(d *door) error {
				published, err := texts[admin.TextPublished](c.Context(), d, http.MethodPost, "/publish", in.Body)
				if err != nil {
					return err
				}
				return p.show(published, func() { p.say("Published: version %d, %d texts.", published.Version, published.Texts) })
			})
		},
	}
	f := c.Flags()
	f.StringVar(&in.Body.Note, "note", "", "what this is about")
	f.StringSliceVarP(&in.Body.Languages, "language", "l", nil, "only the drafts in this language; can be repeated (default: all)")
	f.BoolVar(&other, "new-terms", false, "changed terms are a new version")
	f.BoolVar(&correction, "small-correction", false, "changed terms are the same, said better")
	return c
}

func (p *program) textHistoryCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "history [VERSION]",
		Short: "List what was published, or show what one version changed",
		Example: `  gatehoused texts history
  gatehoused texts history 3`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error {
				if len(args) == 1 {
					return p.showTextVersion(c, d, args[0])
				}
				all, err := textVersions(c.Context(), d)
				if err != nil || p.json {
					return p.orDocument(all, err)
				}
				var rows [][]any
				for _, v := range all {
					note := v.Note
					if v.Restored != nil {
						note = "back to version " + strconv.FormatInt(*v.Restored, 10)
					}
					rows = append(rows, []any{v.Version, v.At, v.Author, v.Count, note})
				}
				return p.table([]export.Column{
					{Name: "version", Title: "Version"}, {Name: "at", Title: "Published"}, {Name: "author", Title: "By"}, {Name: "count", Title: "Texts"}, {Name: "note", Title: "Note"},
				}, rows)
			})
		},
	}
}

// orDocument is err, or writes v.
func (p *program) orDocument(v any, err error) error {
	if err != nil {
		return err
	}
	return p.document(v)
}

// textVersions asks for page after page of the history.
func textVersions(ctx context.Context, d *door) ([]admin.TextVersion, error) {
	all := []admin.TextVersion{}
	for before := ""; ; {
		page, err := texts[admin.TextVersions](ctx, d, http.MethodGet, "/versions?limit=200"+before, nil)
		if err != nil || len(page.Versions) == 0 {
			return all, err
		}
		all = append(all, page.Versions...)
		before = "&before=" + strconv.FormatInt(all[len(all)-1].Version, 10)
	}
}

func (p *program) showTextVersion(c *cobra.Command, d *door, number string) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 {
		return misuse(c, "a version is a number, as texts history lists them")
	}
	v, err := texts[admin.TextVersion](c.Context(), d, http.MethodGet, "/versions/"+number, nil)
	if err != nil {
		return err
	}
	return p.show(v, func() {
		p.line("Version", v.Version)
		p.line("Published", v.At)
		p.line("By", v.Author)
		p.line("Note", v.Note)
		for _, change := range v.Changes {
			p.printf("%s/%s\n  - %s\n  + %s\n", change.Language, change.Key, orBuiltIn(change.From), orBuiltIn(change.To))
		}
	})
}

func orBuiltIn(words *string) string {
	if words == nil {
		return "(built in)"
	}
	return export.Plain(oneLine(*words))
}

func (p *program) restoreTextsCommand() *cobra.Command {
	var drafts bool
	c := &cobra.Command{
		Use:   "restore VERSION",
		Short: "Bring back the words of a version, byte for byte; 0 is those built in",
		Example: `  gatehoused texts restore 3
  gatehoused texts restore 3 --drafts`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || n < 0 {
				return misuse(c, "a version is a number, as texts history lists them")
			}
			var in admin.RestoreTextsIn
			in.Body.Publish = !drafts
			return p.with(c.Context(), func(d *door) error {
				v, err := texts[admin.TextPublished](c.Context(), d, http.MethodPost, "/versions/"+strconv.FormatInt(n, 10)+"/restore", in.Body)
				if err != nil {
					return err
				}
				return p.show(v, func() {
					if drafts {
						p.say("%d texts became drafts.", v.Texts)
					} else {
						p.say("Published: version %d, %d texts.", v.Version, v.Texts)
					}
				})
			})
		},
	}
	c.Flags().BoolVar(&drafts, "drafts", false, "as drafts, to be looked at first")
	return c
}
