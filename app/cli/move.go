package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) moveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "move",
		Short: "Bring people here from an older device management",
		Long: `Import the list of phones that the old management exports, invite their people, watch them arrive, and remove the
previous records in the end. Serial numbers, telephone numbers and other columns that are of no use here are not kept.`,
		Example: `  gatehoused move import jamf.csv --dry-run
  gatehoused move invite --all --deadline 2026-12-31 --old-profile "MDM Profile" -o letters.csv
  gatehoused move show`,
	}
	c.AddCommand(
		p.moveImportCommand(), p.moveShowCommand(), p.moveListCommand(), p.moveMatchCommand(), p.moveInviteCommand(),
		p.moveSettleCommand(), p.moveRemoveCommand(), p.moveUndoCommand(), p.moveCloseCommand(),
	)
	return c
}

func (p *program) moveImportCommand() *cobra.Command {
	var matches []string
	in := &admin.ImportMoveIn{}
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Take in the list of phones of the old management, or a newer one",
		Long: `The file is what Jamf Pro exports for mobile devices, or any CSV with any separator, TSV or XLSX, in UTF-8, UTF-16 or
Windows-1252. Fields: number, name, model, os, email, account, full_name, ownership, method, managed, seen_at. Columns are
known by their headings; --match FIELD=HEADING says what another heading means, and can be repeated. A newer list replaces
the one before of the same source: what it has no more is gone from the old management. Phones of the organization are left
out. A line with something wrong keeps the whole list out; --skip-wrong leaves out the line.`,
		Example: `  gatehoused move import jamf.csv --dry-run
  gatehoused move import phones.xlsx --source "Old MDM" --match name=Handy --match email=Mail`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if in.Body.Match, err = matched(c, matches); err != nil {
				return err
			}
			if in.Body.File, err = readFile(args[0]); err != nil {
				return err
			}
			return p.with(c.Context(), func(d *door) error { return p.importMove(c.Context(), d, in) })
		},
	}
	c.Flags().BoolVar(&in.DryRun, "dry-run", false, "say what would happen, and change nothing")
	c.Flags().StringArrayVar(&matches, "match", nil, "FIELD=HEADING: which column is what")
	c.Flags().StringVar(&in.Body.Source, "source", "", "which management it is from, where there is more than one")
	c.Flags().BoolVar(&in.Body.Skip, "skip-wrong", false, "leave out the lines with something wrong")
	return c
}

func (p *program) importMove(ctx context.Context, d *door, in *admin.ImportMoveIn) error {
	path := "/move/import"
	if in.DryRun {
		path += "?dry_run=true"
	}
	v, err := call[admin.MoveImported](ctx, d, http.MethodPost, path, in.Body)
	if err != nil {
		return err
	}
	left := v.Wrong > 0 && !in.Body.Skip
	err = p.show(v, func() {
		p.columnsTaken(&v.Imported)
		if left {
			return
		}
		p.say("%d lines: %d new, %d known before, %d gone from the old management.", v.Rows, v.New, v.There, v.Gone)
		p.say("%d phones with their person, %d with somebody to confirm, %d of nobody; %d have the old profile.", v.Sure, v.Unsure, v.Nobody, v.Profile)
		if v.Company > 0 {
			p.say("%d lines about phones of the organization were left out.", v.Company)
		}
		if v.Undated > 0 {
			p.say("In %d lines the time cannot be read; they are taken without one.", v.Undated)
		}
		if in.DryRun {
			p.say("Nothing was changed, it was a dry run.")
		}
	})
	if err != nil || !left {
		return err
	}
	return fmt.Errorf("%d of %d lines cannot be imported; nothing was changed", v.Wrong, v.Rows)
}

func (p *program) moveShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show",
		Short:   "Show how many have moved, and where the others are",
		Example: `  gatehoused move show --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				m, err := p.move(c.Context(), d)
				if err != nil {
					return err
				}
				return p.show(m, func() {
					p.printf("%d of %d have moved", m.Moved, m.Total)
					if m.OldProfile > 0 {
						p.printf(", %d still have the old profile", m.OldProfile)
					}
					p.printf("\n")
					for _, state := range moveStates {
						if n := m.States[state]; n > 0 {
							p.line(strings.ReplaceAll(state, "_", " "), n)
						}
					}
					if m.Done {
						p.say("Everybody has moved. Remove the previous records with move remove, then close the move with move close.")
					}
				})
			})
		},
	}
}

var moveStates = []string{"no_person", "to_invite", "invited", "trying", "moved", "removed", "left_out"}

// move is the move, or the refusal that there is none.
func (p *program) move(ctx context.Context, d *door) (*admin.Move, error) {
	m, err := call[admin.Move](ctx, d, http.MethodGet, "/move", nil)
	if err == nil && !m.Begun {
		return nil, fmt.Errorf("%s", advice[admin.NoMove])
	}
	return m, err
}

func (p *program) moveListCommand() *cobra.Command {
	var state, format, file string
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the phones of the old list",
		Example: "  gatehoused move list --state no_person\n  gatehoused move list --state moved,removed --format csv -o delete-there.csv",
		RunE: func(c *cobra.Command, _ []string) error {
			states := strings.FieldsFunc(state, func(r rune) bool { return r == ',' || r == ' ' })
			for _, s := range states {
				if !slices.Contains(moveStates, s) {
					return misuse(c, "--state is one of %s", strings.Join(moveStates, ", "))
				}
			}
			return p.with(c.Context(), func(d *door) error {
				if format != "" || file != "" {
					in := admin.ExportMoveIn{}
					in.Body.States, in.Body.Format = states, cmp.Or(format, string(export.CSV))
					return p.save(c.Context(), d, "/move/export", in.Body, file)
				}
				m, err := p.move(c.Context(), d)
				if err != nil {
					return err
				}
				return p.listMove(m, states)
			})
		},
	}
	c.Flags().StringVar(&state, "state", "", strings.Join(moveStates, ", ")+"; several separated by commas")
	c.Flags().StringVar(&format, "format", "", "csv, tsv, xlsx, json, xml, html or table")
	c.Flags().StringVarP(&file, "output", "o", "", "write to this file")
	return c
}

func (p *program) listMove(m *admin.Move, states []string) error {
	rows, phones := [][]any{}, []admin.MovePhone{}
	for _, one := range m.Phones {
		if len(states) > 0 && !slices.Contains(states, one.State) {
			continue
		}
		phones = append(phones, one)
		who := one.Person
		if who == "" && one.Guess != "" {
			who = one.Guess + "?"
		}
		why := cmp.Or(phrase("move.because."+one.Reason, nil), phrase("stuck."+one.Reason, nil), one.Reason)
		rows = append(rows, []any{one.ID, cmp.Or(one.Name, one.Model), who, one.State, why})
	}
	if p.json {
		return p.document(phones)
	}
	return p.table([]export.Column{
		{Name: "id", Title: "ID"},
		{Name: "name", Title: "Name"},
		{Name: "person", Title: "Person"},
		{Name: "state", Title: "State"},
		{Name: "why", Title: "Why"},
	}, rows)
}

func (p *program) moveMatchCommand() *cobra.Command {
	in := &admin.MatchMoveIn{}
	c := &cobra.Command{
		Use:   "match [ID PERSON | --accept ID …]",
		Short: "Say whose phone it is, or look again for everybody who is missing",
		Example: `  gatehoused move match
  gatehoused move match 019ac… anna@example.com
  gatehoused move match --accept 019ac… 019ad…`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case in.Body.Accept && len(args) > 0:
				in.Body.IDs = args
			case !in.Body.Accept && len(args) == 2:
				in.Body.IDs, in.Body.Person = args[:1], args[1]
			case in.Body.Accept || len(args) > 0:
				return misuse(c, "give ID and PERSON, or --accept with IDs, or nothing to look again")
			}
			return p.changed(c.Context(), http.MethodPost, "/move/people", in.Body, "phones that have their person now: %d")
		},
	}
	c.Flags().BoolVar(&in.Body.Accept, "accept", false, "they are whose they may be")
	return c
}

func (p *program) changed(ctx context.Context, method, path string, body any, said string) error {
	return p.with(ctx, func(d *door) error {
		done, err := call[admin.Changed](ctx, d, method, path, body)
		if err != nil {
			return err
		}
		return p.show(done, func() { p.say(said, done.Count) })
	})
}

func (p *program) moveInviteCommand() *cobra.Command {
	var all bool
	var deadline, profile, file string
	in := &admin.WriteMoveIn{}
	c := &cobra.Command{
		Use:   "invite {ID … | --all}",
		Short: "Write letters to people who are to move",
		Long: `Letters are in the person's language, from the portal's texts i.migrate_subject and i.migrate_body. Nothing is sent: the
letters are printed, or written with -o as a table for a mail merge (address, name, subject, body, code). Whoever signs in with
an enrollment code gets a new one, which is in the letter. --all takes everybody who has not been invited; with --reminder,
everybody whose invitation is a week old. People without an account are left out, unless --add-people makes one.`,
		Example: `  gatehoused move invite --all --deadline 2026-12-31 --old-profile "MDM Profile" --dry-run
  gatehoused move invite --all --add-people -o letters.csv
  gatehoused move invite --all --reminder -o reminders.csv`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, ids []string) error {
			if all == (len(ids) > 0) {
				return misuse(c, "name records, or give --all")
			}
			until, err := time.Parse(time.DateOnly, cmp.Or(deadline, "2000-01-01"))
			if err != nil {
				return misuse(c, "--deadline is a date like 2026-12-31")
			}
			in.Body.IDs = ids
			return p.with(c.Context(), func(d *door) error {
				m, err := p.move(c.Context(), d)
				if err != nil {
					return err
				}
				terms := admin.MoveTermsIn{}
				terms.Body.Profile, terms.Body.Deadline = cmp.Or(profile, m.Profile), m.Deadline
				if deadline != "" {
					terms.Body.Deadline = until
				}
				if deadline != "" || profile != "" {
					if _, err := call[admin.Done](c.Context(), d, http.MethodPut, "/move", terms.Body); err != nil {
						return err
					}
				}
				if all {
					in.Body.IDs = toWrite(m, in.Body.Reminder)
				}
				return p.invite(c.Context(), d, in, file)
			})
		},
	}
	f := c.Flags()
	f.BoolVar(&all, "all", false, "everybody whose turn it is")
	f.BoolVar(&in.Body.Reminder, "reminder", false, "the reminder, for people who were invited")
	f.BoolVar(&in.Body.Add, "add-people", false, "make local accounts for people who have none")
	f.StringVar(&in.Body.Language, "language", "", "of all letters, such as de; left out: each person's")
	f.StringVar(&deadline, "deadline", "", "until when people are asked to move, 2026-12-31; kept for the next letters")
	f.StringVar(&profile, "old-profile", "", "what the old profile is called on the phones; kept for the next letters")
	f.BoolVar(&in.Body.DryRun, "dry-run", false, "write the letters without codes, and note nothing")
	f.StringVarP(&file, "output", "o", "", "write a table for a mail merge to this file")
	return c
}

// toWrite are the records whose turn it is.
func toWrite(m *admin.Move, reminder bool) (ids []string) {
	for _, one := range m.Phones {
		if reminder && one.Next == "remind" || !reminder && one.State == "to_invite" {
			ids = append(ids, one.ID)
		}
	}
	return ids
}

func (p *program) invite(ctx context.Context, d *door, in *admin.WriteMoveIn, file string) error {
	if len(in.Body.IDs) == 0 {
		return p.show(admin.MoveLetters{Letters: []admin.MoveLetter{}, CSV: []byte{}}, func() { p.say("There is nobody to write to.") })
	}
	out, err := call[admin.MoveLetters](ctx, d, http.MethodPost, "/move/letters", in.Body)
	if err != nil {
		return err
	}
	if file != "" && !in.Body.DryRun {
		if err := os.WriteFile(file, out.CSV, 0o600); err != nil { // it has codes
			return fmt.Errorf("write the letters: %w; write them again with --reminder, or invite anew", err)
		}
	}
	return p.show(out, func() {
		for _, l := range out.Letters {
			if file == "" && !l.Missing {
				p.printf("%s\n%s\n\n%s\n\n---\n", export.Plain(cmp.Or(l.To, l.Person)), export.Plain(l.Subject), lines(l.Body))
			}
		}
		p.say("%d letters; %d people have no account and got none.", len(out.Letters)-out.Missing, out.Missing)
	})
}

// lines is a text of several lines that cannot steer a terminal.
func lines(s string) string {
	all := strings.Split(s, "\n")
	for i := range all {
		all[i] = export.Plain(all[i])
	}
	return strings.Join(all, "\n")
}

func (p *program) moveSettleCommand() *cobra.Command {
	in := &admin.SettleMoveIn{}
	c := &cobra.Command{
		Use:   "settle {moved|left-out|open} ID …",
		Short: "Say that phones have moved, or will not, whatever the evidence",
		Long:  `What is left out is not counted. open takes back what was said.`,
		Example: `  gatehoused move settle left-out 019ac…
  gatehoused move settle moved 019ac… --phone 8F2C0A4E-…`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			as, ok := map[string]string{"moved": "moved", "left-out": "left_out", "open": ""}[args[0]]
			if !ok {
				return misuse(c, "say moved, left-out or open, not %q", args[0])
			}
			in.Body.As, in.Body.IDs = as, args[1:]
			return p.changed(c.Context(), http.MethodPost, "/move/settle", in.Body, "phones: %d")
		},
	}
	c.Flags().StringVar(&in.Body.Enrollment, "phone", "", "which enrolled phone it is, with moved and one ID")
	return c
}

func (p *program) moveRemoveCommand() *cobra.Command {
	var file string
	in := &admin.RemoveMovedIn{}
	c := &cobra.Command{
		Use:   "remove [ID …]",
		Short: "Remove the previous records of phones that have moved",
		Long: `Without IDs it takes all that have moved. With -o it also writes what is to be deleted in the old management. It can be
undone with move undo.`,
		Example: `  gatehoused move remove --dry-run
  gatehoused move remove -o delete-there.csv`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, ids []string) error {
			in.Body.IDs = ids
			return p.with(c.Context(), func(d *door) error {
				done, err := call[admin.MoveRemoval](c.Context(), d, http.MethodPost, "/move/removals", in.Body)
				if err != nil {
					return err
				}
				if file != "" && !in.Body.DryRun {
					list := admin.ExportMoveIn{}
					list.Body.States, list.Body.Format = []string{"removed"}, string(export.CSV)
					if err := p.save(c.Context(), d, "/move/export", list.Body, file); err != nil {
						return err
					}
				}
				return p.show(done, func() {
					if in.Body.DryRun {
						p.say("%d would be removed, %d former enrollments here archived; %d are to be deleted in the old management", done.Count, done.Archived, done.Elsewhere)
						return
					}
					p.say("removed %d, batch %s; %d former enrollments here archived; %d are to be deleted in the old management", done.Count, done.ID, done.Archived, done.Elsewhere)
				})
			})
		},
	}
	c.Flags().BoolVar(&in.Body.DryRun, "dry-run", false, "say what would be removed, and change nothing")
	c.Flags().StringVarP(&file, "output", "o", "", "write what is to be deleted in the old management to this file")
	return c
}

func (p *program) moveUndoCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "undo BATCH",
		Short:   "Bring back records that were removed together",
		Example: `  gatehoused move undo 019ac…`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.changed(c.Context(), http.MethodPost, "/move/removals/"+url.PathEscape(args[0])+"/undo", nil, "brought back: %d")
		},
	}
}

func (p *program) moveCloseCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "close",
		Short: "End the move and erase its records",
		Long: `Nothing of the old list stays, and it cannot be undone. While somebody has not moved, --force is needed. Phones that are
enrolled here are not touched.`,
		Example: `  gatehoused move close`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.with(c.Context(), func(d *door) error {
				m, err := p.move(c.Context(), d)
				if err != nil {
					return err
				}
				if !m.Done && !force {
					return fmt.Errorf("%d of %d have not moved; --force closes the move all the same", m.Total-m.Moved, m.Total)
				}
				done, err := call[admin.Changed](c.Context(), d, http.MethodDelete, "/move", nil)
				if err != nil {
					return err
				}
				return p.show(done, func() { p.say("closed; records erased: %d", done.Count) })
			})
		},
	}
	c.Flags().BoolVar(&force, "force", false, "although somebody has not moved")
	return c
}
