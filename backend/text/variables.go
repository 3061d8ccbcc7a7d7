package text

import "slices"

// Vars are the values of a text's variables. An empty one falls back to what the catalogue says under "default.",
// so that no sentence has a hole.
type Vars map[string]string

// standard are the variables that every text may use.
var standard = []string{
	"org_name", "org_short",
	"support_name", "support_email", "support_phone", "support_url", "support_hours",
	"device_kind", "domain", "ref",
	"ios_path", "ios_signin", "ios_allow", "ios_signout", "ios_remove",
}

// StandardNames are the names of the variables that every text may use.
func StandardNames() []string { return slices.Clone(standard) }

// facts are variables without which a text that has them in English is not true any more, or of no use. The others make it
// friendlier.
var facts = []string{
	"step", "steps", "minutes", "count", "retention", "terms_version", "old_device", "app_list", "unlock_time", "device_limit",
	"min_os", "date_time", "code", "wifi_name", "old_profile",
}

// Standard is what every text may speak of. Empty fields are fine.
type Standard struct {
	OrgName, OrgShort                                                 string
	SupportName, SupportEmail, SupportPhone, SupportURL, SupportHours string
	DeviceKind                                                        string // iPhone, iPad
	Domain                                                            string // what stands after the @
	Ref                                                               string // the reference that a person reads out
}

// StandardVars is s as variables. The caller adds those of a single text to the answer.
func StandardVars(s Standard) Vars {
	short := s.OrgShort
	if short == "" {
		short = s.OrgName
	}
	return Vars{
		"org_name": s.OrgName, "org_short": short,
		"support_name": s.SupportName, "support_email": s.SupportEmail, "support_phone": s.SupportPhone,
		"support_url": s.SupportURL, "support_hours": s.SupportHours,
		"device_kind": s.DeviceKind, "domain": s.Domain, "ref": s.Ref,
	}
}
