package admin

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"example.org/gatehouse/backend/mdm"
)

// Kept is a pin: the record is never proposed for clearing.
type Kept struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at,omitzero"`
}

// RemarkIn changes what is written about one phone. What is absent stays.
type RemarkIn struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Nickname *string           `json:"nickname,omitempty"`
		Notes    *string           `json:"notes,omitempty"`
		Tags     *[]string         `json:"tags,omitempty" doc:"these and no others"`
		Fields   map[string]string `json:"fields,omitempty" doc:"own fields by their number, from 1"`
	}
}

// Changed says how many phones something was changed of.
type Changed struct {
	Count int `json:"count"`
}

// Marked says of which phones something was changed. Of others it was true already.
type Marked struct {
	Count int      `json:"count"`
	IDs   []string `json:"ids" doc:"of those that were changed, for whoever wants to undo it"`
}

func marked(ids []string) *Marked {
	return &Marked{Count: len(ids), IDs: append([]string{}, ids...)}
}

// Remark changes what is written about one phone: its name here, notes, tags, own fields.
func (a *API) Remark(ctx context.Context, in *RemarkIn) (*Marked, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	c := mdm.RemarksChange{Nickname: in.Body.Nickname, Notes: in.Body.Notes, Tags: in.Body.Tags, Fields: map[int]string{}}
	for number, text := range in.Body.Fields {
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, &mdm.RemarkError{Field: "field" + number, Problem: "not_known"}
		}
		c.Fields[n] = text
	}
	ids, err := r.MDM.Remark(ctx, c, in.ID)
	return marked(ids), err
}

// TagIn gives tags to phones, or takes them.
type TagIn struct {
	Body struct {
		Selection
		Add    []string `json:"add,omitempty" maxItems:"30"`
		Remove []string `json:"remove,omitempty" maxItems:"30"`
	}
}

// Tag gives tags to phones and takes tags from them.
func (a *API) Tag(ctx context.Context, in *TagIn) (*Marked, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	ids, err := a.chosen(ctx, r, in.Body.Selection)
	if err != nil {
		return nil, err
	}
	ids, err = r.MDM.Remark(ctx, mdm.RemarksChange{Tag: in.Body.Add, Untag: in.Body.Remove}, ids...)
	return marked(ids), err
}

// KeepIn pins phones, or without a reason unpins them.
type KeepIn struct {
	Body struct {
		Selection
		Reason string `json:"reason" maxLength:"200" doc:"why they are never to be cleared; empty: they may be"`
	}
}

// Pinned says which pins were changed. Of other records it was true already.
type Pinned struct {
	Count  int      `json:"count"`
	Before []Reason `json:"before" doc:"those that were changed, by what their pins said before: for whoever wants to undo it"`
}

// Reason is what the pins of some records said.
type Reason struct {
	Reason string   `json:"reason" doc:"empty: they had none"`
	IDs    []string `json:"ids"`
}

// Keep pins records so that they are never proposed for clearing, or takes the pin away.
func (a *API) Keep(ctx context.Context, in *KeepIn) (*Pinned, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	ids, err := a.chosen(ctx, r, in.Body.Selection)
	if err != nil {
		return nil, err
	}
	before, err := r.MDM.Keep(ctx, in.Body.Reason, ids...)
	view := &Pinned{Before: []Reason{}}
	for _, reason := range slices.Sorted(maps.Keys(before)) {
		view.Count += len(before[reason])
		view.Before = append(view.Before, Reason{reason, before[reason]})
	}
	return view, err
}
