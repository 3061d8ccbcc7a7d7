package profile

// Enrollment is the profile that puts a phone under management.
type Enrollment struct {
	Identifier, DisplayName, Description, Organization string
	Seed                                               string
	SCEP                                               SCEP
	MDM                                                MDM
	Anchor                                             []byte
	AnchorName                                         string
}

type SCEP struct {
	URL, Name, Challenge, Subject string
	Fingerprint                   []byte
}

type MDM struct{ Topic, ServerURL, CheckInURL, ManagedAccount string }

func (e Enrollment) Encode() ([]byte, error) { return nil, nil }
