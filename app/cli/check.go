package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/export"
)

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check",
		Short:   "Let the doctor look: one line a finding; exit code 1 if something needs a person",
		Example: `  gatehoused check --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				seen, err := call[admin.Examination](c.Context(), d, http.MethodGet, "/check", nil)
				if err != nil {
					return err
				}
				needs := 0
				for _, f := range seen.Findings {
					if event.Level(f.Level).NeedsPerson() {
						needs++
					}
				}
				err = p.show(seen, func() {
					for _, f := range seen.Findings {
						p.printf("%-10s %-28s %s\n", f.Level, f.Code, export.Plain(sentence(f)))
					}
				})
				if err != nil || needs == 0 {
					return err
				}
				return fmt.Errorf("%d of %d findings need a person; docs/OPERATIONS.md says what each means", needs, len(seen.Findings))
			})
		},
	}
}

func (p *program) rehearseCommand() *cobra.Command {
	var in admin.RehearseIn
	var withPassword bool
	c := &cobra.Command{
		Use:   "rehearse IDENTIFIER --password-stdin",
		Short: "Let a simulated iPhone go through the whole enrollment against the running server",
		Long: `The simulated phone is as picky as a real one. It signs in as the person you name and leaves nothing behind. The
verdict comes step by step; exit code 1 if an iPhone would have stopped.`,
		Example: `  gatehoused rehearse anna@example.com --password-stdin < password.txt`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if !withPassword {
				return misuse(c, "--password-stdin is needed: the phone signs in as this person")
			}
			in.Body.Identifier = args[0]
			var err error
			if in.Body.Password, err = p.needSecret("Password"); err != nil {
				return err
			}
			return p.with(c.Context(), func(d *door) error { return p.rehearse(c.Context(), d, in) })
		},
	}
	c.Flags().BoolVar(&withPassword, "password-stdin", false, "read the person's password from standard input")
	return c
}

// rehearse begins a rehearsal and follows it to its end.
func (p *program) rehearse(ctx context.Context, d *door, in admin.RehearseIn) error {
	r, err := call[admin.Rehearsal](ctx, d, http.MethodPost, "/rehearsals", in.Body)
	if err != nil {
		return err
	}
	for shown := 0; ; {
		if !p.json {
			for _, s := range r.Steps[shown:] {
				p.printf("%-18s %6d ms  %s\n", s.Name, s.TookMS, export.Plain(verdict(s.OK, why(s))))
			}
		}
		shown = len(r.Steps)
		if !r.Running {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		if r, err = call[admin.Rehearsal](ctx, d, http.MethodGet, "/rehearsals/"+r.ID, nil); err != nil {
			return err
		}
	}
	if p.json {
		if err := p.document(r); err != nil {
			return err
		}
	}
	if !r.OK {
		return failedStep("the rehearsal", r.Steps)
	}
	return nil
}

func why(s admin.TestStep) string {
	if s.Detail != "" || s.OK {
		return s.Detail
	}
	return s.Code
}
