package admin_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/settings"
)

func TestSetUpServesPhones(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		var overview admin.Overview
		h.want("GET", "/overview", "", &overview)
		if overview.State != "not_set_up" || overview.PublicAddress != "" {
			t.Errorf("before: %+v", overview)
		}
		h.refused("GET", "/enrollments", "", admin.NotSetUp)
		problem := h.refused("POST", "/setup", `{"organization":"X","domains":["not a domain"],"url":"https://x.example.com"}`, admin.Invalid)
		if len(problem.Errors) != 1 || problem.Errors[0].Field != "domains" {
			t.Errorf("fields: %+v", problem.Errors)
		}
		h.setUp()
		h.refused("POST", "/setup", `{"organization":"X","domains":["x.com"],"url":"https://x.com"}`, admin.AlreadySet)
		var s settings.Settings
		h.want("GET", "/settings", "", &s)
		if s.Organization.Name != "Example Inc." || s.URL != "https://mdm.example.com" || !slices.Equal(s.Domains, []string{"example.com"}) {
			t.Errorf("settings: %+v", s)
		}
		var state admin.SetupState
		h.want("GET", "/setup", "", &state)
		for _, step := range state.Steps {
			if !step.Done {
				t.Errorf("step %s is not done", step.Name)
			}
		}
		h.want("GET", "/overview", "", &overview)
		if overview.State != "serving" || overview.TLS == nil || !overview.TLS.Private || overview.Push == nil || overview.Push.Topic != topic {
			t.Errorf("after: %+v", overview)
		}
		for _, f := range overview.Findings {
			if f.Code == "push_certificate_missing" || f.Code == "directory_nobody" || f.Level == "good" {
				t.Errorf("after: finding %+v", f)
			}
		}
		if overview.Push.DaysLeft < 360 || overview.Counts.People != 1 || overview.Latest == 0 {
			t.Errorf("after: %+v", overview)
		}
	})
}

func TestAPhoneAppears(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		var before admin.Overview
		h.want("GET", "/overview", "", &before)
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		_, err := p.Poll(t.Context())
		must(t, err)

		var list admin.Enrollments
		h.want("GET", "/enrollments", "", &list)
		if len(list.Enrollments) != 1 {
			t.Fatalf("list: %+v", list)
		}
		e := list.Enrollments[0]
		if e.ID != p.EnrollmentID() || e.EnrollmentID != e.ID || e.Person != anna || e.PersonName != "Anna Ruiz" || e.ManagedAccount != anna {
			t.Errorf("row: %+v", e)
		}
		if e.State != "enrolled" || e.Name != "Anna's iPhone" || e.ProductName != "iPhone17,2" || e.Model == "" || e.OSVersion == "" {
			t.Errorf("row: %+v", e)
		}
		if e.EnrolledAt.IsZero() || e.LastSeenAt.Before(e.EnrolledAt) || e.LastInfoAt.IsZero() || !e.EndedAt.IsZero() {
			t.Errorf("times: %+v", e)
		}
		if list.Counts.Phones != 1 || list.Counts.States["enrolled"] != 1 {
			t.Errorf("counts: %+v", list.Counts)
		}

		var one admin.EnrollmentDetail
		h.want("GET", "/enrollments/"+e.ID, "", &one)
		if !slices.ContainsFunc(one.Facts, func(f admin.Fact) bool { return f.Name == "IsUserEnrollment" && f.Value == "true" }) {
			t.Errorf("facts: %+v", one.Facts)
		}
		var story admin.Events
		h.want("GET", "/enrollments/"+e.ID+"/timeline", "", &story)
		var kinds []string
		for _, event := range story.Events {
			kinds = append(kinds, event.Kind)
		}
		slices.Reverse(kinds)
		for i, kind := range []string{"attempt.knocked", "attempt.signed_in", "attempt.offered", "identity.issued", "enrollment.authenticated", "enrollment.enrolled"} {
			if i >= len(kinds) || kinds[i] != kind {
				t.Fatalf("timeline: got %v, want %s at %d", kinds, kind, i)
			}
		}
		var attempt admin.AttemptDetail
		h.want("GET", "/attempts/"+one.Attempt, "", &attempt)
		if attempt.Step != "done" || attempt.Stuck || attempt.Origin != "anchor" || len(attempt.Events) == 0 {
			t.Errorf("attempt: %+v", attempt)
		}
		var byReference admin.AttemptDetail
		h.want("GET", "/attempts/"+strings.ToLower(attempt.Reference), "", &byReference)
		if byReference.ID != attempt.ID {
			t.Errorf("by reference %s: got %s, want %s", attempt.Reference, byReference.ID, attempt.ID)
		}
		var news admin.News
		h.want("GET", "/news?wait=0&after="+"0", "", &news)
		if !news.Changed || news.Latest <= before.Latest {
			t.Errorf("news: %+v after %d", news, before.Latest)
		}

		must(t, p.Leave(t.Context()))
		h.want("GET", "/enrollments?state=removed", "", &list)
		if len(list.Enrollments) != 1 || list.Enrollments[0].EndedAt.IsZero() || list.Counts.Phones != 0 {
			t.Errorf("after it left: %+v", list)
		}
	})
}

func TestCommandsReachThePhone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		_, err := p.Poll(t.Context())
		must(t, err)
		id := p.EnrollmentID()

		var queued admin.Queued
		h.want("POST", "/commands", `{"type":"ProfileList","ids":["`+id+`"]}`, &queued)
		if queued.Count != 1 {
			t.Errorf("queued: %+v", queued)
		}
		select {
		case <-p.Woken():
		case <-time.After(10 * time.Second):
			t.Fatal("the phone was not woken")
		}
		_, err = p.Poll(t.Context())
		must(t, err)
		var commands admin.Commands
		h.want("GET", "/enrollments/"+id+"/commands", "", &commands)
		if c := commands.Commands[0]; c.Type != "ProfileList" || c.State != "acknowledged" || c.By != "admin" || c.AnsweredAt.IsZero() {
			t.Errorf("newest command: %+v", c)
		}

		problem := h.refused("POST", "/commands", `{"type":"EraseDevice","all":true}`, admin.CommandForbidden)
		if problem.Params["rule"] == "" {
			t.Errorf("no rule in %+v", problem)
		}
		h.refused("POST", "/commands", `{"type":"ProfileList"}`, admin.Invalid)
		h.refused("POST", "/commands", `{"type":"ProfileList","all":true,"ids":["`+id+`"]}`, admin.Invalid)
		h.refused("POST", "/commands", `{"type":"RemoveProfile","all":true}`, admin.Invalid)
		h.refused("POST", "/commands", `{"type":"ProfileList","ids":["nobody"]}`, admin.NotFound)
		h.refused("GET", "/enrollments/nobody", "", admin.NotFound)
		h.refused("GET", "/enrollments/nobody/commands", "", admin.NotFound)
		h.refused("DELETE", "/commands/nothing", "", admin.NotFound)

		h.want("POST", "/refresh", `{"ids":["`+id+`"]}`, &queued)
		if queued.Count != 1 {
			t.Errorf("refresh: %+v", queued)
		}
		h.want("POST", "/refresh", `{"all":true}`, &queued)
		if queued.Count != 0 {
			t.Errorf("refresh while the questions are open: %+v", queued)
		}
		h.refused("POST", "/refresh", `{}`, admin.Invalid)
		h.refused("POST", "/refresh", `{"all":true,"ids":["`+id+`"]}`, admin.Invalid)
		h.refused("POST", "/refresh", `{"ids":["nobody"]}`, admin.NotFound)
		h.want("POST", "/enrollments/retire", `{"ids":["`+id+`"]}`, &queued)
		if queued.Count != 1 {
			t.Errorf("retire: %+v", queued)
		}
		h.want("POST", "/enrollments/retire/undo", `{"ids":["`+id+`"]}`, &queued)
		h.refused("POST", "/enrollments/retire", `{"ids":["nobody"]}`, admin.NotFound)
		h.refused("POST", "/enrollments/retire", `{}`, admin.Invalid)
		h.want("POST", "/wake", `{"ids":["`+id+`"]}`, &queued)
		if queued.Count != 1 {
			t.Errorf("woken: %+v", queued)
		}
		var types admin.CommandTypes
		h.want("GET", "/command-types", "", &types)
		for _, one := range types.Types {
			if one.Allowed == (one.Rule != "") {
				t.Errorf("type %+v: allowed or a rule, one of them", one)
			}
		}
	})
}

// Enrolled phones must not be cut off by accident.
func TestWhatWouldCutPhonesOffIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		must(t, h.phone().Enroll(t.Context(), anna, password))
		other := h.pushBody("com.apple.mgmt.External.99999999-2222-4333-8444-555555555555")
		problem := h.refused("POST", "/push-certificate", other, admin.TopicChanged)
		if problem.Params["phones"] != "1" || problem.Params["have"] != topic {
			t.Errorf("params: %v", problem.Params)
		}
		h.want("POST", "/push-certificate", h.pushBody(topic), nil) // a renewal
		var s settings.Settings
		h.want("GET", "/settings", "", &s)
		s.URL = "https://other.example.com"
		problem = h.refused("PUT", "/settings", jsonOf(t, s), admin.WouldStrand)
		if problem.Params["phones"] != "1" {
			t.Errorf("params: %v", problem.Params)
		}
		h.want("GET", "/settings", "", &s)
		if s.URL != "https://mdm.example.com" {
			t.Errorf("the address changed to %s", s.URL)
		}
		h.want("POST", "/push-certificate?force=true", other, nil)
		var push admin.PushState
		h.want("GET", "/push-certificate", "", &push)
		if push.Certificate.Topic == topic {
			t.Error("told twice, the topic did not change")
		}
	})
}

// Two names that differ in a mark alone are two people, each with a code of their own.
func TestAlmostEqualNamesAreTwoPeople(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		for _, who := range []string{"muller@example.com", "müller@example.com"} {
			var added admin.PersonAdded
			h.want("POST", "/people", `{"identifier":"`+who+`"}`, &added)
			if added.Person.Identifier != who || added.Code == nil {
				t.Errorf("added %s: the answer is about %s, with code %v", who, added.Person.Identifier, added.Code != nil)
			}
		}
	})
}

func TestPeople(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		var added admin.PersonAdded
		h.want("POST", "/people", `{"identifier":"Ben@Example.com","name":"Ben Ångström","managed_account":"b@managed.example.com"}`, &added)
		if added.Code == nil || added.Code.Code == "" || added.Code.ExpiresAt.IsZero() {
			t.Errorf("without a password there is a code; got %+v", added)
		}
		if p := added.Person; p.Identifier != "ben@example.com" || p.HasPassword || p.ManagedAccount != "b@managed.example.com" {
			t.Errorf("person: %+v", p)
		}
		h.refused("POST", "/people", `{"identifier":"ben@example.com"}`, admin.PersonExists)
		problem := h.refused("POST", "/people", `{"identifier":"cleo@example.com","password":"`+strings.Repeat("x", 257)+`"}`, admin.Invalid)
		if len(problem.Errors) != 1 || problem.Errors[0].Field != "password" {
			t.Errorf("fields: %+v", problem.Errors)
		}
		problem = h.refused("POST", "/people", `{"identifier":"an\u0000na@example.com"}`, admin.Invalid)
		if len(problem.Errors) != 1 || problem.Errors[0].Field != "identifier" {
			t.Errorf("fields: %+v", problem.Errors)
		}
		var code admin.EnrollmentCode
		h.want("POST", "/people/ben@example.com/code", "", &code)
		if code.Code == added.Code.Code || code.Code == "" {
			t.Errorf("new code: got %q", code.Code)
		}
		var person admin.Person
		h.want("PUT", "/people/ben@example.com/password", `{"password":"`+password+`"}`, &person)
		if !person.HasPassword {
			t.Errorf("person: %+v", person)
		}
		h.want("PUT", "/people/ben@example.com/managed-account", `{"managed_account":""}`, &person)
		if person.ManagedAccount != "ben@example.com" || person.ManagedOverride != "" {
			t.Errorf("by the rule again: %+v", person)
		}
		var people admin.People
		h.want("GET", "/people?search="+url.QueryEscape("angstrom"), "", &people)
		if len(people.People) != 1 || people.Total != 2 {
			t.Errorf("search: %+v", people)
		}
		h.want("POST", "/people/ben@example.com/unlock", "", nil)
		h.want("DELETE", "/people/ben@example.com", "", nil)
		h.refused("DELETE", "/people/ben@example.com", "", admin.PersonUnknown)
		h.refused("POST", "/people/ben@example.com/code", "", admin.PersonUnknown)
		h.want("GET", "/people", "", &people)
		if people.Total != 1 {
			t.Errorf("left: %+v", people)
		}
	})
}
