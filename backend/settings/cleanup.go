package settings

import "strconv"

// Cleanup puts stale records away, again and again, once somebody has accepted what it would do.
type Cleanup struct {
	Automatic bool   `json:"automatic" doc:"Put stale records away by itself, once its report was accepted"`
	Every     string `json:"every" enum:"day,week" doc:"How often: day or week"`
	// Most is a brake: what would take more at once waits for a person.
	Most int         `json:"most" minimum:"1" maximum:"100" doc:"Per cent of all records that one clean-up may take; more waits for you"`
	Rule CleanupRule `json:"rule"`
}

// CleanupRule says after how many days a record is stale, for each way in which a phone can be gone; 0 is never.
type CleanupRule struct {
	Waiting         int `json:"waiting" minimum:"0" maximum:"3650" doc:"Days after which who never finished enrolling is stale; 0: never"`
	Silent          int `json:"silent" minimum:"0" maximum:"3650" doc:"Days of silence after which a phone that was woken in vain is stale; 0: never"`
	ProbablyRemoved int `json:"probably_removed" minimum:"0" maximum:"3650" doc:"Days of silence after which a phone that Apple cannot reach is stale; 0: never"`
	MustEnrollAgain int `json:"must_enroll_again" minimum:"0" maximum:"3650" doc:"Days after its certificate ended after which a phone is stale; 0: never"`
	Removed         int `json:"removed" minimum:"0" maximum:"3650" doc:"Days after which a phone that left is stale; 0: never"`
}

// longest is ten years.
const longest = 3650

func (c Cleanup) validate() error {
	switch {
	case c.Every != "day" && c.Every != "week":
		return invalid("cleanup.every", "not_choice", c.Every)
	case c.Most < 1 || c.Most > 100:
		return invalid("cleanup.most", "out_of_range", strconv.Itoa(c.Most))
	}
	for _, days := range []struct {
		name string
		n    int
	}{
		{"waiting", c.Rule.Waiting},
		{"silent", c.Rule.Silent},
		{"probably_removed", c.Rule.ProbablyRemoved},
		{"must_enroll_again", c.Rule.MustEnrollAgain},
		{"removed", c.Rule.Removed},
	} {
		if days.n < 0 || days.n > longest {
			return invalid("cleanup.rule."+days.name, "out_of_range", strconv.Itoa(days.n))
		}
	}
	return nil
}
