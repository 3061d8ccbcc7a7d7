package portal

import (
	"context"
	"slices"

	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// drawing is a page that can be drawn: its template, its address in the sheet, and where a preview goes on from it.
type drawing struct {
	template, path string
	next, back     string
	problems       []text.Key // what it can complain of
	foreign        bool       // a picture of what others show: without our head and foot
	used           func(settings.Settings, text.Terms) bool
}

func always(settings.Settings, text.Terms) bool { return true }

func notYet(settings.Settings, text.Terms) bool { return false }

// drawn are all pages: those of the sheet, and pictures of what phones, paper and mail show.
var drawn = map[string]drawing{
	"start":     {template: "start", next: "signin", used: func(s settings.Settings, _ text.Terms) bool { return s.Portal.Start }},
	"start_sso": {template: "start", next: "sso", used: notYet},
	"signin":    {template: "signin", next: "privacy", back: "-", problems: []text.Key{"g.required", "e.password", "e.password_last"}, used: always},
	"code":      {template: "code", path: pageCode, next: "privacy", back: "-", problems: []text.Key{"g.required", "e.code"}, used: always},
	"sso":       {template: "sso", next: "privacy", back: "-", used: notYet},
	"new_password": {
		template: "new_password", next: "privacy", back: "-", problems: []text.Key{"g.required"}, used: notYet,
	},
	"privacy": {
		template: "privacy", path: pagePrivacy, next: "terms",
		used: func(s settings.Settings, _ text.Terms) bool { return s.Portal.Privacy },
	},
	"privacy_all": {template: "privacy", path: pagePrivacy, next: "terms", used: notYet},
	"terms": {
		template: "terms", path: pageTerms, next: "group", back: "privacy",
		problems: []text.Key{"terms.unticked", "terms.changed", "terms.other_language"},
		used:     func(s settings.Settings, t text.Terms) bool { return s.Portal.Terms && t.Version > 0 },
	},
	"declined": {
		template: "declined", path: pageDeclined, back: "terms",
		used: func(s settings.Settings, t text.Terms) bool { return s.Portal.Terms && t.Version > 0 },
	},
	"group": {
		template: "group", path: pageGroup, next: "device", back: "terms", problems: []text.Key{"g.required"},
		used: func(s settings.Settings, _ text.Terms) bool {
			return s.Portal.Group && len(s.Enrollment.Groups) > 1
		},
	},
	"device": {
		template: "device", path: pageDevice, next: "same", back: "group", problems: []text.Key{"device.bad_name"},
		used: func(s settings.Settings, _ text.Terms) bool { return s.Portal.Device },
	},
	"same": {
		template: "same", path: pageSame, next: "done", back: "device",
		used: func(s settings.Settings, _ text.Terms) bool { return s.Portal.Device },
	},
	"done": {
		template: "done", path: pageDone, next: "done", back: "same",
		used: func(s settings.Settings, _ text.Terms) bool { return s.ManagedAccount.Federated },
	},
	"done_separate": {
		template: "done", path: pageDone, next: "done_separate", back: "same",
		used: func(s settings.Settings, _ text.Terms) bool { return !s.ManagedAccount.Federated },
	},
	"error": {template: "error", next: "signin", used: always, problems: []text.Key{
		"e.unknown", "e.locked", "e.code_used", "e.password_expired", "e.account_disabled", "e.sso_denied", "e.sso_other_user",
		"e.not_allowed", "e.no_managed_account", "e.device_limit", "e.device_kind", "e.os_old", "e.managed_already", "e.closed",
		"e.directory_down", "e.push_problem", "e.session", "e.replay", "e.too_many",
	}},
	"again":      {template: "signin", next: "again_done", used: always},
	"again_done": {template: "again_done", used: always},
	"native":     {template: "native", foreign: true, used: always, problems: native},
	"profile":    {template: "profile", foreign: true, used: always},
	"lock":       {template: "lock", foreign: true, used: notYet},
	"mine":       {template: "mine", used: notYet},
	"mail":       {template: "letter", foreign: true, used: notYet},
	"reminder":   {template: "letter", foreign: true, used: notYet},
	"migrate":    {template: "letter", foreign: true, used: notYet},
	"removed":    {template: "letter", foreign: true, used: notYet},
	"sheet":      {template: "sheet", foreign: true, used: notYet},
	"words":      {template: "words", foreign: true, used: always},
}

// order is the order in which an editor lists the pages.
var order = []string{
	"start", "start_sso", "signin", "code", "sso", "new_password", "privacy", "privacy_all", "terms", "declined", "group", "device", "same",
	"done", "done_separate", "error", "native", "profile", "lock", "again", "again_done", "mine", "mail", "reminder", "migrate", "removed", "sheet",
	"words",
}

// native are the refusals that a phone shows by itself.
var native = []text.Key{"n.domain", "n.person", "n.kind", "n.closed", "n.os", "n.not_ready", "n.token"}

// examples are errors of all kinds: what a preview of their texts looks like is what they would look like.
var examples = func() map[text.Key]verdict {
	m := map[text.Key]verdict{}
	for _, err := range []error{
		errMissing, errUnticked, errChanged, errName, errSpent, errForm,
		&directory.WrongError{Left: 1}, &directory.WrongError{Left: 2}, &directory.LockedError{}, directory.ErrCodeUnknown, directory.ErrCodeUsed,
		directory.ErrPasswordExpired, directory.ErrDisabled, directory.ErrNotAllowed, directory.ErrNoManagedAccount, directory.ErrUnavailable,
		directory.ErrBusy, &enroll.LimitError{}, enroll.ErrNotReady, enroll.ErrClosed, enroll.ErrKind, &enroll.OldError{},
		enroll.ErrSessionExpired, context.Canceled,
	} {
		key, v := judge(err)
		m[key] = v
	}
	return m
}()

// PageInfo says what can be seen on a page.
type PageInfo struct {
	Name string
	// Keys are the texts that it shows; those that it shows at times come last.
	Keys []text.Key
	// Problems are the errors and other states that it can show.
	Problems []text.Key
	// Used says whether phones meet it under the settings of today.
	Used bool
}

// Pages lists what can be drawn, with the texts that each page shows. The lists are made by drawing the pages.
func (s *Site) Pages(ctx context.Context) ([]PageInfo, error) {
	now, err := s.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	current, err := s.Text.Current(ctx)
	if err != nil {
		return nil, err
	}
	words, err := text.New()
	if err != nil {
		return nil, err
	}
	// Texts that are empty as delivered are there all the same, for whoever wants to write them.
	words, _ = words.With(text.Change{Language: "en", Key: "privacy.more", Words: "…"}, text.Change{Language: "en", Key: "terms.body", Words: "…"})
	bare, err := text.New()
	if err != nil {
		return nil, err
	}
	list := make([]PageInfo, 0, len(order))
	for _, name := range order {
		p := PageInfo{Name: name, Problems: drawn[name].problems, Used: drawn[name].used(now, current.Terms())}
		for _, catalog := range []*text.Catalog{words, bare} {
			for _, problem := range append([]text.Key{""}, p.Problems...) {
				keys, err := s.keysOf(ctx, Preview{Page: name, Language: "en", Error: problem, Catalog: catalog})
				if err != nil {
					return nil, err
				}
				for _, key := range keys {
					if !slices.Contains(p.Keys, key) {
						p.Keys = append(p.Keys, key)
					}
				}
			}
		}
		if !drawn[name].foreign && !slices.Contains(p.Keys, "g.logo_alt") {
			p.Keys = append(p.Keys, "g.logo_alt") // read out in the place of the name, once there is a logo
		}
		list = append(list, p)
	}
	return list, nil
}
