package admin

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/portal"
)

// Held is one thing that is kept about a phone or its person.
type Held struct {
	Name  string    `json:"name" example:"BatteryLevel" doc:"Apple's name of a fact, or ours"`
	Group string    `json:"group" enum:"account,management,device,security,apps,remarks,history"`
	Kind  string    `json:"kind" enum:"text,bool,number,percent,bytes,time"`
	Value string    `json:"value"`
	Since time.Time `json:"since,omitzero" doc:"since when, as far as it is known"`
	Why   string    `json:"why" enum:"owner,service,support,security,written,audit" doc:"to know whose phone it is; to serve it; to help; to know that rules are kept; somebody wrote it; to know what happened"`
}

// Privacy is all that is kept about one phone, and what never is.
type Privacy struct {
	Held  []Held    `json:"held"`
	Never []string  `json:"never" doc:"what User Enrollment never tells, as codes"`
	At    time.Time `json:"at"`
}

// Privacy is all that is kept about one phone, since when and why, and what never is.
func (a *API) Privacy(ctx context.Context, in *EnrollmentIn) (*Privacy, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	all, err := r.MDM.Held(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view := &Privacy{Held: []Held{}, Never: mdm.Never(), At: a.DB.Now()}
	for _, h := range all {
		view.Held = append(view.Held, Held(h))
	}
	e, err := r.MDM.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return view, a.holdElsewhere(ctx, r, e, view)
}

// PrivacyGiven is the event of a person who was given all that is kept about a phone.
const PrivacyGiven event.Kind = "privacy.exported"

// ExportPrivacyIn asks for the panel as a file, for the phone's owner.
type ExportPrivacyIn struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Format   string            `json:"format" enum:"html,csv,xlsx,json"`
		Words    map[string]string `json:"words,omitempty" doc:"what names, groups, reasons and the headings are called; a code without a word stays a code"`
		Language string            `json:"language,omitempty" maxLength:"35" doc:"BCP 47"`
		TimeZone string            `json:"time_zone,omitempty" maxLength:"60" doc:"IANA name; UTC when absent" example:"Europe/Berlin"`
		Heading  string            `json:"heading,omitempty" maxLength:"200" doc:"above a page to print"`
	}
}

// ExportPrivacy gives all that is kept about one phone, and what never is, as a file for its owner.
func (a *API) ExportPrivacy(ctx context.Context, in *ExportPrivacyIn) (*attachment, error) {
	panel, err := a.Privacy(ctx, &EnrollmentIn{ID: in.ID})
	if err != nil {
		return nil, err
	}
	format, err := export.Parse(in.Body.Format)
	if err != nil {
		return nil, fieldError("format", "not_choice", err)
	}
	zone, err := time.LoadLocation(in.Body.TimeZone)
	if err != nil {
		return nil, fieldError("time_zone", "not_choice", err)
	}
	options := export.For(in.Body.Language, zone)
	options.Heading = in.Body.Heading
	table := panel.table(in.Body.Words)
	name := "privacy-" + a.DB.Now().Format("2006-01-02") + "." + in.Body.Format
	f, err := spool(name, kinds[format], func(w io.Writer) error { return export.Write(w, format, table, options) })
	if err != nil {
		return nil, err
	}
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		return a.Config.Events.Add(tx, event.Event{Kind: PrivacyGiven, Enrollment: in.ID, Params: map[string]string{"format": in.Body.Format}})
	})
	if err != nil {
		return nil, errors.Join(err, f.content.Close())
	}
	return f, nil
}

// table is the panel in words.
func (p *Privacy) table(words map[string]string) export.Table {
	word := func(code string) string {
		if w, ok := words[code]; ok {
			return w
		}
		return code
	}
	t := export.Table{Name: "held", Row: "fact"}
	for _, c := range []string{"group", "name", "value", "since", "why"} {
		t.Columns = append(t.Columns, export.Column{Name: c, Title: word(c)})
	}
	t.Rows = func(yield func([]any, error) bool) {
		for _, h := range p.Held {
			var since any
			if !h.Since.IsZero() {
				since = h.Since
			}
			if !yield([]any{word(h.Group), word(h.Name), h.cell(word), since, word(h.Why)}, nil) {
				return
			}
		}
		for _, code := range p.Never {
			if !yield([]any{word("never"), word("never." + code), word("no"), nil, ""}, nil) {
				return
			}
		}
	}
	return t
}

// cell is the value as its kind says.
func (h Held) cell(word func(string) string) any {
	switch h.Kind {
	case "time":
		if at, err := time.Parse(time.RFC3339, h.Value); err == nil {
			return at
		}
	case "number", "bytes":
		if n, err := strconv.ParseInt(h.Value, 10, 64); err == nil {
			return n
		}
	case "bool":
		return word(map[string]string{"true": "yes", "false": "no"}[h.Value])
	case "percent":
		return h.Value + " %"
	}
	return h.Value
}

// holdElsewhere adds what the other rooms keep.
func (a *API) holdElsewhere(ctx context.Context, r Rooms, e mdm.Enrollment, view *Privacy) error {
	id := e.ID
	add := func(name, kind, value string, since time.Time) {
		if value != "" {
			view.Held = append(view.Held, Held{Name: name, Group: "history", Kind: kind, Value: value, Since: since, Why: "audit"})
		}
	}
	attempts, err := r.Enroll.Attempts(ctx, enroll.AttemptQuery{Enrollment: id, Limit: 100})
	if err != nil {
		return err
	}
	for _, one := range attempts {
		add("attempt", "text", one.Ref, one.CreatedAt)
		add("typed_identifier", "text", one.Identifier, one.CreatedAt)
		add("language", "text", one.Language, one.CreatedAt)
	}
	said, err := r.Portal.Consents(ctx, portal.ConsentQuery{Person: e.Person})
	if err != nil {
		return err
	}
	for _, c := range said {
		add("consent_"+c.Kind, "text", strings.Join(strings.Fields(c.Answer+" "+c.Language+" "+c.Address), " "), c.At)
	}
	reported, err := r.DDM.Reported(ctx, id)
	if err != nil {
		return err
	}
	if !reported.IsZero() {
		add("status_report", "time", reported.Format(time.RFC3339), reported)
	}
	n, since, err := a.Config.Events.About(ctx, id)
	if err != nil {
		return err
	}
	if n > 0 {
		add("events", "number", strconv.Itoa(n), since)
	}
	return nil
}
