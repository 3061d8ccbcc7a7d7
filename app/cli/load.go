package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
)

func (p *program) loadCommand() *cobra.Command {
	var o sim.LoadOptions
	var seconds int
	var trust, identifier string
	var withPassword bool
	c := &cobra.Command{
		Use:   "load --url https://HOST[:PORT] --phones N --seconds S",
		Short: "Press a server with simulated phones; on this computer unless --anywhere is given",
		Long: `Without --identifier the phones ask for their server and look at the sign-in page over and over. With it, all of them
sign in as that person, enroll, and then poll.`,
		Example: `  gatehoused load --url https://localhost:8443 --phones 50 --seconds 20
  gatehoused load --url https://localhost:8443 --phones 50 --seconds 20 --identifier load@example.com --password-stdin < password.txt`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := needed(c, "url"); err != nil {
				return err
			}
			if o.Phones < 1 || seconds < 1 {
				return misuse(c, "--phones and --seconds are at least 1")
			}
			if (identifier != "") != withPassword {
				return misuse(c, "--identifier and --password-stdin go together")
			}
			o.For = time.Duration(seconds) * time.Second
			if withPassword {
				password, err := p.needSecret("Password")
				if err != nil {
					return err
				}
				o.People = func(int) (string, string) { return identifier, password }
			}
			if err := p.prepare(c.Context(), &o, trust); err != nil {
				return err
			}
			return p.load(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.URL, "url", "", "the server")
	f.IntVar(&o.Phones, "phones", 10, "how many phones")
	f.IntVar(&seconds, "seconds", 10, "for how long")
	f.BoolVar(&o.Anywhere, "anywhere", false, "also a server that is not on this computer")
	f.StringVar(&trust, "trust", "", "root certificate to trust (PEM; default: that of the Gatehouse in the data folder, if there is one)")
	f.StringVar(&o.Domain, "domain", "", "email domain that the phones look for (default: that of the Gatehouse in the data folder, or the host)")
	f.StringVar(&identifier, "identifier", "", "sign in as this person and enroll")
	f.BoolVar(&withPassword, "password-stdin", false, "read that one's password from standard input")
	f.Uint64Var(&o.Seed, "seed", 0, "repeat a load")
	return c
}

// prepare fills in what the command line left out: whom the phones trust, and for which domain they look. If there is a
// Gatehouse in the data folder, it is most likely the one to press.
func (p *program) prepare(ctx context.Context, o *sim.LoadOptions, trust string) error {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a computer without authorities still has the one we add
	}
	o.Roots = roots
	if trust != "" {
		b, err := readFile(trust)
		if err == nil && !roots.AppendCertsFromPEM(b) {
			err = fmt.Errorf("%s has no certificate in PEM", trust)
		}
		if err != nil {
			return err
		}
	}
	if d, err := p.open(ctx); err == nil {
		anchor, noAnchor := call[admin.TrustAnchor](ctx, d, http.MethodGet, "/trust-anchor", nil)
		now, noSettings := call[settings.Settings](ctx, d, http.MethodGet, "/settings", nil)
		if err := errors.Join(noAnchor, noSettings, d.close()); err != nil {
			return err
		}
		roots.AppendCertsFromPEM([]byte(anchor.PEM))
		if o.Domain == "" && len(now.Domains) > 0 {
			o.Domain = now.Domains[0]
		}
	}
	if o.Domain == "" {
		u, err := url.Parse(o.URL)
		if err != nil {
			return fmt.Errorf("--url: %w", err)
		}
		o.Domain = u.Hostname()
	}
	return nil
}

func (p *program) load(ctx context.Context, o sim.LoadOptions) error {
	r, err := sim.Load(ctx, o)
	if errors.Is(err, sim.ErrElsewhere) {
		return fmt.Errorf("%s is not on this computer: add --anywhere if it is yours to press", o.URL)
	}
	if err != nil {
		return err
	}
	if err := p.showLoad(r); err != nil {
		return err
	}
	worked := 0
	for _, s := range r.Steps {
		worked += s.Count - s.Failed
	}
	if worked == 0 {
		return fmt.Errorf("nothing worked: %s", commonest(r.Errors))
	}
	return nil
}

// commonest is the problem that was met most often.
func commonest(problems map[string]int) string {
	worst := "no phone came as far as asking"
	for problem, n := range problems {
		if n > problems[worst] {
			worst = problem
		}
	}
	return worst
}

func (p *program) showLoad(r sim.LoadReport) (err error) {
	shown := p.show(r, func() {
		p.line("phones", fmt.Sprintf("%d, enrolled %d, polls %d, commands %d, failed %d, in %s",
			r.Phones, r.Enrolled, r.Polls, r.Commands, r.Failed, r.Took.Round(time.Millisecond)))
		rows := make([][]any, 0, len(r.Steps))
		for _, s := range r.Steps {
			rows = append(rows, []any{s.Name, s.Count, s.Failed, s.P50.String(), s.P95.String(), s.P99.String()})
		}
		err = p.table([]export.Column{
			{Title: "Step"}, {Title: "Count"}, {Title: "Failed"}, {Title: "p50"}, {Title: "p95"}, {Title: "p99"},
		}, rows)
		for problem, n := range r.Errors {
			p.line("problem", fmt.Sprintf("%d × %s", n, problem))
		}
	})
	return errors.Join(shown, err)
}
