package admin

import (
	"context"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/enroll"
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
