package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// declarations is what the phone holds of declarative management.
type declarations struct {
	on       bool
	token    string                 // of the last complete sync
	held     map[string]declaration // by kind/identifier
	reported map[string]any         // status items as the server last heard them, by name
}

type declaration struct {
	kind        string
	Type        string
	Identifier  string
	ServerToken string
	Payload     map[string]any
	valid       string // "valid", "invalid", "unknown"
	reason      string // code, when invalid
	active      bool
}

// kinds are the arrays of the manifest and the word each has in an endpoint.
var kinds = []struct{ array, word string }{
	{"Activations", "activation"}, {"Assets", "asset"}, {"Configurations", "configuration"}, {"Management", "management"},
}

func (p *Phone) declarativeManagement(c command) result {
	hint := ""
	if data, ok := c.Command["Data"].([]byte); ok {
		token, refusal := readSyncTokens(data)
		if refusal != nil {
			p.complain(refusal)
			return result{status: "CommandFormatError"}
		}
		hint = token
	}
	p.set(func(s *state) { s.ddm.on = true })
	return result{status: "Acknowledged", then: func(ctx context.Context) error {
		if hint != "" && hint == p.ddm.token {
			return nil
		}
		return p.syncDeclarations(ctx)
	}}
}

// SyncDeclarations compares with the server and reports (docs/PROTOCOL.md, 8).
func (p *Phone) SyncDeclarations(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if !p.enrolled {
		return ErrNotEnrolled
	}
	return p.syncDeclarations(ctx)
}

// ReportStatus sends a full status report, as a phone does about daily.
func (p *Phone) ReportStatus(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if !p.enrolled {
		return ErrNotEnrolled
	}
	return p.reportStatus(ctx, true)
}

// Declarations are the identifiers the phone holds, as kind/identifier.
func (p *Phone) Declarations() []string {
	return look(p, func(s *state) []string { return slices.Sorted(maps.Keys(s.ddm.held)) })
}

func (p *Phone) syncDeclarations(ctx context.Context) error {
	return p.step("sync declarations", func() error {
		answer, err := p.declarative(ctx, "tokens", nil)
		if err != nil {
			return err
		}
		token, refusal := readSyncTokens(answer.Body)
		if refusal != nil {
			return refusal
		}
		if token == p.ddm.token {
			return nil
		}
		held, err := p.fetchDeclarations(ctx, token)
		if err != nil {
			return err
		}
		first := p.ddm.token == ""
		judge(held)
		p.set(func(s *state) { s.ddm.token, s.ddm.held, s.ddm.on = token, held, true })
		return p.reportStatus(ctx, first)
	})
}

func readSyncTokens(data []byte) (string, *Refusal) {
	var reply struct {
		SyncTokens struct{ DeclarationsToken, Timestamp string }
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return "", refuse("ddm-json", sourceDeclarations, "SyncTokens cannot be read: %v", err)
	}
	t := reply.SyncTokens
	if t.DeclarationsToken == "" || len(t.DeclarationsToken) > 256 {
		return "", refuse("ddm-token", sourceDeclarations, "DeclarationsToken has %d bytes, 1 to 256 are allowed", len(t.DeclarationsToken))
	}
	if _, err := time.Parse(time.RFC3339, t.Timestamp); err != nil {
		return "", refuse("ddm-timestamp", sourceDeclarations, "Timestamp %q is no RFC 3339 time", t.Timestamp)
	}
	return t.DeclarationsToken, nil
}

// fetchDeclarations reads the manifest and what is new in it.
func (p *Phone) fetchDeclarations(ctx context.Context, token string) (map[string]declaration, error) {
	answer, err := p.declarative(ctx, "declaration-items", nil)
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Declarations      map[string]*[]struct{ Identifier, ServerToken string }
		DeclarationsToken string
	}
	if err := json.Unmarshal(answer.Body, &manifest); err != nil {
		return nil, refuse("ddm-json", sourceDeclarations, "the manifest cannot be read: %v", err)
	}
	if manifest.DeclarationsToken != token {
		return nil, refuse("ddm-token", sourceDeclarations, "the manifest has another DeclarationsToken than tokens")
	}
	held := map[string]declaration{}
	for _, k := range kinds {
		items := manifest.Declarations[k.array]
		if items == nil {
			return nil, refuse("ddm-manifest", sourceDeclarations, "the array %s is missing", k.array)
		}
		for _, item := range *items {
			if item.Identifier == "" || len(item.Identifier) > 64 || item.ServerToken == "" || len(item.ServerToken) > 64 {
				return nil, refuse("ddm-manifest", sourceDeclarations, "%s %q: identifier and server token need 1 to 64 bytes", k.word, item.Identifier)
			}
			name := k.word + "/" + item.Identifier
			if old, there := p.ddm.held[name]; there && old.ServerToken == item.ServerToken {
				held[name] = old
				continue
			}
			d, err := p.fetchDeclaration(ctx, k.word, item.Identifier, item.ServerToken)
			if gone := (*StatusError)(nil); errors.As(err, &gone) && gone.Status == http.StatusNotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			held[name] = d
		}
	}
	return held, nil
}

func (p *Phone) fetchDeclaration(ctx context.Context, kind, identifier, token string) (declaration, error) {
	answer, err := p.declarative(ctx, "declaration/"+kind+"/"+identifier, nil)
	if err != nil {
		return declaration{}, err
	}
	d := declaration{kind: kind, valid: "valid"}
	if err := json.Unmarshal(answer.Body, &d); err != nil {
		return d, refuse("ddm-json", sourceDeclarations, "%s %s cannot be read: %v", kind, identifier, err)
	}
	if d.Identifier != identifier || d.ServerToken != token {
		return d, refuse("ddm-declaration", sourceDeclarations, "asked for %s %s with token %s, got %s with %s", kind, identifier, token, d.Identifier, d.ServerToken)
	}
	if d.Payload == nil {
		return d, refuse("ddm-declaration", sourceDeclarations, "%s %s has no Payload", kind, identifier)
	}
	if !slices.Contains(declarationTypes[kind], d.Type) {
		p.complain(refuse("declaration-forbidden", sourceAllowed, "%s is no %s for user enrollment", d.Type, kind))
		d.valid, d.reason = "invalid", "Error.ConfigurationNotSupported"
	}
	return d, nil
}

// judge decides what is active: a configuration is when an activation whose configurations are all there and valid names it.
func judge(held map[string]declaration) {
	for name, d := range held {
		d.active = d.kind == "management" || d.kind == "asset"
		held[name] = d
	}
	for name, d := range held {
		if d.kind != "activation" || d.valid != "valid" {
			continue
		}
		wanted, _ := d.Payload["StandardConfigurations"].([]any)
		d.active, d.reason = true, ""
		for _, id := range wanted {
			c, there := held["configuration/"+fmt.Sprint(id)]
			if !there || c.valid != "valid" {
				d.active, d.reason = false, "Error.MissingConfigurations"
			}
		}
		held[name] = d
		for _, id := range wanted {
			if c, there := held["configuration/"+fmt.Sprint(id)]; there && d.active {
				c.active = true
				held["configuration/"+c.Identifier] = c
			}
		}
	}
}

// reportStatus sends what changed, or everything.
func (p *Phone) reportStatus(ctx context.Context, full bool) error {
	items, failures := p.statusItems()
	news := map[string]any{}
	for name, v := range items {
		if full || !reflect.DeepEqual(p.ddm.reported[name], v) {
			news[name] = v
		}
	}
	if len(news) == 0 && len(failures) == 0 {
		return nil
	}
	tree := map[string]any{}
	for name, v := range news {
		at := tree
		parts := strings.Split(name, ".")
		for _, part := range parts[:len(parts)-1] {
			if at[part] == nil {
				at[part] = map[string]any{}
			}
			at = at[part].(map[string]any)
		}
		at[parts[len(parts)-1]] = v
	}
	data, err := json.Marshal(map[string]any{"StatusItems": tree, "Errors": failures, "FullReport": full})
	if err != nil {
		return fmt.Errorf("write status report: %w", err)
	}
	answer, err := p.declarative(ctx, "status", data)
	if err != nil {
		return err
	}
	if !isEmpty(answer.Body) {
		p.complain(refuse("ddm-status-body", sourceDeclarations, "the status report was answered with %d bytes", len(answer.Body)))
	}
	p.set(func(s *state) { s.ddm.reported = items })
	return nil
}

// statusItems are the values of everything subscribed to, and of the two items that need no subscription.
func (p *Phone) statusItems() (map[string]any, []any) {
	known := map[string]any{
		"device.model.family": p.Family(), "device.model.identifier": p.o.Model, "device.model.marketing-name": p.Family(),
		"device.model.number": "A3293", "device.operating-system.version": p.o.OS,
		"device.operating-system.build-version": p.o.Build, "device.operating-system.family": "iOS",
		"device.operating-system.marketing-name": "iOS " + p.o.OS, "passcode.is-present": true, "passcode.is-compliant": true,
		"app.managed.list": []any{}, "mdm.app": []any{}, "security.certificate.list": []any{},
	}
	items := map[string]any{
		"management.client-capabilities": map[string]any{
			"supported-versions": []any{"1.0.0"},
			"supported-payloads": map[string]any{"status-items": statusItems, "declarations": map[string]any{
				"activations": declarationTypes["activation"], "assets": declarationTypes["asset"],
				"configurations": declarationTypes["configuration"], "management": declarationTypes["management"],
			}},
		},
		"management.declarations": p.declarationStates(),
	}
	failures := []any{}
	for _, d := range p.ddm.held {
		if d.Type != "com.apple.configuration.management.status-subscriptions" || !d.active {
			continue
		}
		wanted, _ := d.Payload["StatusItems"].([]any)
		for _, w := range wanted {
			item, _ := w.(map[string]any)
			name, _ := item["Name"].(string)
			if !slices.Contains(statusItems, name) {
				p.complain(refuse("status-item-forbidden", sourceAllowed, "a subscription to %q", name))
				failures = append(failures, map[string]any{
					"StatusItem": name, "Reasons": []any{map[string]any{"Code": "Error.UnknownStatusItem"}},
				})
				continue
			}
			if v, there := known[name]; there {
				items[name] = v
			}
		}
	}
	return items, failures
}

func (p *Phone) declarationStates() map[string]any {
	states := map[string]any{"activations": []any{}, "assets": []any{}, "configurations": []any{}, "management": []any{}}
	for _, name := range slices.Sorted(maps.Keys(p.ddm.held)) {
		d := p.ddm.held[name]
		entry := map[string]any{"identifier": d.Identifier, "server-token": d.ServerToken, "active": d.active, "valid": d.valid}
		if d.reason != "" {
			entry["reasons"] = []any{map[string]any{"code": d.reason, "description": "simulated"}}
		}
		array := d.kind + "s"
		if d.kind == "management" {
			array = d.kind
		}
		states[array] = append(states[array].([]any), entry)
	}
	return states
}

// declarative asks one endpoint.
func (p *Phone) declarative(ctx context.Context, endpoint string, data []byte) (Answer, error) {
	extra := map[string]any{"Endpoint": endpoint, "Topic": nil}
	if data != nil {
		extra["Data"] = data
	}
	return p.mdm(ctx, ToCheckIn, "DeclarativeManagement "+endpoint, p.Message("DeclarativeManagement", extra))
}
