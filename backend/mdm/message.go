package mdm

import (
	"fmt"

	"howett.net/plist"

	"example.org/gatehouse/backend/pki"
)

const (
	checkInLimit = 1 << 20
	resultLimit  = 8 << 20
	tokenLimit   = 512 // bytes of an access token, a push token, a PushMagic
)

// checkIn is any message to the check-in address. Keys that User Enrollment forbids are here to be noticed, not kept.
type checkIn struct {
	MessageType      string
	Topic            string
	EnrollmentID     string
	EnrollmentUserID string // a Mac's user channel
	UDID             string
	ProductName      string
	OSVersion        string
	BuildVersion     string
	Token            []byte
	PushMagic        string
	TokenServiceType string
	Endpoint         string
	Data             []byte
}

// result is any message to the command address: Idle, or the answer to a command. It has no field for what a personal
// phone must not tell, so that falls away here.
type result struct {
	Status           string
	CommandUUID      string
	EnrollmentID     string `plist:",omitempty"`
	EnrollmentUserID string `plist:",omitempty"`
	UDID             string `plist:",omitempty"`

	ErrorChain []struct {
		ErrorCode            int64
		ErrorDomain          string
		LocalizedDescription string
		USEnglishDescription string `plist:",omitempty"`
	} `plist:",omitempty"`

	QueryResponses         *deviceInformation    `plist:",omitempty"`
	SecurityInfo           *securityInfo         `plist:",omitempty"`
	ProfileList            []profileEntry        `plist:",omitempty"`
	CertificateList        []certificateEntry    `plist:",omitempty"`
	InstalledApps          []appEntry            `plist:"InstalledApplicationList,omitempty"`
	ManagedApplicationList map[string]managedApp `plist:",omitempty"`
	MessageResult          string                `plist:",omitempty"`
}

// deviceInformation has the queries of command.go.
type deviceInformation struct {
	DeviceName                 string   `plist:",omitempty"`
	OSVersion                  string   `plist:",omitempty"`
	SupplementalOSVersionExtra string   `plist:",omitempty"`
	BuildVersion               string   `plist:",omitempty"`
	SupplementalBuildVersion   string   `plist:",omitempty"`
	ModelName                  string   `plist:",omitempty"`
	ModelNumber                string   `plist:",omitempty"`
	ProductName                string   `plist:",omitempty"`
	DeviceCapacity             *float64 `plist:",omitempty"` // GB
	AvailableDeviceCapacity    *float64 `plist:",omitempty"` // GB
	BatteryLevel               *float64 `plist:",omitempty"` // 0 to 1
}

// securityInfo has what table 4 of the protocol's support sheet leaves of it on a personal iPhone.
type securityInfo struct {
	HardwareEncryptionCaps *int64 `plist:",omitempty"`
	PasscodeCompliant      *bool  `plist:",omitempty"`
	ManagementStatus       *struct {
		IsUserEnrollment *bool `plist:",omitempty"`
	} `plist:",omitempty"`
}

type profileEntry struct {
	PayloadIdentifier   string
	PayloadUUID         string `plist:",omitempty"`
	PayloadDisplayName  string `plist:",omitempty"`
	PayloadOrganization string `plist:",omitempty"`
	IsManaged           bool   `plist:",omitempty"`
	Source              string `plist:",omitempty"`
}

type certificateEntry struct {
	CommonName string
	Data       []byte
	IsIdentity bool
}

type appEntry struct {
	Identifier   string
	Name         string `plist:",omitempty"`
	Version      string `plist:",omitempty"`
	ShortVersion string `plist:",omitempty"`
}

type managedApp struct {
	Status string
}

// decode takes a message apart, behind the guard that every parser of device input needs.
func decode(body []byte, limit int, into any) error {
	if err := pki.CheckPlist(body, limit); err != nil {
		return refuse("unreadable", err)
	}
	if _, err := plist.Unmarshal(body, into); err != nil {
		return refuse("unreadable", err)
	}
	return nil
}

func decodeCheckIn(body []byte) (checkIn, error) {
	var m checkIn
	if err := decode(body, checkInLimit, &m); err != nil {
		return m, err
	}
	if len(m.Token) > tokenLimit || len(m.PushMagic) > tokenLimit || len(m.Topic) > tokenLimit {
		return m, refuse("oversized_value", nil)
	}
	for _, s := range []string{m.ProductName, m.OSVersion, m.BuildVersion} {
		if len(s) > 64 {
			return m, refuse("oversized_value", nil)
		}
	}
	return m, checkID(m.EnrollmentID, m.UDID)
}

func decodeResult(body []byte) (result, error) {
	var m result
	if err := decode(body, resultLimit, &m); err != nil {
		return m, err
	}
	return m, checkID(m.EnrollmentID, m.UDID)
}

// checkID takes Apple's UUIDs, and what simulators use for one. A phone that names a UDID is not in User Enrollment.
func checkID(id, udid string) error {
	if udid != "" {
		return refuse("udid", nil)
	}
	if id == "" {
		return refuse("no_enrollment_id", nil)
	}
	if len(id) > 64 {
		return refuse("bad_enrollment_id", nil)
	}
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '.' && c != '_' {
			return refuse("bad_enrollment_id", nil)
		}
	}
	return nil
}

// refusal is an error that is the sender's: it becomes a 400, which leaves the phone as it is, to come again.
type refusal struct {
	reason     string
	enrollment string // whom it spoke of
	cause      error
	// event is set if an administrator should hear of it.
	event bool
}

func refuse(reason string, cause error) error { return &refusal{reason: reason, cause: cause} }

// turnAway refuses a message that was not this sender's to send.
func turnAway(reason string) error { return &refusal{reason: reason, event: true} }

func (r *refusal) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("refused: %s: %v", r.reason, r.cause)
	}
	return "refused: " + r.reason
}

func (r *refusal) Unwrap() error { return r.cause }
