package admin

import (
	"context"
	"errors"

	"example.org/gatehouse/backend/mdm"
)

// DuplicatesIn asks which records are probably one phone.
type DuplicatesIn struct {
	Least int `query:"least" minimum:"0" maximum:"99" default:"75" doc:"per cent of confidence; from 75 on, nineteen of twenty are right"`
}

// Duplicates are records that are probably one phone, the surest first.
type Duplicates struct {
	Duplicates []Duplicate `json:"duplicates" doc:"at most 200"`
	Total      int         `json:"total"`
}

// Duplicate is a suggestion that a phone is one that was enrolled before: nothing in User Enrollment says so.
type Duplicate struct {
	Enrollment Enrollment `json:"enrollment"`
	Former     Enrollment `json:"former"`
	Confidence int        `json:"confidence" doc:"per cent"`
	Reasons    []string   `json:"reasons" enum:"left_just_before,left_before,silent_since,same_name,same_hardware,same_system,long_ago,very_long_ago,other_name,several_phones" doc:"what speaks for it and against it, besides person and model; the weightiest first"`
}

// mostDuplicates is how many are shown; whoever decided them asks again.
const mostDuplicates = 200

// Duplicates says which records are probably one phone. Nothing changes.
func (a *API) Duplicates(ctx context.Context, in *DuplicatesIn) (*Duplicates, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	found, err := r.MDM.Duplicates(ctx, float64(in.Least)/100)
	if err != nil {
		return nil, err
	}
	now, err := r.MDM.Moment(ctx)
	if err != nil {
		return nil, err
	}
	view := &Duplicates{Duplicates: []Duplicate{}, Total: len(found)}
	for _, d := range found[:min(len(found), mostDuplicates)] {
		next, err := r.MDM.Get(ctx, d.ID)
		if errors.Is(err, mdm.ErrUnknown) {
			continue // erased meanwhile
		}
		if err != nil {
			return nil, err
		}
		former, err := r.MDM.Get(ctx, d.Former)
		if errors.Is(err, mdm.ErrUnknown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		view.Duplicates = append(view.Duplicates, Duplicate{
			Enrollment: viewEnrollment(next, now), Former: viewEnrollment(former, now),
			Confidence: int(d.Confidence * 100), Reasons: d.Reasons,
		})
	}
	return view, nil
}

// LinkIn says that a phone is one that was enrolled before.
type LinkIn struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Former  string `json:"former" minLength:"1" maxLength:"100" doc:"the record that it continues"`
		Release bool   `json:"release,omitempty" doc:"also the record of another person; takes the role admin"`
	}
}

// Link says that a phone is one that was enrolled before. Name, notes, tags, own fields and the pin move to the new
// record; commands, push data and what belongs to the former person do not.
func (a *API) Link(ctx context.Context, in *LinkIn) (*Done, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if in.Body.Release {
		if err := allowed(ctx, admin); err != nil {
			return nil, err
		}
	}
	return &Done{}, r.MDM.Link(ctx, in.ID, in.Body.Former, in.Body.Release)
}

// Unlink says that a phone is another one than the one before it. What was carried over stays.
func (a *API) Unlink(ctx context.Context, in *EnrollmentIn) (*Done, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	return &Done{}, r.MDM.Unlink(ctx, in.ID)
}
