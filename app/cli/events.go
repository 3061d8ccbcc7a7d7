package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/export"
)

func (p *program) eventsCommand() *cobra.Command {
	var since string
	var follow bool
	c := &cobra.Command{
		Use:   "events",
		Short: "Print the audit trail: what happened, in order",
		Long: `--since takes a time (2026-11-22, 2026-11-22T08:00:00Z) or how long ago (30m, 24h). With --follow, new events are
printed as they happen until you stop it; with --json too, each is a document on its own line.`,
		Example: `  gatehoused events --since 24h
  gatehoused events --follow --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			from, err := moment(since, time.Now())
			if err != nil {
				return misuse(c, "%v", err)
			}
			return p.with(c.Context(), func(d *door) error { return p.events(c.Context(), d, from, follow) })
		},
	}
	c.Flags().StringVar(&since, "since", "", "only from this time on")
	c.Flags().BoolVar(&follow, "follow", false, "wait for what happens next")
	return c
}

// moment reads a time as people write it.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(s); err == nil {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since %q is no time: write 2026-11-22, 2026-11-22T08:00:00Z or 24h", s)
}

func (p *program) events(ctx context.Context, d *door, from time.Time, follow bool) error {
	if follow && d.token == "" { // without a server nothing happens, and we would keep one from starting
		return errors.New("there is no server running to follow: start serve first, or leave out --follow")
	}
	var whole []admin.Event
	latest := int64(0)
	for {
		some, err := someEvents(ctx, d, from, latest)
		if err != nil {
			return stopped(ctx, err)
		}
		for _, e := range some.Events {
			latest = max(latest, e.Seq)
			switch {
			case p.json && !follow:
				whole = append(whole, e)
			case p.json:
				if err := json.NewEncoder(p.out).Encode(e); err != nil {
					return err
				}
			default:
				p.printf("%s\n", eventLine(e))
			}
		}
		if len(some.Events) > 0 {
			continue
		}
		if !follow {
			break
		}
		if _, err := call[admin.News](ctx, d, http.MethodGet, "/news?wait=25&after="+strconv.FormatInt(latest, 10), nil); err != nil {
			return stopped(ctx, err)
		}
	}
	if p.json && !follow {
		return p.document(append([]admin.Event{}, whole...))
	}
	return nil
}

// stopped is no error when somebody stopped us.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func someEvents(ctx context.Context, d *door, from time.Time, after int64) (*admin.Events, error) {
	query := url.Values{"limit": {"500"}, "after": {strconv.FormatInt(after, 10)}}
	if !from.IsZero() {
		query.Set("since", from.UTC().Format(time.RFC3339))
	}
	return call[admin.Events](ctx, d, http.MethodGet, "/events?"+query.Encode(), nil)
}

// eventLine is an event for people: when, who, what, about whom.
func eventLine(e admin.Event) string {
	facts := make([]string, 0, len(e.Params))
	for _, name := range slices.Sorted(maps.Keys(e.Params)) {
		if e.Params[name] != "" {
			facts = append(facts, name+"="+e.Params[name])
		}
	}
	about := strings.TrimSpace(strings.Join([]string{e.Person, e.Enrollment}, " "))
	line := fmt.Sprintf("%s  %-26s %-8s %s", e.At.Local().Format(time.DateTime), e.Kind, e.Actor, strings.TrimSpace(about+"  "+strings.Join(facts, " ")))
	return export.Plain(strings.TrimSpace(line))
}
