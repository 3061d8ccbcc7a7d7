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
	var since, format, file, noted string
	var follow, verify bool
	c := &cobra.Command{
		Use:   "events",
		Short: "Print the audit trail: what happened, in order",
		Long: `--since takes a time (2026-11-22, 2026-11-22T08:00:00Z) or how long ago (30m, 24h). With --follow, new events are
printed as they happen until you stop it; with --json too, each is a document on its own line.

--verify compares the whole trail with its chain and names the first event that somebody has changed or removed behind
our back; exit code 1 if there is one. It prints the end of the trail: write it down elsewhere, and --noted will prove
later that nothing before it was changed.`,
		Example: `  gatehoused events --since 24h
  gatehoused events --follow --json
  gatehoused events --format csv -o trail.csv
  gatehoused events --verify`,
		RunE: func(c *cobra.Command, _ []string) error {
			from, err := moment(since, time.Now())
			if err != nil {
				return misuse(c, "%v", err)
			}
			kind, err := export.Parse(format)
			if err != nil {
				return misuse(c, "--format is one of table, csv, tsv, json, xlsx, xml")
			}
			written := kind != export.Text || file != ""
			switch {
			case noted != "" && !verify:
				return misuse(c, "--noted goes with --verify")
			case verify && (follow || written || since != ""):
				return misuse(c, "--verify looks at the whole trail, and goes with nothing but --noted and --json")
			case follow && written:
				return misuse(c, "--follow prints; it does not go with --format and --output")
			}
			return p.with(c.Context(), func(d *door) error {
				switch {
				case verify:
					return p.verifyEvents(c.Context(), d, noted)
				case written:
					return p.writeTable(file, kind, eventTable(c.Context(), d, from), export.Options{})
				}
				return p.events(c.Context(), d, from, follow)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&since, "since", "", "only from this time on")
	f.BoolVar(&follow, "follow", false, "wait for what happens next")
	f.StringVar(&format, "format", string(export.Text), "table, csv, tsv, json, xlsx or xml")
	f.StringVarP(&file, "output", "o", "", "write to this file")
	f.BoolVar(&verify, "verify", false, "see whether anything in the trail was changed or removed")
	f.StringVar(&noted, "noted", "", "with --verify: an end of the trail that you wrote down before")
	return c
}

// eventTable is the trail for a file.
func eventTable(ctx context.Context, d *door, from time.Time) export.Table {
	return export.Table{
		Name: "events", Row: "event",
		Columns: []export.Column{
			{Name: "seq", Title: "Number"},
			{Name: "at", Title: "Time"},
			{Name: "kind", Title: "What"},
			{Name: "actor", Title: "Who"},
			{Name: "person", Title: "Person"},
			{Name: "enrollment", Title: "Enrollment"},
			{Name: "attempt", Title: "Attempt"},
			{Name: "params", Title: "Facts"},
			{Name: "id", Title: "ID"},
		},
		Rows: func(yield func([]any, error) bool) {
			for latest := int64(0); ; {
				some, err := someEvents(ctx, d, from, latest)
				if err != nil {
					yield(nil, err)
					return
				}
				for _, e := range some.Events {
					latest = max(latest, e.Seq)
					if !yield([]any{e.Seq, e.At, e.Kind, e.Actor, e.Person, e.Enrollment, e.Attempt, facts(e), e.ID}, nil) {
						return
					}
				}
				if len(some.Events) == 0 {
					return
				}
			}
		},
	}
}

// faults says what is wrong with the trail at some place.
var faults = map[string]string{
	"altered":   "was changed",
	"missing":   "is missing",
	"relinked":  "is linked in a way that is not ours",
	"shortened": "and what came after it are missing",
	"key_gone":  "cannot be checked: the key of the trail is gone or another one",
}

func (p *program) verifyEvents(ctx context.Context, d *door, noted string) error {
	in := &admin.VerifyEventsIn{}
	in.Body.Noted = noted
	v, err := call[admin.EventsVerdict](ctx, d, http.MethodPost, "/events/verify", in.Body)
	if err != nil {
		return err
	}
	err = p.show(v, func() {
		p.line("as written", v.Events)
		p.line("removed on purpose", v.Forgotten)
		p.line("not sealed yet", v.Waiting)
		p.line("sealed since", v.Began)
		p.line("end of the trail", v.Head)
	})
	switch b := v.Broken; {
	case err != nil || v.OK:
		return err
	case b == nil:
		return errors.New("the end that you noted is not part of this trail: it was begun anew, or is another one")
	case b.Event != nil && b.Event.Kind != "":
		return fmt.Errorf("the trail was changed: event %d (%s) %s", b.Event.Seq, eventLine(*b.Event), faults[b.Fault])
	case b.Event != nil:
		return fmt.Errorf("the trail was changed: event %d %s", b.Event.Seq, faults[b.Fault])
	default:
		return fmt.Errorf("the trail was changed: the event at place %d %s", b.Place, faults[b.Fault])
	}
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
	about := strings.TrimSpace(strings.Join([]string{e.Person, e.Enrollment}, " "))
	line := fmt.Sprintf("%s  %-26s %-8s %s", e.At.Local().Format(time.DateTime), e.Kind, e.Actor, strings.TrimSpace(about+"  "+facts(e)))
	return export.Plain(strings.TrimSpace(line))
}

// facts are the parameters of an event in one line.
func facts(e admin.Event) string {
	list := make([]string, 0, len(e.Params))
	for _, name := range slices.Sorted(maps.Keys(e.Params)) {
		if e.Params[name] != "" {
			list = append(list, name+"="+e.Params[name])
		}
	}
	return strings.Join(list, " ")
}
