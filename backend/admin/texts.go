package admin

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.org/gatehouse/backend/text"
)

// defaultLanguage is the organization's, as it is set.
func (a *API) defaultLanguage(ctx context.Context) (string, error) {
	now, err := a.Config.Settings.Get(ctx)
	return now.Language, err
}

// Texts are the words of the portal in one language, and how all languages stand.
func (a *API) Texts(ctx context.Context, in *TextsIn) (*Texts, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	v, err := a.Text.Survey(ctx, fallback, in.Language)
	if err != nil {
		return nil, err
	}
	view := &Texts{
		Language: v.Language, Default: v.Default, Languages: []TextLanguage{}, Texts: []Text{}, Standard: text.StandardNames(),
		Version: v.Version, Changes: v.Changes, Terms: TextTerms{v.Terms.Version, v.Terms.Date},
	}
	for _, s := range v.Languages {
		view.Languages = append(view.Languages, viewTextLanguage(s))
	}
	for _, t := range v.Texts {
		view.Texts = append(view.Texts, viewText(t))
	}
	return view, nil
}

func viewTextLanguage(s text.Standing) TextLanguage {
	return TextLanguage{
		Tag: s.Tag, Name: s.Name, BuiltIn: s.BuiltIn, Enabled: s.Enabled, Reviewed: s.ReviewedBy != "", ReviewedBy: s.ReviewedBy,
		ReviewedAt: s.ReviewedAt, RTL: s.RTL, PluralForms: s.PluralForms, Keys: s.Keys, Missing: s.Missing, Published: s.Published,
		Draft: s.Draft, Outdated: s.Outdated, Over: s.Over,
	}
}

func viewText(t text.Text) Text {
	return Text{
		Key: string(t.Key), Page: t.Page, Purpose: t.Purpose, Max: t.Max, Variables: append([]string{}, t.Variables...), Markdown: t.Markdown,
		MayHide: t.MayHide, Plural: t.Plural, Default: t.Text, Source: t.Source, BuiltIn: t.BuiltIn, Published: t.Published, Draft: t.Draft,
		State: string(t.State), Outdated: t.Outdated, MadeFrom: t.MadeFrom, Over: t.Over, Problems: viewTextProblems(t.Problems),
		Author: t.Author, At: t.At,
	}
}

func viewTextProblems(problems []text.Problem) []TextProblem {
	list := []TextProblem{}
	for _, p := range problems {
		list = append(list, TextProblem{
			Code: p.Code, Blocking: p.Blocking, Language: p.Language, Key: string(p.Key), At: p.At, Length: p.Length, Params: params(p.Params),
			Where: p.Where, Message: p.String(),
		})
	}
	return list
}

// text is one text as it stands now.
func (a *API) text(ctx context.Context, fallback string, in TextIn) (*Text, error) {
	t, err := a.Text.Look(ctx, fallback, in.Language, text.Key(in.Key))
	if err != nil {
		return nil, err
	}
	view := viewText(t)
	return &view, nil
}

// SaveText keeps words as a draft, with their problems.
func (a *API) SaveText(ctx context.Context, in *SaveTextIn) (*Text, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	c := text.Change{Language: in.Language, Key: text.Key(in.Key), Words: in.Body.Text}
	if in.Body.Remove {
		c.Words = ""
	}
	if err := a.Text.Save(ctx, fallback, c); err != nil {
		return nil, err
	}
	return a.text(ctx, fallback, in.TextIn)
}

// DiscardText throws a draft away.
func (a *API) DiscardText(ctx context.Context, in *TextIn) (*Text, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.Text.Discard(ctx, in.Language, text.Key(in.Key)); err != nil {
		return nil, err
	}
	return a.text(ctx, fallback, *in)
}

// TextDrafts is what publishing would do.
func (a *API) TextDrafts(ctx context.Context, _ *None) (*TextDrafts, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.Text.Pending(ctx, fallback)
	if err != nil {
		return nil, err
	}
	view := &TextDrafts{Drafts: []TextDraft{}, Problems: viewTextProblems(p.Problems), Terms: p.TermsChanged}
	for _, d := range p.Drafts {
		own := slices.DeleteFunc(slices.Clone(p.Problems), func(p text.Problem) bool { return p.Language != d.Language || p.Key != d.Key })
		view.Drafts = append(view.Drafts, TextDraft{
			Language: d.Language, Key: string(d.Key), From: d.From, To: d.To, Author: d.Author, At: d.At, Problems: viewTextProblems(own),
		})
	}
	return view, nil
}

// PublishTexts makes drafts the words that phones see.
func (a *API) PublishTexts(ctx context.Context, in *PublishTextsIn) (*TextPublished, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	v, err := a.Text.Publish(ctx, fallback, text.Publication{Note: in.Body.Note, Languages: in.Body.Languages, NewTerms: in.Body.NewTerms})
	if err != nil {
		return nil, err
	}
	return &TextPublished{Version: v.Version, Texts: len(v.Changes)}, nil
}

// TextVersions is the history of what was published.
func (a *API) TextVersions(ctx context.Context, in *TextVersionsIn) (*TextVersions, error) {
	list, err := a.Text.Versions(ctx, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	view := &TextVersions{Versions: []TextVersion{}}
	for _, v := range list {
		view.Versions = append(view.Versions, viewTextVersion(v))
	}
	return view, nil
}

func viewTextVersion(v text.Version) TextVersion {
	view := TextVersion{Version: v.Version, At: v.At, Author: v.Author, Note: v.Note, TermsVersion: v.Terms.Version, Count: len(v.Changes)}
	if v.Restored >= 0 {
		view.Restored = &v.Restored
	}
	return view
}

// TextVersion is one version, with what it changed.
func (a *API) TextVersion(ctx context.Context, in *TextVersionIn) (*TextVersion, error) {
	v, err := a.Text.Version(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	view := viewTextVersion(v)
	for _, c := range v.Changes {
		change := TextChange{Language: c.Language, Key: string(c.Key)}
		if c.From != nil {
			change.From = &c.From.Words
		}
		if c.To != nil {
			change.To = &c.To.Words
		}
		view.Changes = append(view.Changes, change)
	}
	return &view, nil
}

// RestoreTexts brings back the words of a version.
func (a *API) RestoreTexts(ctx context.Context, in *RestoreTextsIn) (*TextPublished, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	v, err := a.Text.Restore(ctx, fallback, in.Version, in.Body.Publish)
	if err != nil {
		return nil, err
	}
	return &TextPublished{Version: v.Version, Texts: len(v.Changes)}, nil
}

// AddTextLanguage adds a language; it stays switched off until somebody switches it on.
func (a *API) AddTextLanguage(ctx context.Context, in *AddTextLanguageIn) (*TextLanguage, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	tag, err := a.Text.AddLanguage(ctx, fallback, in.Body.Tag, in.Body.CopyFrom)
	if err != nil {
		return nil, err
	}
	return a.textLanguage(ctx, fallback, tag)
}

// SetTextLanguage switches a language on or off, and says whether a native speaker has reviewed it.
func (a *API) SetTextLanguage(ctx context.Context, in *SetTextLanguageIn) (*TextLanguage, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.Text.SetLanguage(ctx, fallback, in.Tag, in.Body.Enabled, in.Body.Reviewed); err != nil {
		return nil, err
	}
	return a.textLanguage(ctx, fallback, in.Tag)
}

func (a *API) textLanguage(ctx context.Context, fallback, tag string) (*TextLanguage, error) {
	v, err := a.Text.Survey(ctx, fallback, tag)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.Languages, func(s text.Standing) bool { return s.Tag == tag }) // the survey of a language lists it
	view := viewTextLanguage(v.Languages[i])
	return &view, nil
}

// RemoveTextLanguage removes a language that was added.
func (a *API) RemoveTextLanguage(ctx context.Context, in *TextLanguageIn) (*Done, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	return &Done{}, a.Text.RemoveLanguage(ctx, fallback, in.Tag)
}

var textTypes = map[string]string{
	"json": "application/json", "csv": "text/csv", "xliff": "application/xliff+xml",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// ExportTexts is a file for translators: the words as they are, with all drafts.
func (a *API) ExportTexts(ctx context.Context, in *ExportTextsIn) (*TextFile, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := a.Text.Export(ctx, &b, fallback, text.Format(in.Format), in.Language); err != nil {
		return nil, err
	}
	name := "texts." + in.Format
	if in.Language != "" {
		name = "texts-" + in.Language + "." + in.Format
	}
	return &TextFile{Name: name, Type: textTypes[in.Format], Content: b.Bytes()}, nil
}

// ImportTexts takes a file that came back from translators as drafts, all of it or nothing.
func (a *API) ImportTexts(ctx context.Context, in *ImportTextsIn) (*TextImport, error) {
	fallback, err := a.defaultLanguage(ctx)
	if err != nil {
		return nil, err
	}
	lines, err := a.Text.Import(ctx, fallback, text.Format(in.Body.Format), in.Body.Language, in.Body.Content, in.Body.DryRun)
	if err != nil {
		return nil, err
	}
	view := &TextImport{Rows: []TextImportRow{}}
	for _, l := range lines {
		row := TextImportRow{Language: l.Language, Key: string(l.Key), Where: l.Where, Change: "same", Problems: viewTextProblems(l.Problems)}
		switch {
		case slices.ContainsFunc(l.Problems, func(p text.Problem) bool { return p.Blocking }):
			row.Change, row.From, row.To = "problem", l.From, l.To
			view.Problems++
		case l.Changes():
			row.Change, row.From, row.To = "change", l.From, l.To
			view.Changes++
		default:
			view.Same++
		}
		view.Rows = append(view.Rows, row)
	}
	return view, nil
}

// refusedTexts is a refusal with a field for each problem: "fr/signin.title". Where it stands is among the parameters.
func refusedTexts(refused *text.RefusedError) *Error {
	e := &Error{Code: TextsRefused, err: refused, Params: map[string]string{"count": strconv.Itoa(len(refused.Problems))}}
	for _, p := range refused.Problems {
		params := maps.Clone(params(p.Params))
		params["language"], params["key"], params["where"] = p.Language, string(p.Key), p.Where
		params["at"], params["length"] = strconv.Itoa(p.At), strconv.Itoa(p.Length)
		e.Fields = append(e.Fields, FieldError{Field: strings.Trim(p.Language+"/"+string(p.Key), "/"), Code: p.Code, Params: params, Message: p.String()})
	}
	return e
}
