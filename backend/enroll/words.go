package enroll

import (
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// words are the variables of what a phone shows by itself: refusals and the names in the profile.
func words(now settings.Settings, family string) text.Vars {
	o := now.Organization
	return text.StandardVars(text.Standard{
		OrgName: o.Name, OrgShort: o.ShortName,
		SupportName: o.SupportName, SupportEmail: o.SupportEmail, SupportPhone: o.SupportPhone,
		SupportURL: o.SupportURL, SupportHours: o.SupportHours,
		DeviceKind: family,
	})
}
