package admin

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

// levelOf says how urgent a state is for whoever looks at the list.
func levelOf(s mdm.State) event.Level {
	switch s.Code {
	case mdm.MustEnrollAgain:
		return event.Broken
	case mdm.Quiet, mdm.Asleep, mdm.ProbablyRemoved:
		return event.Attention
	case mdm.Waiting:
		if s.Next != "wait" {
			return event.Attention
		}
	}
	return event.Good
}

// mostFormer bounds the story of a phone whose owner enrolls it again and again.
const mostFormer = 20

// Enrollment is one phone with all we hold about it.
func (a *API) Enrollment(ctx context.Context, in *EnrollmentIn) (*EnrollmentDetail, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	e, err := r.MDM.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now, err := r.MDM.Moment(ctx)
	if err != nil {
		return nil, err
	}
	view := &EnrollmentDetail{
		Enrollment: viewEnrollment(e, now), Facts: facts(e), Apps: []App{}, Attempt: e.Attempt,
		LastPushAt: e.Push.SentAt, NextPushAt: e.Push.DueAt,
		LastPushOutcome: e.Push.Outcome, LastPushReason: e.Push.Reason, Former: []Enrollment{},
	}
	apps, err := r.MDM.Apps(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, app := range apps {
		view.Apps = append(view.Apps, App(app))
	}
	for former := e.Former; former != "" && len(view.Former) < mostFormer; {
		before, err := r.MDM.Get(ctx, former)
		if errors.Is(err, mdm.ErrUnknown) {
			break
		}
		if err != nil {
			return nil, err
		}
		view.Former = append(view.Former, viewEnrollment(before, now))
		former = before.Former
	}
	return view, nil
}

// facts lists what the phone told about itself, each with its age.
func facts(e mdm.Enrollment) []Fact {
	list := []Fact{}
	for _, f := range e.Facts() {
		list = append(list, Fact{Name: f.Name, Group: f.Group, Kind: f.Kind, Value: f.Value, Since: f.Since})
	}
	return list
}

// Timeline is what happened to one phone, from the first knock on, the newest first.
func (a *API) Timeline(ctx context.Context, in *TimelineIn) (*Events, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	e, err := r.MDM.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view, err := a.events(ctx, event.Query{Enrollment: in.ID, Before: in.Before, Newest: true, Limit: in.Limit})
	if err != nil || e.Attempt == "" {
		return view, err
	}
	// The first steps were made before there was an enrollment.
	first, err := a.events(ctx, event.Query{Attempt: e.Attempt, Before: in.Before, Newest: true, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	all := slices.Concat(view.Events, first.Events)
	slices.SortFunc(all, func(x, y Event) int { return int(y.Seq - x.Seq) })
	all = slices.CompactFunc(all, func(x, y Event) bool { return x.Seq == y.Seq })
	view.Events = all[:min(len(all), in.Limit)]
	view.Latest = max(view.Latest, first.Latest)
	return view, nil
}

// Commands are the commands of one phone, the newest first.
func (a *API) Commands(ctx context.Context, in *EnrollmentIn) (*Commands, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if _, err := r.MDM.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	records, err := r.MDM.Commands(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view := &Commands{Commands: make([]Command, 0, len(records))}
	for _, c := range records {
		view.Commands = append(view.Commands, Command{
			ID: c.UUID, Type: c.RequestType, State: commandStates[c.State], Reason: c.Reason, By: c.Actor,
			QueuedAt: c.QueuedAt, SentAt: c.SentAt, AnsweredAt: c.AnsweredAt, ExpiresAt: c.ExpiresAt,
		})
	}
	return view, nil
}

var commandStates = map[mdm.CommandState]string{
	mdm.CommandPending: "pending", mdm.CommandSent: "sent", mdm.CommandNotNow: "not_now", mdm.CommandAcknowledged: "acknowledged",
	mdm.CommandError: "error", mdm.CommandFormatError: "format_error", mdm.CommandExpired: "expired", mdm.CommandCancelled: "cancelled",
}

// CommandTypes lists what can be asked of a phone, and what people look for in vain, with Apple's rule.
func (a *API) CommandTypes(context.Context, *None) (*CommandTypes, error) {
	options := map[string][]string{"DeviceLock": {"message", "phone_number"}, "RemoveProfile": {"identifier"}}
	view := &CommandTypes{Types: []CommandType{}}
	for _, name := range mdm.Allowed() {
		view.Types = append(view.Types, CommandType{Type: name, Allowed: true, Options: list(options[name])})
	}
	for name, rule := range mdm.Forbidden() {
		view.Types = append(view.Types, CommandType{Type: name, Rule: rule, Options: []string{}})
	}
	slices.SortFunc(view.Types, func(x, y CommandType) int { return strings.Compare(x.Type, y.Type) })
	return view, nil
}

// SendCommand asks phones for something, and wakes them.
func (a *API) SendCommand(ctx context.Context, in *SendCommandIn) (*Queued, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	chosen, err := a.chosenOrAll(ctx, r, in.Body.Selection, in.Body.All)
	if err != nil {
		return nil, err
	}
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	own := enroll.ProfileIdentifier(now.URL)
	profile := in.Body.Identifier
	if profile == "" && !in.Body.All { // to end the management of all phones takes more than leaving something out
		profile = own
	}
	command, err := mdm.NewCommand(in.Body.Type, mdm.Arguments{
		Message: in.Body.Message, Phone: in.Body.PhoneNumber, Identifier: profile,
	})
	if err != nil {
		return nil, err
	}
	if in.Body.Type == "RemoveProfile" && profile == own {
		command = mdm.EndManagement(own) // once it has obeyed, the phone is under management no more
	}
	n, err := r.MDM.Enqueue(ctx, chosen, command)
	return &Queued{Count: n}, err
}

// Refresh asks phones anew what they are like, as far as the settings allow, and wakes them.
func (a *API) Refresh(ctx context.Context, in *RefreshIn) (*Queued, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	chosen, err := a.chosenOrAll(ctx, r, in.Body.Selection, in.Body.All)
	if err != nil {
		return nil, err
	}
	n, err := r.MDM.Enqueue(ctx, chosen, mdm.Inventory()...)
	return &Queued{Count: n}, err
}

// chosenOrAll are the phones that commands go to.
func (a *API) chosenOrAll(ctx context.Context, r Rooms, s Selection, all bool) (f mdm.Filter, err error) {
	switch {
	case all && s.named():
		return f, fieldError("ids", "required", errNamed)
	case !all:
		f.IDs, err = a.chosen(ctx, r, s)
	}
	f.All = all
	return f, err
}

// Retire takes work off phones as soon as they connect. What is private stays.
func (a *API) Retire(ctx context.Context, in *RetireIn) (*Queued, error) {
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	n, err := a.toChosen(ctx, in.Body, func(phones *mdm.Server, ctx context.Context, ids ...string) (int, error) {
		return phones.Retire(ctx, enroll.ProfileIdentifier(now.URL), ids...)
	})
	return &Queued{Count: n}, err
}

// Stay lets phones stay that work was to be taken off and that have not done it yet.
func (a *API) Stay(ctx context.Context, in *RetireIn) (*Queued, error) {
	n, err := a.toChosen(ctx, in.Body, (*mdm.Server).Stay)
	return &Queued{Count: n}, err
}

// toChosen does something to the phones that are chosen, and says to how many.
func (a *API) toChosen(ctx context.Context, s Selection, do func(*mdm.Server, context.Context, ...string) (int, error)) (int, error) {
	r, err := a.rooms()
	if err != nil {
		return 0, err
	}
	ids, err := a.chosen(ctx, r, s)
	if err != nil {
		return 0, err
	}
	return do(r.MDM, ctx, ids...)
}

// CancelCommand takes back a command that no phone has fetched yet.
func (a *API) CancelCommand(ctx context.Context, in *CommandIn) (*Done, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	return &Done{}, r.MDM.Cancel(ctx, in.ID)
}

// Wake asks phones to call.
func (a *API) Wake(ctx context.Context, in *WakeIn) (*Queued, error) {
	n, err := a.toChosen(ctx, in.Body, (*mdm.Server).Wake)
	return &Queued{Count: n}, err
}
