package admin

import (
	"context"
	"time"

	"example.org/gatehouse/backend/mdm"
)

// ChartsIn says where somebody looks.
type ChartsIn struct {
	TimeZone string `query:"time_zone" maxLength:"60" default:"UTC" doc:"IANA name; weeks begin on Monday there" example:"Europe/Berlin"`
}

// Charts are numbers about all phones that are easier to look at than to read. Records that were erased are not in them.
type Charts struct {
	Weeks    []ChartWeek    `json:"weeks" doc:"of the last half year, the present one last"`
	Versions []ChartVersion `json:"versions" doc:"of the system of phones under management, the newest first"`
	Seen     []ChartSeen    `json:"seen" doc:"the last contact of phones under management"`
}

// ChartBar is a number, and the filter of the list of phones that finds them.
type ChartBar struct {
	Count  int      `json:"count"`
	Filter []string `json:"filter"`
}

// ChartWeek is how many phones enrolled in a week, and how many left.
type ChartWeek struct {
	From     time.Time `json:"from"`
	Enrolled ChartBar  `json:"enrolled"`
	Left     ChartBar  `json:"left"`
}

// ChartVersion is how many phones have a version.
type ChartVersion struct {
	Version string `json:"version" example:"26.1"`
	ChartBar
}

// ChartSeen is how many phones were heard last so long ago. Days count in which they could reach us.
type ChartSeen struct {
	From  int `json:"from" doc:"days"`
	Until int `json:"until,omitempty" doc:"days; absent: no end"`
	ChartBar
}

func viewBar(b mdm.Bar) ChartBar {
	view := ChartBar{Count: b.Count, Filter: []string{}}
	for _, c := range b.Filter {
		view.Filter = append(view.Filter, c.String())
	}
	return view
}

// Charts counts phones for the pictures of the overview.
func (a *API) Charts(ctx context.Context, in *ChartsIn) (*Charts, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(in.TimeZone)
	if err != nil || in.TimeZone == "Local" {
		return nil, fieldError("time_zone", "not_choice", err)
	}
	c, err := r.MDM.Charts(ctx, zone)
	if err != nil {
		return nil, err
	}
	view := &Charts{Weeks: []ChartWeek{}, Versions: []ChartVersion{}, Seen: []ChartSeen{}}
	for _, w := range c.Weeks {
		view.Weeks = append(view.Weeks, ChartWeek{w.From, viewBar(w.Enrolled), viewBar(w.Left)})
	}
	for _, v := range c.Versions {
		view.Versions = append(view.Versions, ChartVersion{v.Version, viewBar(v.Bar)})
	}
	for _, s := range c.Seen {
		view.Seen = append(view.Seen, ChartSeen{s.From, s.Until, viewBar(s.Bar)})
	}
	return view, nil
}
