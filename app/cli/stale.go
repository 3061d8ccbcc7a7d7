package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) retireEnrollmentsCommand() *cobra.Command {
	undo := false
	c := &cobra.Command{
		Use:   "retire ID …",
		Short: "Take work off phones; what is private stays",
		Long: `Each phone removes the work account when it next connects, and with it work apps, their data, settings and certificates.
It says so when it is done, and its state is then removed. Until then --undo lets it stay.`,
		Example: `  gatehoused enrollments retire 8F2C0A4E-…
  gatehoused enrollments retire 8F2C0A4E-… --undo`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var in admin.RetireIn
			in.Body.IDs = args
			if undo {
				return p.queue(c, "/enrollments/retire/undo", in.Body)
			}
			return p.queue(c, "/enrollments/retire", in.Body)
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "let phones stay that have not done it yet")
	return c
}

func (p *program) archiveEnrollmentsCommand() *cobra.Command {
	var stale int
	var dry, automatic bool
	var accept string
	c := &cobra.Command{
		Use:   "archive [ID …]",
		Short: "Put records away that are stale, to be brought back within 30 days",
		Long: `Name records, or take with --stale DAYS all whose phones are gone: silent for so many days in which phones could reach
the server and woken in vain, probably removed, left, or never finished. Phones that were not woken yet are woken first and
not archived; pinned ones never are. With --dry-run nothing changes.

With --automatic the server does it by itself, every day or week, by the settings cleanup.*: but only once somebody has
accepted a report of what it would do, and again after each change of the rule. Alone, --automatic says how that stands;
settings set cleanup.automatic false ends it.`,
		Example: `  gatehoused enrollments archive --stale 90 --dry-run
  gatehoused enrollments archive --automatic --dry-run
  gatehoused enrollments archive --automatic --accept 019ac…
  gatehoused enrollments archive 8F2C0A4E-…`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, ids []string) error {
			if ways := []bool{len(ids) > 0, stale > 0, automatic}; countTrue(ways) != 1 {
				return misuse(c, "name records, or give --stale DAYS or --automatic")
			}
			if accept != "" && (!automatic || dry) {
				return misuse(c, "--accept goes with --automatic, and not with --dry-run")
			}
			return p.with(c.Context(), func(d *door) error {
				if automatic {
					return p.archiveAutomatically(c.Context(), d, accept, dry)
				}
				if stale > 0 {
					return p.archiveStale(c.Context(), d, stale, dry)
				}
				return p.archiveNamed(c.Context(), d, ids, dry)
			})
		},
	}
	c.Flags().IntVar(&stale, "stale", 0, "all whose phones are gone for at least so many days")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be archived, and do nothing")
	c.Flags().BoolVar(&automatic, "automatic", false, "how automatic clean-up stands; with --dry-run, what it would do")
	c.Flags().StringVar(&accept, "accept", "", "switch automatic clean-up on, by the rule of this report")
	return c
}

func countTrue(list []bool) (n int) {
	for _, yes := range list {
		if yes {
			n++
		}
	}
	return n
}

// archiveAutomatically makes a report of what automatic clean-up would do, accepts one, or says how it stands.
func (p *program) archiveAutomatically(ctx context.Context, d *door, accept string, dry bool) error {
	if dry {
		report, err := call[admin.CleanupReport](ctx, d, http.MethodPost, "/cleanup/reports", map[string]any{})
		if err != nil {
			return err
		}
		return p.show(report, func() {
			p.evidence(report.Enrollments)
			p.printf("%d of %d would be archived, %d would be woken first, %d are pinned; report %s\n",
				report.Proposed, report.Records, report.Waking, report.Kept, report.ID)
		})
	}
	method, path := http.MethodGet, "/cleanup"
	var body any
	if accept != "" {
		method, path, body = http.MethodPost, "/cleanup/reports/"+url.PathEscape(accept)+"/accept", map[string]any{}
	}
	state, err := call[admin.CleanupState](ctx, d, method, path, body)
	if err != nil {
		return err
	}
	return p.show(state, func() {
		p.line("Automatic clean-up", strings.ReplaceAll(state.State, "_", " "))
		p.line("Next", state.NextAt)
		for _, run := range state.Runs {
			p.printf("%s  %-6s  archived %d, woken %d, batch %s\n", run.At.Format(time.RFC3339), run.Outcome, run.Left, run.Woken, run.Batch)
		}
	})
}

// evidence lists phones with what speaks for their being gone.
func (p *program) evidence(phones []admin.Enrollment) {
	rows := make([][]any, 0, len(phones))
	for _, e := range phones {
		rows = append(rows, []any{e.ID, cmp.Or(e.Nickname, e.Name), e.Person, e.State, e.LastSeenAt, e.WokenAt, e.AwayHours})
	}
	if len(rows) == 0 {
		return
	}
	p.unsaid = cmp.Or(p.unsaid, p.table([]export.Column{
		{Name: "id", Title: "ID"},
		{Name: "name", Title: "Name"},
		{Name: "person", Title: "Person"},
		{Name: "state", Title: "State"},
		{Name: "last_seen_at", Title: "Last contact"},
		{Name: "woken_at", Title: "Woken"},
		{Name: "away_hours", Title: "Hours off since"},
	}, rows))
}

func (p *program) archiveStale(ctx context.Context, d *door, days int, dry bool) error {
	rule := admin.StaleRule{Waiting: days, Silent: days, ProbablyRemoved: days, MustEnrollAgain: days, Removed: days}
	n := strconv.Itoa(days)
	query := url.Values{"waiting": {n}, "silent": {n}, "probably_removed": {n}, "must_enroll_again": {n}, "removed": {n}, "limit": {"500"}}
	found, err := call[admin.Stale](ctx, d, http.MethodGet, "/stale?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	if dry {
		return p.show(found, func() {
			p.evidence(found.Enrollments)
			p.printf("%d would be archived, %d must be woken first, %d are pinned\n", found.Summary.Proposed, found.Summary.Waking, found.Summary.Kept)
		})
	}
	if found.Summary.Waking > 0 {
		if _, err := call[admin.Queued](ctx, d, http.MethodPost, "/stale/wake", rule); err != nil {
			return err
		}
	}
	batch, err := call[admin.Batch](ctx, d, http.MethodPost, "/enrollments/archive", map[string]any{"rule": rule})
	if err != nil {
		return err
	}
	return p.show(batch, func() {
		p.say("archived %d, batch %s; %d were woken first and may be archived in a day", batch.Count, batch.ID, found.Summary.Waking)
	})
}

func (p *program) archiveNamed(ctx context.Context, d *door, ids []string, dry bool) error {
	for _, id := range ids { // one that does not exist stops all
		e, err := call[admin.EnrollmentDetail](ctx, d, http.MethodGet, "/enrollments/"+url.PathEscape(id), nil)
		if err != nil {
			return err
		}
		if dry {
			p.say("%s", export.Plain(fmt.Sprintf("%s  %s  %s", e.ID, e.Person, e.State)))
		}
	}
	if dry {
		if p.json {
			return p.document(admin.Batch{Count: len(ids)})
		}
		return nil
	}
	batch, err := call[admin.Batch](ctx, d, http.MethodPost, "/enrollments/archive", map[string]any{"ids": ids})
	if err != nil {
		return err
	}
	return p.show(batch, func() { p.say("archived %d, batch %s", batch.Count, batch.ID) })
}

func (p *program) restoreEnrollmentsCommand() *cobra.Command {
	var batch string
	c := &cobra.Command{
		Use:   "restore [ID …]",
		Short: "Bring archived records back",
		Example: `  gatehoused enrollments restore 8F2C0A4E-…
  gatehoused enrollments restore --batch 019ac…`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, ids []string) error {
			if (len(ids) > 0) == (batch != "") {
				return misuse(c, "name records, or give --batch")
			}
			return p.with(c.Context(), func(d *door) error {
				path, body := "/enrollments/restore", any(map[string]any{"ids": ids})
				if batch != "" {
					path, body = "/batches/"+url.PathEscape(batch)+"/undo", nil
				}
				done, err := call[admin.Changed](c.Context(), d, http.MethodPost, path, body)
				if err != nil {
					return err
				}
				return p.show(done, func() { p.say("restored %d", done.Count) })
			})
		},
	}
	c.Flags().StringVar(&batch, "batch", "", "all that were archived together")
	return c
}

func (p *program) purgeEnrollmentsCommand() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "purge ID …",
		Short: "Erase archived records and all that is kept of them; a receipt without any personal data remains",
		Long: `Only archived records can be erased. It cannot be undone. A backup that was made before still has them, as long as you
keep it.`,
		Example: `  gatehoused enrollments purge 8F2C0A4E-… --dry-run`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, ids []string) error {
			return p.with(c.Context(), func(d *door) error {
				receipt, err := call[admin.Receipt](c.Context(), d, http.MethodPost, "/enrollments/purge", map[string]any{"ids": ids, "dry_run": dry})
				if err != nil {
					return err
				}
				return p.show(receipt, func() {
					if dry {
						p.say("%d would be erased", receipt.Phones)
						return
					}
					p.say("erased %d, receipt %s", receipt.Phones, receipt.ID)
				})
			})
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "try it, and change nothing")
	return c
}
