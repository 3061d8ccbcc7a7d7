package mdm

import (
	"fmt"
	"slices"
	"time"

	"howett.net/plist"

	"example.org/gatehouse/backend/settings"
)

// Command is a request to a phone. Make one with a constructor; only what User Enrollment allows can be made.
type Command struct {
	requestType string
	keys        map[string]any
	// asks is true for a question: a second one is not queued while the first is open.
	asks bool
	// ends is true if its acknowledgement ends the management.
	ends bool
	// lives is how long the command waits for the phone.
	lives time.Duration
}

const (
	questionLives = 14 * 24 * time.Hour
	orderLives    = 90 * 24 * time.Hour
)

// RequestType is Apple's name of the command.
func (c Command) RequestType() string { return c.requestType }

func question(requestType string, keys map[string]any) Command {
	return Command{requestType: requestType, keys: keys, asks: true, lives: questionLives}
}

func order(requestType string, keys map[string]any) Command {
	return Command{requestType: requestType, keys: keys, lives: orderLives}
}

// DeviceInformation asks what kind of device it is. When it is queued, what the settings switch off is taken out.
// https://developer.apple.com/documentation/devicemanagement/device-information-command
func DeviceInformation() Command {
	return question("DeviceInformation", map[string]any{"Queries": queriesOf(settings.Defaults().Privacy)})
}

// SecurityInfo asks whether the passcode keeps the rules. A personal phone tells little more.
// https://developer.apple.com/documentation/devicemanagement/security-info-command
func SecurityInfo() Command { return question("SecurityInfo", nil) }

// ProfileList asks which profiles management installed; the person's own are never listed.
// https://developer.apple.com/documentation/devicemanagement/profile-list-command
func ProfileList() Command { return question("ProfileList", map[string]any{"ManagedOnly": true}) }

// CertificateList asks which certificates management installed.
// https://developer.apple.com/documentation/devicemanagement/certificate-list-command
func CertificateList() Command {
	return question("CertificateList", map[string]any{"ManagedOnly": true})
}

// InstalledApplicationList asks for the versions of managed apps. Personal ones are not asked for, and dropped should
// a phone name them.
// https://developer.apple.com/documentation/devicemanagement/installed-application-list-command
func InstalledApplicationList() Command {
	return question("InstalledApplicationList", map[string]any{
		"ManagedAppsOnly": true,
		"Items":           []string{"Identifier", "Name", "ShortVersion", "Version"},
	})
}

// ManagedApplicationList asks which apps are under management.
// https://developer.apple.com/documentation/devicemanagement/managed-application-list-command
func ManagedApplicationList() Command { return question("ManagedApplicationList", nil) }

// DeclarativeManagement turns declarative management on, or says that something has changed.
// https://developer.apple.com/documentation/devicemanagement/declarative-management-command
func DeclarativeManagement() Command { return question("DeclarativeManagement", nil) }

// DeviceLock locks the screen, with a message and a telephone number on it if they are given.
// https://developer.apple.com/documentation/devicemanagement/lock-device-command
func DeviceLock(message, phone string) Command {
	keys := map[string]any{}
	if message != "" {
		keys["Message"] = message
	}
	if phone != "" {
		keys["PhoneNumber"] = phone
	}
	return order("DeviceLock", keys)
}

// RemoveProfile removes a profile that management installed.
// https://developer.apple.com/documentation/devicemanagement/remove-profile-command
func RemoveProfile(identifier string) Command {
	return order("RemoveProfile", map[string]any{"Identifier": identifier})
}

// EndManagement removes the enrollment profile, and with it everything that work put on the phone, nothing else.
func EndManagement(profileIdentifier string) Command {
	c := RemoveProfile(profileIdentifier)
	c.ends = true
	return c
}

// Arguments are what some commands need to be told.
type Arguments struct {
	Message, Phone string // DeviceLock
	Identifier     string // RemoveProfile
}

// allowed has every command that we send, by Apple's name.
var allowed = map[string]func(Arguments) Command{
	"DeviceInformation":        func(Arguments) Command { return DeviceInformation() },
	"SecurityInfo":             func(Arguments) Command { return SecurityInfo() },
	"ProfileList":              func(Arguments) Command { return ProfileList() },
	"CertificateList":          func(Arguments) Command { return CertificateList() },
	"InstalledApplicationList": func(Arguments) Command { return InstalledApplicationList() },
	"ManagedApplicationList":   func(Arguments) Command { return ManagedApplicationList() },
	"DeclarativeManagement":    func(Arguments) Command { return DeclarativeManagement() },
	"DeviceLock":               func(a Arguments) Command { return DeviceLock(a.Message, a.Phone) },
	"RemoveProfile":            func(a Arguments) Command { return RemoveProfile(a.Identifier) },
}

// forbidden are commands that people look for and that Apple does not let a personal phone obey, each with the reason.
// Source: the userenrollment mode in Apple's device management schema.
var forbidden = map[string]string{
	"EraseDevice":          "a personal phone cannot be erased; end the management instead, which removes the work data",
	"ClearPasscode":        "the passcode of a personal phone belongs to its owner",
	"EnableLostMode":       "a personal phone cannot be located or put into lost mode by the organization",
	"DisableLostMode":      "a personal phone cannot be located or put into lost mode by the organization",
	"DeviceLocation":       "a personal phone cannot be located by the organization",
	"PlayLostModeSound":    "a personal phone cannot be located by the organization",
	"RestartDevice":        "only supervised devices can be restarted, and a personal phone never is one",
	"ShutDownDevice":       "only supervised devices can be shut down, and a personal phone never is one",
	"ScheduleOSUpdate":     "updates of a personal phone are its owner's business",
	"AvailableOSUpdates":   "updates of a personal phone are its owner's business",
	"OSUpdateStatus":       "updates of a personal phone are its owner's business",
	"Restrictions":         "the restrictions of a personal phone are not shown to the organization",
	"RefreshCellularPlans": "the mobile contract of a personal phone is its owner's business",
}

// ErrForbidden says that a command cannot be sent to a phone in User Enrollment, and why.
type ErrForbidden struct {
	RequestType string
	Reason      string // "" if the command is not known at all
}

func (e *ErrForbidden) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("there is no command %q that a personal phone obeys", e.RequestType)
	}
	return fmt.Sprintf("%s is not allowed under User Enrollment: %s", e.RequestType, e.Reason)
}

// ErrArgument says that a command lacks what it needs.
type ErrArgument struct{ RequestType, Argument string }

func (e *ErrArgument) Error() string { return fmt.Sprintf("%s needs %s", e.RequestType, e.Argument) }

// Allowed lists the commands that can be sent.
func Allowed() []string {
	names := make([]string, 0, len(allowed))
	for name := range allowed {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Forbidden gives the commands that people look for in vain, with Apple's reasons.
func Forbidden() map[string]string {
	reasons := make(map[string]string, len(forbidden))
	for name, reason := range forbidden {
		reasons[name] = reason
	}
	return reasons
}

// NewCommand makes a command by Apple's name for it.
func NewCommand(requestType string, a Arguments) (Command, error) {
	build, ok := allowed[requestType]
	if !ok {
		return Command{}, &ErrForbidden{RequestType: requestType, Reason: forbidden[requestType]}
	}
	if requestType == "RemoveProfile" && a.Identifier == "" {
		return Command{}, &ErrArgument{RequestType: requestType, Argument: "identifier"}
	}
	return build(a), nil
}

// encode writes the command as a phone reads it.
func (c Command) encode(uuid string) ([]byte, error) {
	keys := map[string]any{"RequestType": c.requestType}
	for k, v := range c.keys {
		keys[k] = v
	}
	b, err := plist.Marshal(map[string]any{"CommandUUID": uuid, "Command": keys}, plist.XMLFormat)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", c.requestType, err)
	}
	return b, nil
}
