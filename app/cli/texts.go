package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) textsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "texts",
		Short: "The words of the portal",
		Long: `Every word that a phone's owner reads has a key, in every language. What you set is a draft until you publish it; every
publishing is a version that can be brought back. Without --language, a command means the default language.`,
		Example: `  gatehoused texts set signin.title "Sign in to {{org_short}}"
  gatehoused texts publish --note "friendlier"`,
	}
	c.AddCommand(
		p.listTextsCommand(), p.getTextCommand(), p.setTextCommand(), p.discardTextCommand(), p.draftsCommand(), p.publishTextsCommand(),
		p.textHistoryCommand(), p.restoreTextsCommand(), p.exportTextsCommand(), p.importTextsCommand(), p.textLanguagesCommand(),
	)
	return c
}

// texts is a call about texts. That something is not there means another thing than elsewhere.
func texts[Out any](ctx context.Context, d *door, method, path string, body any) (*Out, error) {
	out, err := call[Out](ctx, d, method, "/texts"+path, body)
	var no *refused
	if errors.As(err, &no) && no.Code == admin.NotFound {
		return nil, errors.New("there is no such language, text or version; see texts languages list, texts list and texts history")
	}
	return out, err
}

func inLanguage(c *cobra.Command, language *string) {
	c.Flags().StringVarP(language, "language", "l", "", "BCP 47, as de or pt-BR (default: the default language)")
}

// shown is what a text says at present: the draft, else what is published, else what is built in.
func shown(t admin.Text) string {
	for _, words := range []*string{t.Draft, t.Published, t.BuiltIn} {
		if words != nil && *words != "" {
			return *words
		}
	}
	return ""
}

func (p *program) listTextsCommand() *cobra.Command {
	var language, state, search string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the texts in a language",
		Example: `  gatehoused texts list --language fr --state draft
  gatehoused texts list --search password`,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"", "built_in", "draft", "published", "missing", "outdated", "over", "problem"}, state) {
				return misuse(c, "--state is one of built_in, draft, published, missing, outdated, over, problem")
			}
			return p.with(c.Context(), func(d *door) error {
				all, err := texts[admin.Texts](c.Context(), d, http.MethodGet, "?language="+url.QueryEscape(language), nil)
				if err != nil {
					return err
				}
				chosen := []admin.Text{}
				for _, t := range all.Texts {
					if inState(t, state) && strings.Contains(strings.ToLower(t.Key+"\n"+t.Purpose+"\n"+shown(t)), strings.ToLower(search)) {
						chosen = append(chosen, t)
					}
				}
				if p.json {
					return p.document(chosen)
				}
				var rows [][]any
				for _, t := range chosen {
					rows = append(rows, []any{t.Key, t.State, oneLine(shown(t))})
				}
				return p.table([]export.Column{{Name: "key", Title: "Key"}, {Name: "state", Title: "State"}, {Name: "text", Title: "Text"}}, rows)
			})
		},
	}
	inLanguage(c, &language)
	c.Flags().StringVar(&state, "state", "", "built_in, draft, published, missing, outdated, over or problem")
	c.Flags().StringVar(&search, "search", "", "part of a key, a purpose or a text")
	return c
}

func inState(t admin.Text, state string) bool {
	switch state {
	case "":
		return true
	case "outdated":
		return t.Outdated
	case "over":
		return t.Over
	case "problem":
		return len(t.Problems) > 0
	default:
		return t.State == state
	}
}

func (p *program) getTextCommand() *cobra.Command {
	var language string
	c := &cobra.Command{
		Use:   "get KEY",
		Short: "Print one text, with its draft",
		Example: `  gatehoused texts get privacy.body
  gatehoused texts get privacy.body --language fr --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error {
				t, _, err := findText(c.Context(), d, language, args[0])
				if err != nil {
					return err
				}
				return p.show(t, func() { p.printf("%s\n", shown(*t)) })
			})
		},
	}
	inLanguage(c, &language)
	return c
}

// findText is one text, and the language that it is in.
func findText(ctx context.Context, d *door, language, key string) (*admin.Text, string, error) {
	all, err := texts[admin.Texts](ctx, d, http.MethodGet, "?language="+url.QueryEscape(language), nil)
	if err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(all.Texts, func(t admin.Text) bool { return t.Key == key })
	if i < 0 {
		return nil, "", fmt.Errorf("there is no text %q; texts list shows them", key)
	}
	return &all.Texts[i], all.Language, nil
}

func textPath(language, key string) string {
	return "/" + url.PathEscape(language) + "/" + url.PathEscape(key)
}

func (p *program) setTextCommand() *cobra.Command {
	var language string
	var back, stdin bool
	c := &cobra.Command{
		Use:   "set KEY {TEXT | --stdin | --default}",
		Short: "Change one text, as a draft",
		Long: `The draft is kept even if something is wrong with it; what it is is printed, and publish refuses it. A text about a
number has a line for each plural form: "one: …", "other: …". A single dash shows nothing, where a text may be hidden.`,
		Example: `  gatehoused texts set signin.title "Sign in to {{org_short}}" --language en
  gatehoused texts set privacy.more --stdin < works-council.md
  gatehoused texts set signin.title --default`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 2) == (stdin || back) || stdin && back {
				return misuse(c, "give the text, --stdin or --default")
			}
			var in admin.SaveTextIn
			in.Body.Remove = back
			if len(args) == 2 {
				in.Body.Text = args[1]
			}
			if stdin {
				b, err := io.ReadAll(io.LimitReader(p.in, 1<<20))
				if err != nil {
					return fmt.Errorf("read the text: %w", err)
				}
				in.Body.Text = strings.TrimRight(string(b), "\r\n")
			}
			return p.with(c.Context(), func(d *door) error {
				_, tag, err := findText(c.Context(), d, language, args[0])
				if err != nil {
					return err
				}
				t, err := texts[admin.Text](c.Context(), d, http.MethodPut, textPath(tag, args[0]), in.Body)
				if err != nil {
					return err
				}
				return p.show(t, func() { p.sayText(*t, tag) })
			})
		},
	}
	inLanguage(c, &language)
	c.Flags().BoolVar(&back, "default", false, "back to the words built in")
	c.Flags().BoolVar(&stdin, "stdin", false, "read the text from standard input")
	return c
}

// sayText says how a text stands after it was changed.
func (p *program) sayText(t admin.Text, language string) {
	if t.Draft == nil {
		p.say("%s in %s is as it was: %s.", t.Key, language, strings.ReplaceAll(t.State, "_", " "))
	} else {
		p.say("%s in %s is a draft; texts publish shows it to phones.", t.Key, language)
	}
	for _, problem := range t.Problems {
		p.say("%s", problemLine(problem))
	}
}

func problemLine(problem admin.TextProblem) string {
	if problem.Blocking {
		return "Cannot be published: " + problem.Message
	}
	return "Please look: " + problem.Message
}

func (p *program) discardTextCommand() *cobra.Command {
	var language string
	c := &cobra.Command{
		Use:     "discard KEY",
		Short:   "Throw a draft away",
		Example: `  gatehoused texts discard signin.title --language fr`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c.Context(), func(d *door) error {
				_, tag, err := findText(c.Context(), d, language, args[0])
				if err != nil {
					return err
				}
				t, err := texts[admin.Text](c.Context(), d, http.MethodDelete, textPath(tag, args[0]), nil)
				if err != nil {
					return err
				}
				return p.show(t, func() { p.sayText(*t, tag) })
			})
		},
	}
	inLanguage(c, &language)
	return c
}
