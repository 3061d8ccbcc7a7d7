package admin

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"

	"example.org/gatehouse/backend/doctor"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

// SetupState says which of the first questions are answered.
func (a *API) SetupState(ctx context.Context, _ *None) (*SetupState, error) {
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	state := &SetupState{}
	r, err := a.rooms()
	state.Done = err == nil
	var push *Push
	people := 0
	if state.Done {
		if push, err = a.push(ctx, r); err != nil {
			return nil, err
		}
		accounts, err := r.Directory.List(ctx)
		if err != nil {
			return nil, err
		}
		people = len(accounts)
	}
	state.Steps = []SetupStep{
		{Name: "organization", Done: now.Organization.Name != "", Required: true},
		{Name: "domains", Done: len(now.Domains) > 0, Required: true},
		{Name: "url", Done: now.URL != "", Required: true},
		{Name: "tls", Done: state.Done, Required: true},
		{Name: "push_certificate", Done: push != nil, Required: true},
		{Name: "people", Done: people > 0 || now.Directory.Enabled, Required: true},
	}
	return state, nil
}

// SetUp answers the first questions: it makes the authorities and a certificate, and begins to serve phones.
func (a *API) SetUp(ctx context.Context, in *SetUpIn) (*SetupState, error) {
	if _, err := a.rooms(); err == nil {
		return nil, &Error{Code: AlreadySet}
	}
	answers, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	answers.Organization.Name = in.Body.Organization
	answers.Domains = in.Body.Domains
	answers.URL = in.Body.URL
	if in.Body.Language != "" {
		answers.Language = in.Body.Language
	}
	if err := answers.Validate(); err != nil {
		return nil, err
	}
	if !answers.Complete() {
		return nil, fieldError("organization.name", "required", errors.New("organization, domains and url are needed"))
	}
	if err := a.House.Create(ctx, answers); err != nil {
		return nil, err
	}
	return a.SetupState(ctx, nil)
}

// CheckAnswer looks at one answer before it is kept: is it sound, and does the world agree?
func (a *API) CheckAnswer(ctx context.Context, in *CheckIn) (*Check, error) {
	s := settings.Defaults()
	value := strings.TrimSpace(in.Body.Value)
	if value == "" {
		return &Check{Findings: []Finding{fieldFinding("required", in.Body.Field, value)}}, nil
	}
	switch in.Body.Field {
	case "organization":
		s.Organization.Name = value
	case "domain":
		s.Domains = []string{settings.ASCIIDomain(value)}
	case "url":
		s.URL = strings.TrimRight(value, "/")
	case "language":
		s.Language = value
	}
	check := &Check{OK: true, Findings: []Finding{}}
	for _, f := range invalidFields(s.Validate()) {
		check.OK = false
		check.Findings = append(check.Findings, fieldFinding(f.Code, in.Body.Field, value))
	}
	if !check.OK {
		return check, nil
	}
	switch in.Body.Field {
	case "domain":
		check.Findings = append(check.Findings, finding(doctor.LookAtHost(ctx, net.DefaultResolver.LookupHost, s.Domains[0])))
	case "url":
		check.Findings = append(check.Findings, finding(doctor.LookAtHost(ctx, net.DefaultResolver.LookupHost, s.Host())))
		check.Findings = append(check.Findings, a.checkPort(ctx, s))
	}
	return check, nil
}

// checkPort says whether the port in the address is one that this computer gives us.
func (a *API) checkPort(ctx context.Context, s settings.Settings) Finding {
	port := "443"
	if u, err := url.Parse(s.URL); err == nil && u.Port() != "" {
		port = u.Port()
	}
	state := a.House.State()
	if _, own, err := net.SplitHostPort(state.PublicAddr); err == nil {
		if own == port {
			return finding(event.Finding{Code: "port_ours", Level: event.Good, Params: map[string]string{"port": port}})
		}
		return finding(event.Finding{Code: "port_forwarded", Level: event.Attention, Params: map[string]string{"port": port, "own": own}})
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+port)
	if err == nil {
		err = listener.Close()
	}
	if err != nil {
		return finding(event.Finding{Code: "port_taken", Level: event.Attention, Params: map[string]string{"port": port, "detail": err.Error()}})
	}
	return finding(event.Finding{Code: "port_free", Level: event.Good, Params: map[string]string{"port": port}})
}

func fieldFinding(code, field, value string) Finding {
	return Finding{Code: code, Level: string(event.Broken), Action: "none", Params: map[string]string{"field": field, "value": value}}
}
