package admin

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

// EnrollmentsIn asks for a page of the list of phones.
type EnrollmentsIn struct {
	Search string   `query:"search" maxLength:"200" doc:"part of a person, a name, a model, an account, a tag, a note or an own field"`
	State  string   `query:"state" enum:",waiting,enrolled,quiet,asleep,probably_removed,must_enroll_again,removed,archived"`
	Stale  int      `query:"stale" minimum:"0" maximum:"3650" doc:"silent for at least so many days in which we could be reached"`
	Filter []string `query:"filter,explode" maxItems:"50" doc:"COLUMN:OPERATOR:VALUE; all must be so. GET /enrollments/columns says what there is" example:"os_version:before:18.4"`
	Sort   string   `query:"sort" maxLength:"40" doc:"a column, with a minus the other way round"`
	After  string   `query:"after" maxLength:"1000" doc:"cursor of the page before"`
	Offset int      `query:"offset" minimum:"0" maximum:"10000000" doc:"leave out so many phones, from the cursor or from the beginning"`
	Limit  int      `query:"limit" minimum:"1" maximum:"500" default:"200"`
	Total  bool     `query:"total" default:"true" doc:"count the phones of this list; whoever turns pages has seen that"`
	Counts bool     `query:"counts" default:"true" doc:"count all phones by state too"`
}

// ListView is what a list shows: the same phones in the same order, wherever it is asked for.
type ListView struct {
	Search string   `json:"search,omitempty" maxLength:"200"`
	State  string   `json:"state,omitempty" enum:",waiting,enrolled,quiet,asleep,probably_removed,must_enroll_again,removed,archived"`
	Stale  int      `json:"stale,omitempty" minimum:"0" maximum:"3650"`
	Filter []string `json:"filter,omitempty" maxItems:"50" doc:"COLUMN:OPERATOR:VALUE; all must be so"`
	Sort   string   `json:"sort,omitempty" maxLength:"40"`
}

func (v ListView) query() (mdm.ListQuery, error) {
	q := mdm.ListQuery{Search: v.Search, State: v.State, Stale: v.Stale, Sort: v.Sort}
	for _, text := range v.Filter {
		c, err := mdm.ParseCondition(text)
		if err != nil {
			return q, err
		}
		q.Filter = append(q.Filter, c)
	}
	return q, nil
}

// Selection is some phones: those that are named, or all that a list shows.
type Selection struct {
	IDs  []string  `json:"ids,omitempty" maxItems:"10000"`
	View *ListView `json:"view,omitempty" doc:"all phones of this list, instead of ids"`
}

func (s Selection) named() bool { return len(s.IDs) > 0 || s.View != nil }

var errNamed = errors.New("name phones, or a list of them, and not both")

// chosen are the ids of a selection.
func (a *API) chosen(ctx context.Context, r Rooms, s Selection) ([]string, error) {
	if (len(s.IDs) > 0) == (s.View != nil) {
		return nil, fieldError("ids", "required", errNamed)
	}
	if s.View == nil {
		return s.IDs, nil
	}
	q, err := s.View.query()
	if err != nil {
		return nil, err
	}
	return r.MDM.IDs(ctx, q)
}

// WakeIn names the phones to wake.
type WakeIn struct{ Body Selection }

// RetireIn names the phones that work is to be taken off, or that may stay after all.
type RetireIn struct{ Body Selection }

// Enrollments is a page of the list of phones.
func (a *API) Enrollments(ctx context.Context, in *EnrollmentsIn) (*Enrollments, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	q, err := ListView{in.Search, in.State, in.Stale, in.Filter, in.Sort}.query()
	if err != nil {
		return nil, err
	}
	q.After, q.Offset, q.Limit = in.After, in.Offset, in.Limit
	view := &Enrollments{Enrollments: []Enrollment{}, Counts: Counts{States: map[string]int{}}}
	// A person who types waits for the slowest of the three, not for their sum.
	parts, both := errgroup.WithContext(ctx)
	parts.Go(func() error {
		page, err := r.MDM.List(both, q)
		for _, e := range page.Enrollments {
			view.Enrollments = append(view.Enrollments, viewEnrollment(e, page.Moment))
		}
		view.Next = page.Next
		return err
	})
	if in.Total {
		parts.Go(func() (err error) {
			view.Total, err = r.MDM.Count(both, q)
			return err
		})
	}
	if in.Counts {
		parts.Go(func() (err error) {
			view.Counts, err = a.counts(both, r)
			return err
		})
	}
	return view, parts.Wait()
}

func viewEnrollment(e mdm.Enrollment, m mdm.Moment) Enrollment {
	state := mdm.Describe(e, m)
	d := e.Device
	view := Enrollment{
		ID: e.ID, EnrollmentID: e.ID, Person: e.Person, PersonName: e.PersonName, ManagedAccount: e.ManagedAccount,
		State: state.Code,
		Described: Described{
			Code: state.Code, Reason: state.Reason, Next: state.Next, Level: string(levelOf(state)), Params: params(state.Params),
		},
		Name: d.Name, Nickname: e.Remarks.Nickname, Group: e.Group, Model: d.Model, ProductName: d.ProductName,
		OSVersion: d.OSVersion, Build: d.Build, Capacity: d.Capacity, Available: d.Available, Battery: d.Battery, Passcode: d.Passcode(),
		EnrolledAt: e.EnrolledAt, LastSeenAt: e.LastSeenAt, LastInfoAt: d.InformationAt, EndedAt: e.EndedAt, ArchivedAt: e.ArchivedAt,
		WokenAt: e.Push.SentAt, FailedAt: e.FailedAt, IdentityNotAfter: e.IdentityExpiresAt, AwayHours: int(m.Away.Within(e.LastSeenAt, m.Now).Hours()),
		Tags: append([]string{}, e.Remarks.Tags...), Notes: e.Remarks.Notes, Fields: slices.Clone(e.Remarks.Fields[:]),
		Batch: e.Batch, FormerID: e.Former, Same: e.Same,
	}
	if e.Kept.Reason != "" {
		view.Kept = &Kept{Reason: e.Kept.Reason, By: e.Kept.By, At: e.Kept.At}
	}
	return view
}

// EnrollmentColumn is a column that the list of phones can have.
type EnrollmentColumn struct {
	Name      string   `json:"name" example:"os_version" doc:"also the name of the field of a phone"`
	Title     string   `json:"title" doc:"in English; of an own field the name that the settings give it"`
	Kind      string   `json:"kind" enum:"text,version,time,number,bytes,percent,choice,tags,bool"`
	Own       int      `json:"own,omitempty" doc:"the number of an own field, from 1"`
	Named     bool     `json:"named" doc:"false for an own field that the settings have no name for"`
	Sortable  bool     `json:"sortable"`
	Glance    bool     `json:"glance" doc:"shown unless somebody chose others"`
	Operators []string `json:"operators" doc:"what a filter can ask of it"`
	Choices   []string `json:"choices" doc:"the values there are, where they are few"`
}

// EnrollmentColumns are all columns, in the order in which they are offered.
type EnrollmentColumns struct {
	Columns []EnrollmentColumn `json:"columns"`
}

// EnrollmentColumns says which columns the list of phones can have, and what can be asked of them.
func (a *API) EnrollmentColumns(ctx context.Context, _ *None) (*EnrollmentColumns, error) {
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	view := &EnrollmentColumns{}
	for _, c := range mdm.Columns() {
		column := EnrollmentColumn{
			Name: c.Name, Title: c.Title, Kind: string(c.Kind), Own: c.Own(), Named: true, Sortable: c.Sortable(), Glance: c.Glance,
			Operators: []string{}, Choices: append([]string{}, c.Choices...),
		}
		for _, o := range c.Operators() {
			column.Operators = append(column.Operators, string(o))
		}
		if c.Own() > 0 {
			column.Title, column.Named = fieldName(now, c)
		}
		view.Columns = append(view.Columns, column)
	}
	return view, nil
}

// fieldName is what the settings call an own field.
func fieldName(now settings.Settings, c mdm.Column) (name string, named bool) {
	if n := c.Own(); n > 0 && n <= len(now.Fields) && now.Fields[n-1] != "" {
		return now.Fields[n-1], true
	}
	return c.Title, false
}

// Facet is one value and how many phones have it.
type Facet struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Facets are the values that filters offer, with how many phones have them.
type Facets struct {
	States     map[string]int `json:"states"`
	Models     []Facet        `json:"models" doc:"most frequent first"`
	OSVersions []Facet        `json:"os_versions" doc:"newest first"`
	Groups     []Facet        `json:"groups"`
	Tags       []Facet        `json:"tags"`
}

// Facets are the values that filters offer.
func (a *API) Facets(ctx context.Context, _ *None) (*Facets, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	found, err := r.MDM.Facets(ctx)
	if err != nil {
		return nil, err
	}
	return &Facets{
		States: found.States, Models: facets(found.Models), OSVersions: facets(found.Versions), Groups: facets(found.Groups), Tags: facets(found.Tags),
	}, nil
}

func facets(list []mdm.Facet) []Facet {
	views := make([]Facet, 0, len(list))
	for _, f := range list {
		views = append(views, Facet(f))
	}
	return views
}

// FindIn is a pasted list, one name or identifier on each line.
type FindIn struct {
	Body struct {
		Text string `json:"text" maxLength:"900000" doc:"a line for each phone: its id, name or nickname, or its person's name, account or identifier"`
	}
}

// Found is what a pasted list leads to.
type Found struct {
	IDs      []string    `json:"ids" doc:"each phone once, in the order of the lines"`
	Lines    int         `json:"lines" doc:"how many lines were not empty"`
	NotFound []string    `json:"not_found" doc:"lines that name nobody"`
	Several  []Ambiguous `json:"several" doc:"lines that name more than one phone; all of them are among the ids"`
}

// Ambiguous is a line that names more than one phone.
type Ambiguous struct {
	Line  string `json:"line"`
	Count int    `json:"count"`
}

// Find looks for the phones that a pasted list names.
func (a *API) Find(ctx context.Context, in *FindIn) (*Found, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	found, err := r.MDM.Find(ctx, in.Body.Text)
	if err != nil {
		return nil, err
	}
	view := &Found{IDs: append([]string{}, found.IDs...), Lines: found.Lines, NotFound: append([]string{}, found.NotFound...), Several: []Ambiguous{}}
	for _, s := range found.Several {
		view.Several = append(view.Several, Ambiguous(s))
	}
	return view, nil
}
