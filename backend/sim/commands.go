package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"howett.net/plist"
)

// command is what the server wants done.
type command struct {
	UUID    string         `plist:"CommandUUID"`
	Command map[string]any `plist:"Command"`
}

func (c command) kind() string { s, _ := c.Command["RequestType"].(string); return s }

// result is what became of a command, and what the phone does once that is said.
type result struct {
	status string
	answer map[string]any
	then   func(context.Context) error
	last   bool // nothing is done after it
}

// Poll is what a push makes a phone do: it says Idle and does what it is told until there is nothing left. Results that
// the server did not take the last time go first.
func (p *Phone) Poll(ctx context.Context) (handled int, err error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	defer p.hangUp()
	err = p.step("poll", func() error {
		handled, err = p.poll(ctx)
		return err
	})
	return handled, err
}

func (p *Phone) poll(ctx context.Context) (int, error) {
	if !p.enrolled {
		return 0, ErrNotEnrolled
	}
	handled := 0
	var later []func(context.Context) error // when the conversation is over
	refused := map[string]bool{}
	over := false
	for say := p.next(); say != nil; {
		answer, err := p.mdm(ctx, ToServer, "message to the server", say)
		if err != nil {
			return handled, err // what was not taken stays in unsaid
		}
		p.set(func(s *state) {
			if len(s.unsaid) > 0 {
				s.unsaid = s.unsaid[1:]
			}
		})
		if over {
			break
		}
		if isEmpty(answer.Body) {
			if say = nil; len(p.unsaid) > 0 {
				say = p.unsaid[0]
			}
			continue
		}
		order, refusal := p.readCommand(answer)
		if refusal != nil {
			return handled, refusal
		}
		if refused[order.UUID] {
			p.complain(refuse("not-now-loop", sourceNotNow, "command %s comes again in the conversation that answered NotNow", order.UUID))
			break
		}
		if handled++; handled > 500 {
			return handled, refuse("endless-queue", sourceCommands, "500 commands in one conversation")
		}
		done := p.execute(ctx, order)
		refused[order.UUID] = done.status == "NotNow"
		report := p.Report(done.status, order.UUID, done.answer)
		p.set(func(s *state) {
			s.unsaid = append(s.unsaid, report)
			s.lastNotNow = done.status == "NotNow"
		})
		switch {
		case done.last:
			later = []func(context.Context) error{done.then} // nothing else matters to a phone that goes
		case done.then != nil:
			later = append(later, done.then)
		}
		say, over = p.unsaid[0], done.last
	}
	for _, do := range later {
		if err := do(ctx); err != nil {
			return handled, err
		}
	}
	return handled, nil
}

// next is the first thing to say: an old result, or Idle.
func (p *Phone) next() []byte {
	if len(p.unsaid) > 0 {
		return p.unsaid[0]
	}
	return p.Report("Idle", "", nil)
}

func (p *Phone) readCommand(answer Answer) (command, *Refusal) {
	var c command
	if answer.Status != http.StatusOK {
		return c, refuse("command-status", sourceCommands, "a command came with status %d, 200 is needed", answer.Status)
	}
	if format, err := plist.Unmarshal(answer.Body, &c); err != nil {
		return c, refuse("command-plist", sourceCommands, "the answer is no property list: %v", err)
	} else if format != plist.XMLFormat {
		return c, refuse("command-plist", sourceCommands, "the property list is not XML")
	}
	if c.UUID == "" || c.kind() == "" {
		return c, refuse("command-keys", sourceCommands, "CommandUUID or RequestType is missing")
	}
	return c, nil
}

// execute does what an iPhone under User Enrollment does with a command.
func (p *Phone) execute(ctx context.Context, c command) result {
	mayWait, allowed := commandTypes[c.kind()]
	if !allowed {
		p.complain(refuse("command-forbidden", sourceAllowed, "%s is not for user enrollment", c.kind()))
		return failure(12021, "MCMDMErrorDomain", fmt.Sprintf("“%s” is not a valid request type.", c.kind()))
	}
	if mayWait && p.chance(p.temper().NotNow) {
		return result{status: "NotNow"}
	}
	switch c.kind() {
	case "DeviceInformation":
		return p.deviceInformation(c)
	case "SecurityInfo":
		return done(map[string]any{"SecurityInfo": map[string]any{
			"HardwareEncryptionCaps": 3, "PasscodeCompliant": true, "ManagementStatus": map[string]any{"IsUserEnrollment": true},
		}})
	case "ProfileList":
		return p.profileList()
	case "CertificateList":
		return p.certificateList()
	case "ProvisioningProfileList":
		return done(map[string]any{"ProvisioningProfileList": []any{}})
	case "InstalledApplicationList":
		return done(map[string]any{"InstalledApplicationList": []any{}}) // managed apps only, and this phone has none
	case "ManagedApplicationList":
		return done(map[string]any{"ManagedApplicationList": map[string]any{}})
	case "InstallProfile":
		return p.installProfile(ctx, c)
	case "RemoveProfile":
		return p.removeProfile(c)
	case "Settings":
		return p.settings(c)
	case "DeviceLock":
		return done(map[string]any{"MessageResult": "Success"})
	case "InstallApplication":
		return p.installApplication(c)
	case "DeclarativeManagement":
		return p.declarativeManagement(c)
	}
	return done(nil)
}

func (p *Phone) deviceInformation(c command) result {
	queries, ok := c.Command["Queries"].([]any)
	if !ok {
		p.complain(refuse("command-keys", sourceCommands, "DeviceInformation without Queries"))
		return result{status: "CommandFormatError"}
	}
	known := map[string]any{
		"DeviceName": p.o.Name, "OSVersion": p.o.OS, "BuildVersion": p.o.Build, "ModelName": p.Family(),
		"Model": "M" + p.o.Model[len(p.o.Model)-1:] + "QT3ZD/A", "ModelNumber": "A3293", "ProductName": p.o.Model,
		"DeviceCapacity": p.capacity(), "AvailableDeviceCapacity": p.capacity() * 0.37, "BatteryLevel": p.battery(),
		"IsSupervised": false, "IsMultiUser": false, "CellularTechnology": 3, "TimeZone": "Europe/Berlin",
		"IsDeviceLocatorServiceEnabled": true, "DiagnosticSubmissionEnabled": false, "AppAnalyticsEnabled": false,
		"IsNetworkTethered": false, "EASDeviceIdentifier": "SIM" + p.EnrollmentID()[:8], "MDMOptions": map[string]any{},
	}
	answers := map[string]any{}
	for _, q := range queries {
		name, _ := q.(string)
		if !slices.Contains(queryNames, name) {
			p.complain(refuse("query-forbidden", sourceAllowed, "DeviceInformation asks for %s", name))
			continue // simply missing in the answer
		}
		if v, there := known[name]; there {
			answers[name] = v
		}
	}
	return done(map[string]any{"QueryResponses": answers})
}

func (p *Phone) capacity() float64 { return float64(int(64) << (p.seed % 4)) }

func (p *Phone) battery() float64 { return float64(20+p.seed%80) / 100 }

func (p *Phone) profileList() result {
	var list []any
	for _, profile := range append([]*Profile{p.profile}, p.installed...) {
		var content []any
		for _, payload := range profile.payloads {
			content = append(content, map[string]any{
				"PayloadType": payload["PayloadType"], "PayloadIdentifier": payload["PayloadIdentifier"], "PayloadVersion": 1,
			})
		}
		list = append(list, map[string]any{
			"PayloadIdentifier": profile.Identifier, "PayloadUUID": profile.UUID, "PayloadDisplayName": profile.DisplayName,
			"PayloadOrganization": profile.Organization, "PayloadDescription": profile.Description, "PayloadVersion": 1,
			"PayloadContent": content, "IsManaged": true, "IsEncrypted": false, "HasRemovalPasscode": false,
			"PayloadRemovalDisallowed": false, "Source": "MDM",
		})
	}
	return done(map[string]any{"ProfileList": list})
}

func (p *Phone) certificateList() result {
	list := []any{map[string]any{
		"CommonName": p.identity.Certificate.Subject.CommonName, "Data": p.identity.Certificate.Raw, "IsIdentity": true,
	}}
	for _, anchor := range p.profile.Anchors {
		list = append(list, map[string]any{"CommonName": anchor.Subject.CommonName, "Data": anchor.Raw, "IsIdentity": false})
	}
	return done(map[string]any{"CertificateList": list})
}

func (p *Phone) settings(c command) result {
	items, _ := c.Command["Settings"].([]any)
	var answers []any
	for _, item := range items {
		setting, _ := item.(map[string]any)
		name, _ := setting["Item"].(string)
		if slices.Contains(settingsItems, name) {
			answers = append(answers, map[string]any{"Item": name, "Status": "Acknowledged"})
			continue
		}
		p.complain(refuse("setting-forbidden", sourceAllowed, "Settings item %s", name))
		failed := failure(12023, "MCMDMErrorDomain", "The setting is not available.")
		failed.answer["Item"], failed.answer["Status"] = name, "Error"
		answers = append(answers, failed.answer)
	}
	return done(map[string]any{"Settings": answers})
}

func (p *Phone) installApplication(c command) result {
	if _, there := c.Command["ChangeManagementState"]; there {
		p.complain(refuse("command-key-forbidden", sourceAllowed, "InstallApplication with ChangeManagementState"))
		return failure(12026, "MCMDMErrorDomain", "The app cannot be taken over.")
	}
	ways := 0
	for _, key := range []string{"iTunesStoreID", "Identifier", "ManifestURL"} {
		if _, there := c.Command[key]; there {
			ways++
		}
	}
	if ways != 1 {
		p.complain(refuse("command-keys", sourceCommands, "InstallApplication names %d of iTunesStoreID, Identifier, ManifestURL", ways))
		return result{status: "CommandFormatError"}
	}
	return done(map[string]any{"Identifier": c.Command["Identifier"], "State": "Prompting"})
}

func (p *Phone) installProfile(ctx context.Context, c command) result {
	raw, _ := c.Command["Payload"].([]byte)
	if len(raw) == 0 {
		p.complain(refuse("command-keys", sourceCommands, "InstallProfile without Payload"))
		return result{status: "CommandFormatError"}
	}
	profile, err := p.readProfile(raw)
	if err != nil {
		var refusal *Refusal
		if errors.As(err, &refusal) {
			p.complain(refusal)
		}
		return failure(4001, "MCInstallationErrorDomain", "Profile Failed to Install: "+err.Error())
	}
	if profile.MDM == nil {
		p.set(func(s *state) {
			s.installed = slices.DeleteFunc(s.installed, func(old *Profile) bool { return old.Identifier == profile.Identifier })
			s.installed = append(s.installed, profile)
		})
		return done(nil)
	}
	if err := p.replaceEnrollment(ctx, profile); err != nil {
		return failure(4001, "MCInstallationErrorDomain", "Profile Failed to Install: "+err.Error())
	}
	return done(nil)
}

// replaceEnrollment installs an update of the enrollment profile: same identifier, nothing changed that never changes, a
// fresh identity (docs/PROTOCOL.md, 5).
func (p *Phone) replaceEnrollment(ctx context.Context, profile *Profile) error {
	if profile.Identifier != p.profile.Identifier {
		return refuse("second-mdm", sourceUpdate, "an MDM profile %s while %s is installed", profile.Identifier, p.profile.Identifier)
	}
	if refusal := profile.checkEnrollment(); refusal != nil {
		p.complain(refusal)
		return refusal
	}
	if refusal := p.profile.neverChange(profile); refusal != nil {
		p.complain(refusal)
		return refusal
	}
	if refusal := p.challengeIsNew(profile); refusal != nil {
		p.complain(refusal)
		return refusal
	}
	p.set(func(s *state) { s.offered, s.fresh = profile, nil })
	p.connect(profile.Anchors)
	err := p.requestIdentity(ctx)
	if err == nil {
		err = p.checkInAnew(ctx)
	}
	if err != nil {
		p.set(func(s *state) { s.offered, s.fresh = nil, nil })
		if p.profile != nil {
			p.connect(p.profile.Anchors)
		}
	}
	return err
}

func (p *Phone) removeProfile(c command) result {
	identifier, _ := c.Command["Identifier"].(string)
	if identifier == p.profile.Identifier {
		return result{status: "Acknowledged", last: true, then: func(ctx context.Context) error {
			return p.leave(ctx, "the server removed the enrollment profile")
		}}
	}
	if !slices.ContainsFunc(p.installed, func(old *Profile) bool { return old.Identifier == identifier }) {
		return failure(12075, "MCMDMErrorDomain", fmt.Sprintf("The profile “%s” is not installed.", identifier))
	}
	p.set(func(s *state) {
		s.installed = slices.DeleteFunc(s.installed, func(old *Profile) bool { return old.Identifier == identifier })
	})
	return done(nil)
}

func done(answer map[string]any) result { return result{status: "Acknowledged", answer: answer} }

func failure(code int, domain, text string) result {
	return result{status: "Error", answer: map[string]any{"ErrorChain": []any{map[string]any{
		"ErrorCode": code, "ErrorDomain": domain, "LocalizedDescription": text, "USEnglishDescription": text,
	}}}}
}
