package enroll

import (
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// refusalWords are words with what refusals speak of besides.
func refusalWords(now settings.Settings, family string) text.Vars {
	v := words(now, family)
	v["min_os"] = now.Enrollment.MinOS
	return v
}

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
