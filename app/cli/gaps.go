package cli

import (
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) gapsCommand() *cobra.Command {
	var since string
	c := &cobra.Command{
		Use:   "gaps",
		Short: "Print when phones could not reach this server",
		Long: `Silence in these times is not held against a phone. Reasons: off (the server did not run), asleep (the computer slept),
unreachable (the server ran, and its listener did not answer), clock (nobody was away, the clock was set), still (it is
not over yet). --since takes a time or how long ago; without it, the last 30 days are shown.`,
		Example: `  gatehoused gaps --since 168h`,
		RunE: func(c *cobra.Command, _ []string) error {
			from, err := moment(since, time.Now())
			if err != nil {
				return misuse(c, "%v", err)
			}
			query := url.Values{}
			if !from.IsZero() {
				query.Set("since", from.UTC().Format(time.RFC3339))
			}
			return p.with(c.Context(), func(d *door) error {
				gaps, err := call[admin.Gaps](c.Context(), d, http.MethodGet, "/gaps?"+query.Encode(), nil)
				if err != nil {
					return err
				}
				if p.json {
					return p.document(gaps)
				}
				if len(gaps.Gaps) == 0 {
					p.say("Phones could reach this server all the time, as far as it knows.")
					return nil
				}
				rows := make([][]any, 0, len(gaps.Gaps))
				for _, g := range gaps.Gaps {
					rows = append(rows, []any{g.From, g.Until, (time.Duration(g.Seconds) * time.Second).String(), g.Reason})
				}
				return p.table([]export.Column{
					{Name: "from", Title: "From"},
					{Name: "until", Title: "Until"},
					{Name: "length", Title: "Length"},
					{Name: "reason", Title: "Because"},
				}, rows)
			})
		},
	}
	c.Flags().StringVar(&since, "since", "", "only from this time on")
	return c
}
