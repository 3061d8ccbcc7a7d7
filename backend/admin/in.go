package admin

import "example.org/gatehouse/backend/settings"

// What the methods are asked with. A field named Body is the JSON body of the request.

// None asks without parameters.
type None struct{}

// Done answers where there is nothing to say.
type Done struct{}

// SetUpIn answers the first questions: enough to serve phones.
type SetUpIn struct {
	Body struct {
		Organization string   `json:"organization" minLength:"1" maxLength:"200"`
		Domains      []string `json:"domains" minItems:"1" maxItems:"100" doc:"the email domains of the people who enroll"`
		URL          string   `json:"url" example:"https://mdm.example.com:8443" doc:"what phones use; it cannot change while phones are enrolled"`
		Language     string   `json:"language,omitempty" default:"en" doc:"BCP 47"`
	}
}

// CheckIn is one answer to look at before it is kept.
type CheckIn struct {
	Body struct {
		Field string `json:"field" enum:"organization,domain,url,language"`
		Value string `json:"value" maxLength:"2000"`
	}
}

// SettingsIn replaces the whole document of settings.
type SettingsIn struct {
	Force bool `query:"force" doc:"also when it cuts off enrolled phones"`
	Body  settings.Settings
}

// DirectoryIn is the LDAP directory.
type DirectoryIn struct {
	Body struct {
		Directory    settings.LDAP `json:"directory"`
		BindPassword *string       `json:"bind_password,omitempty" maxLength:"1000" doc:"kept as it is when absent"`
	}
}

// TestDirectoryIn looks a person up, and tries the password if there is one.
type TestDirectoryIn struct {
	Body struct {
		Identifier string `json:"identifier" minLength:"1" maxLength:"320"`
		Password   string `json:"password,omitempty" maxLength:"1000"`
	}
}

// ImportTLSIn is the certificate that phones see, and its key.
type ImportTLSIn struct {
	Body struct {
		Certificate string `json:"certificate" maxLength:"200000" doc:"PEM, the server's own certificate first"`
		Key         string `json:"key" maxLength:"50000" doc:"PEM, not encrypted"`
	}
}

// ImportPushIn is Apple's push certificate with its key, as PEM or as PKCS#12.
type ImportPushIn struct {
	Force bool `query:"force" doc:"also another topic than the enrolled phones know: they can never be woken again"`
	Body  struct {
		Certificate string `json:"certificate,omitempty" maxLength:"200000" doc:"PEM, or DER in base64"`
		Key         string `json:"key,omitempty" maxLength:"100000" doc:"PEM, or DER in base64; not encrypted"`
		PKCS12      []byte `json:"pkcs12,omitempty" maxLength:"200000" doc:"instead of certificate and key; base64"`
		Passphrase  string `json:"passphrase,omitempty" maxLength:"1000"`
		Account     string `json:"account,omitempty" maxLength:"320" doc:"the Apple account it was made with"`
	}
}

// PeopleIn searches the local accounts.
type PeopleIn struct {
	Search string `query:"search" maxLength:"200"`
}

// AddPersonIn is a new local account. Without a password it gets an enrollment code.
type AddPersonIn struct {
	Body struct {
		Identifier     string `json:"identifier" minLength:"3" maxLength:"320" example:"anna@example.org"`
		Name           string `json:"name,omitempty" maxLength:"200"`
		ManagedAccount string `json:"managed_account,omitempty" maxLength:"320"`
		Password       string `json:"password,omitempty" maxLength:"1000"`
	}
}

// PersonIn names a local account.
type PersonIn struct {
	Identifier string `path:"identifier" maxLength:"320"`
}

// SetPasswordIn gives a local account a password.
type SetPasswordIn struct {
	Identifier string `path:"identifier" maxLength:"320"`
	Body       struct {
		Password string `json:"password" minLength:"1" maxLength:"1000"`
	}
}

// SetManagedAccountIn sets the Managed Apple Account of one person; empty follows the rule again.
type SetManagedAccountIn struct {
	Identifier string `path:"identifier" maxLength:"320"`
	Body       struct {
		ManagedAccount string `json:"managed_account" maxLength:"320"`
	}
}

// EnrollmentIn names one enrollment.
type EnrollmentIn struct {
	ID string `path:"id" maxLength:"100"`
}

// TimelineIn asks for what happened to one enrollment.
type TimelineIn struct {
	ID     string `path:"id" maxLength:"100"`
	Before int64  `query:"before" minimum:"0" doc:"cursor: only what happened before it"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"200"`
}

// SendCommandIn asks phones for something.
type SendCommandIn struct {
	Body struct {
		Selection
		All         bool   `json:"all,omitempty" doc:"every enrolled phone"`
		Type        string `json:"type" example:"DeviceInformation"`
		Message     string `json:"message,omitempty" maxLength:"1000" doc:"for DeviceLock"`
		PhoneNumber string `json:"phone_number,omitempty" maxLength:"50" doc:"for DeviceLock"`
		Identifier  string `json:"identifier,omitempty" maxLength:"500" doc:"for RemoveProfile; empty is the enrollment profile, which ends the management"`
	}
}

// RefreshIn names the phones whose inventory is to be taken anew.
type RefreshIn struct {
	Body struct {
		Selection
		All bool `json:"all,omitempty" doc:"every enrolled phone"`
	}
}

// AttemptsIn asks for attempts.
type AttemptsIn struct {
	Open   bool   `query:"open" doc:"only those that have not come to their end"`
	Person string `query:"person" maxLength:"320"`
	Step   string `query:"step" enum:",knocked,signed_in,offered,identified,done"`
	Stuck  bool   `query:"stuck" doc:"only those that somebody should look at"`
	Hours  int    `query:"hours" minimum:"0" maximum:"2160" doc:"only those in which something happened in so many hours; 0: all"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// AttemptIn names one attempt, by its id or by the reference its person reads out.
type AttemptIn struct {
	ID string `path:"id" maxLength:"100"`
}

// TrailView is what somebody looks at of the trail.
type TrailView struct {
	Since string `query:"since" json:"since,omitempty" maxLength:"40" doc:"RFC 3339: the first moment"`
	Until string `query:"until" json:"until,omitempty" maxLength:"40" doc:"RFC 3339: the first moment that does not count"`
	Kind  string `query:"kind" json:"kind,omitempty" maxLength:"100" doc:"one kind, or with a dot at its end all that begin so" example:"enrollment."`
	Actor string `query:"actor" json:"actor,omitempty" maxLength:"320"`
	Text  string `query:"text" json:"text,omitempty" maxLength:"200" doc:"part of a person, an actor or a fact"`
}

// EventsIn asks for a part of what happened.
type EventsIn struct {
	After  int64 `query:"after" minimum:"0" doc:"only after this cursor"`
	Before int64 `query:"before" minimum:"0" doc:"only before this cursor"`
	TrailView
	Attempt    string `query:"attempt" maxLength:"100"`
	Enrollment string `query:"enrollment" maxLength:"100"`
	Person     string `query:"person" maxLength:"320"`
	Newest     bool   `query:"newest" doc:"newest first"`
	Limit      int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// VerifyEventsIn asks whether the trail is as it was written.
type VerifyEventsIn struct {
	Body struct {
		Noted string `json:"noted,omitempty" maxLength:"100" doc:"an end of the trail that somebody wrote down before; it must still be part of it"`
	}
}

// GapsIn asks when phones could not reach us.
type GapsIn struct {
	Since string `query:"since" doc:"RFC 3339; the last 30 days when absent"`
}

// NewsIn waits until something happens after the cursor.
type NewsIn struct {
	After int64 `query:"after" minimum:"0"`
	Wait  int   `query:"wait" minimum:"0" maximum:"25" default:"25" doc:"seconds"`
}

// RehearseIn is a person the simulated iPhone signs in as.
type RehearseIn struct {
	Body struct {
		Identifier string `json:"identifier" minLength:"3" maxLength:"320"`
		Password   string `json:"password" maxLength:"1000"`
	}
}

// RehearsalIn names a rehearsal.
type RehearsalIn struct {
	ID string `path:"id" maxLength:"100"`
}

// DirectoryState is the LDAP directory as it is set.
type DirectoryState struct {
	Directory       settings.LDAP `json:"directory"`
	BindPasswordSet bool          `json:"bind_password_set"`
}

// CommandIn names one command.
type CommandIn struct {
	ID string `path:"id" maxLength:"100"`
}
