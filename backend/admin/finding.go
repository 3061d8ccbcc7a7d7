package admin

import (
	"strings"

	"example.org/gatehouse/backend/event"
)

// actions says where the next step is taken for findings whose code begins so; the first that fits counts.
var actions = []struct{ prefix, action string }{
	{"push_", "push_certificate"},
	{"server_certificate", "tls"},
	{"tls.", "tls"},
	{"discovery_certificate", "tls"},
	{"discovery_", "settings"},
	{"host_", "settings"},
	{"domain_", "settings"},
	{"settings_", "settings"},
	{"enrollment_closed", "settings"},
	{"directory_nobody", "people"},
	{"directory_", "directory"},
	{"attempts_", "attempts"},
	{"standing_", "settings"},
	{"people_locked", "people"},
	{"records_stale", "cleanup"},
	{"cleanup_", "cleanup"},
	{"records_erased_soon", "archived"},
	{"phones_duplicate", "duplicates"},
	{"languages_", "languages"},
}

// finding is a room's finding as a screen sees it.
func finding(f event.Finding) Finding {
	view := Finding{Code: f.Code, Level: string(f.Level), Params: params(f.Params), Action: "none", Filter: f.Filter}
	switch {
	case f.Level == event.Good:
		return view
	case f.Params["enrollment"] != "":
		view.Action = "phone"
		return view
	case len(f.Filter) > 0:
		view.Action = "phones"
		return view
	}
	for _, a := range actions {
		if strings.HasPrefix(f.Code, a.prefix) {
			view.Action = a.action
			break
		}
	}
	return view
}

func findings(list []event.Finding) []Finding {
	views := make([]Finding, 0, len(list))
	for _, f := range list {
		views = append(views, finding(f))
	}
	return views
}

// params is never null in JSON.
func params(p map[string]string) map[string]string {
	if p == nil {
		return map[string]string{}
	}
	return p
}
