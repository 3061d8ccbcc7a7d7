package admin

import (
	"bytes"
	"context"
	"time"

	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/portal"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// PreviewIn asks for a page as phones would get it, with drafts and unsaved words.
type PreviewIn struct {
	Body PreviewOf
}

// PreviewOf says which page, for whom, and in which state.
type PreviewOf struct {
	Page     string        `json:"page" maxLength:"40" example:"signin" doc:"one of /texts/pages"`
	Language string        `json:"language,omitempty" maxLength:"35" doc:"BCP 47, switched on or not, and qps-ploc; empty: the default"`
	Scheme   string        `json:"scheme,omitempty" enum:",light,dark" doc:"empty: as the phone has it"`
	Large    bool          `json:"large,omitempty" doc:"large type"`
	RTL      bool          `json:"rtl,omitempty" doc:"read from the right, whatever the language"`
	Sample   string        `json:"sample,omitempty" maxLength:"40" doc:"one of the samples of /texts/pages; empty: the first"`
	Error    string        `json:"error,omitempty" maxLength:"80" doc:"the page with this problem, one of those of the page"`
	Changes  []UnsavedText `json:"changes,omitempty" maxItems:"300" doc:"words over the drafts that nobody has saved"`
}

// UnsavedText is one text as it stands in an editor.
type UnsavedText struct {
	Language string `json:"language" maxLength:"35"`
	Key      string `json:"key" maxLength:"80"`
	Text     string `json:"text" maxLength:"40000"`
}

func (p PreviewOf) preview() portal.Preview {
	return portal.Preview{
		Page: p.Page, Language: p.Language, Scheme: p.Scheme, Large: p.Large, RTL: p.RTL, Sample: p.Sample, Error: text.Key(p.Error),
	}
}

func (p PreviewOf) changes() []text.Change {
	list := make([]text.Change, 0, len(p.Changes))
	for _, c := range p.Changes {
		list = append(list, text.Change{Language: c.Language, Key: text.Key(c.Key), Words: c.Text})
	}
	return list
}

// TextPreview is a page as phones get it. Each text carries its key in data-key; the page needs nothing from elsewhere.
type TextPreview struct {
	HTML   string   `json:"html"`
	Keys   []string `json:"keys" doc:"the texts on the page, in their order"`
	TookMS float64  `json:"took_ms"`
}

// PreviewText draws a page with the drafts and the words that an editor has not saved.
func (a *API) PreviewText(ctx context.Context, in *PreviewIn) (*TextPreview, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	began := time.Now() //nolint:forbidigo // how long the machine took, by its own watch
	drafted, err := r.Portal.Text.Drafted(ctx)
	if err != nil {
		return nil, err
	}
	p := in.Body.preview()
	p.Editor = true
	p.Catalog, _ = drafted.With(in.Body.changes()...)
	page, keys, err := r.Portal.RenderWithKeys(ctx, p)
	if err != nil {
		return nil, err
	}
	view := &TextPreview{HTML: string(page), Keys: make([]string, 0, len(keys))}
	for _, key := range keys {
		view.Keys = append(view.Keys, string(key))
	}
	view.TookMS = float64(time.Since(began).Microseconds()) / 1000
	return view, nil
}

// TextPages is what can be previewed.
type TextPages struct {
	Pages   []TextPage `json:"pages"`
	Samples []string   `json:"samples" doc:"made-up people"`
}

// TextPage is a page with the texts that stand on it.
type TextPage struct {
	Name   string   `json:"name"`
	Keys   []string `json:"keys"`
	Errors []string `json:"errors" doc:"problems and other states that the page can show"`
	Used   bool     `json:"used" doc:"phones meet it under the settings of today"`
}

// TextPages lists the pages with the texts of each.
func (a *API) TextPages(ctx context.Context, _ *None) (*TextPages, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	pages, err := r.Portal.Pages(ctx)
	if err != nil {
		return nil, err
	}
	view := &TextPages{Samples: portal.Samples()}
	for _, p := range pages {
		view.Pages = append(view.Pages, TextPage{Name: p.Name, Keys: keysOf(p.Keys), Errors: keysOf(p.Problems), Used: p.Used})
	}
	return view, nil
}

func keysOf(keys []text.Key) []string {
	list := make([]string, 0, len(keys))
	for _, key := range keys {
		list = append(list, string(key))
	}
	return list
}

// PreviewLink opens a preview on a real phone.
type PreviewLink struct {
	URL       string    `json:"url"`
	QR        string    `json:"qr" doc:"SVG"`
	ExpiresAt time.Time `json:"expires_at"`
}

// PreviewLink makes a link that opens a preview on a real phone for ten minutes, and its QR code.
func (a *API) PreviewLink(ctx context.Context, in *PreviewIn) (*PreviewLink, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	l, err := r.Portal.NewLink(ctx, in.Body.preview(), in.Body.changes())
	if err != nil {
		return nil, err
	}
	return &PreviewLink{URL: l.URL, QR: l.QR, ExpiresAt: l.ExpiresAt}, nil
}

// Branding is what makes the pages the organization's.
type Branding struct {
	AccentLight Accent     `json:"accent_light"`
	AccentDark  Accent     `json:"accent_dark"`
	LogoLight   *LogoState `json:"logo_light,omitempty"`
	LogoDark    *LogoState `json:"logo_dark,omitempty" doc:"absent: the same on dark pages"`
}

// Accent is the colour of buttons and links, with the verdict on it.
type Accent struct {
	Color      string  `json:"color" example:"#0f766e"`
	Ratio      float64 `json:"ratio" doc:"contrast with the background on which it is worst"`
	Needed     float64 `json:"needed"`
	Problem    string  `json:"problem,omitempty" enum:",not_color,contrast"`
	Suggestion string  `json:"suggestion,omitempty" doc:"the nearest colour of the same hue that would do"`
	Ink        string  `json:"ink,omitempty" doc:"what is written on buttons of this colour"`
}

// LogoState is a logo as it was drawn anew.
type LogoState struct {
	Type    string `json:"type" enum:"image/png,image/jpeg"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Content []byte `json:"content" doc:"base64"`
}

// Branding is the organization's colours and logo.
func (a *API) Branding(ctx context.Context, _ *None) (*Branding, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	now, err := a.Config.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	view := accents(now.Portal)
	logos, err := r.Portal.Logos(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range logos {
		if l, err = r.Portal.Logo(ctx, l.Version); err != nil {
			return nil, err
		}
		state := &LogoState{Type: l.Kind, Width: l.Width, Height: l.Height, Content: l.Content}
		if l.Scheme == portal.Dark {
			view.LogoDark = state
		} else {
			view.LogoLight = state
		}
	}
	return view, nil
}

func accents(p settings.Portal) *Branding {
	verdicts := settings.Contrasts(p)
	accent := func(c settings.Contrast) Accent {
		return Accent{Color: c.Color, Ratio: c.Ratio, Needed: settings.Readable, Problem: c.Problem, Suggestion: c.Suggestion, Ink: c.Ink}
	}
	return &Branding{AccentLight: accent(verdicts[0]), AccentDark: accent(verdicts[1])}
}

// BrandingIn is the organization's colours.
type BrandingIn struct {
	Body struct {
		AccentLight string `json:"accent_light" maxLength:"20"`
		AccentDark  string `json:"accent_dark" maxLength:"20"`
	}
}

// CheckBranding says what is to be said about colours, before they are kept.
func (a *API) CheckBranding(_ context.Context, in *BrandingIn) (*Branding, error) {
	return accents(settings.Portal{AccentLight: in.Body.AccentLight, AccentDark: in.Body.AccentDark}), nil
}

// ChangeBranding sets the colours. One that cannot be read is refused, with one that could.
func (a *API) ChangeBranding(ctx context.Context, in *BrandingIn) (*Branding, error) {
	err := a.Config.Settings.Change(ctx, false, func(s *settings.Settings) error {
		s.Portal.AccentLight, s.Portal.AccentDark = in.Body.AccentLight, in.Body.AccentDark
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Branding(ctx, nil)
}

// LogoIn is a logo for light or for dark pages.
type LogoIn struct {
	Dark bool `query:"dark" doc:"the one for dark pages"`
	Body struct {
		Content []byte `json:"content" maxLength:"700000" doc:"PNG or JPEG of at most 512 kB, in base64"`
	}
}

// WhichLogo names the logo for light or for dark pages.
type WhichLogo struct {
	Dark bool `query:"dark" doc:"the one for dark pages"`
}

func schemeOf(dark bool) string {
	if dark {
		return portal.Dark
	}
	return portal.Light
}

// SetLogo takes a picture as the logo. It is drawn anew: what else is in the file is not kept.
func (a *API) SetLogo(ctx context.Context, in *LogoIn) (*Branding, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if _, err := r.Portal.SetLogo(ctx, schemeOf(in.Dark), in.Body.Content); err != nil {
		return nil, err
	}
	return a.Branding(ctx, nil)
}

// RemoveLogo puts the organization's name back in the place of its logo.
func (a *API) RemoveLogo(ctx context.Context, in *WhichLogo) (*Branding, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if err := r.Portal.DropLogo(ctx, schemeOf(in.Dark)); err != nil {
		return nil, err
	}
	return a.Branding(ctx, nil)
}

// ConsentsIn chooses what people said.
type ConsentsIn struct {
	Person string `query:"person" maxLength:"320"`
	Kind   string `query:"kind" enum:",terms,privacy"`
	Before string `query:"before" maxLength:"100" doc:"cursor: id of the last one of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"200"`
}

// Consents is what people said to terms and privacy page, and where everybody stands with today's terms.
type Consents struct {
	Version  int        `json:"version" doc:"of today's terms; 0: there are none"`
	Date     time.Time  `json:"date,omitzero"`
	People   []Standing `json:"people" doc:"everybody who has a phone here or ever answered, and whether they agreed to today's terms"`
	Missing  int        `json:"missing" doc:"how many people with phones have not agreed to today's terms"`
	Consents []Consent  `json:"consents" doc:"what was said, newest first"`
	Next     string     `json:"next,omitempty" doc:"cursor of the next page"`
}

// Standing is where somebody stands with today's terms.
type Standing struct {
	Person   string    `json:"person"`
	Name     string    `json:"name"`
	Phones   int       `json:"phones" doc:"under management"`
	State    string    `json:"state" enum:"current,outdated,declined,none"`
	Version  int       `json:"version,omitempty" doc:"the newest that they agreed to"`
	Language string    `json:"language,omitempty"`
	Hash     string    `json:"hash,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// Consent is what somebody said to a text that they were shown.
type Consent struct {
	ID       string    `json:"id"`
	Person   string    `json:"person"`
	Name     string    `json:"name"`
	Attempt  string    `json:"attempt"`
	Kind     string    `json:"kind" enum:"terms,privacy"`
	Answer   string    `json:"answer" enum:"accepted,declined"`
	Version  int       `json:"version"`
	Language string    `json:"language"`
	Hash     string    `json:"hash" doc:"SHA-256 of the text that was shown, hexadecimal; /consents/texts has the text"`
	Address  string    `json:"address,omitempty"`
	At       time.Time `json:"at"`
}

// Consents says who agreed to what, and who has not.
func (a *API) Consents(ctx context.Context, in *ConsentsIn) (*Consents, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	view := &Consents{People: []Standing{}, Consents: []Consent{}}
	var standings []portal.Standing
	if view.Version, view.Date, standings, err = r.Portal.Standings(ctx); err != nil {
		return nil, err
	}
	for _, s := range standings {
		view.People = append(view.People, Standing{
			Person: s.Person, Name: s.Name, Phones: s.Phones, State: s.State, Version: s.Version, Language: s.Language, Hash: s.Hash, At: s.At,
		})
		if view.Version > 0 && s.Phones > 0 && s.State != portal.StandingCurrent {
			view.Missing++
		}
	}
	said, err := r.Portal.Consents(ctx, portal.ConsentQuery{Person: in.Person, Kind: in.Kind, Before: in.Before, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	for _, c := range said {
		view.Consents = append(view.Consents, Consent(c))
	}
	if len(said) == in.Limit {
		view.Next = said[len(said)-1].ID
	}
	return view, nil
}

// ConsentTextIn names a text by its digest.
type ConsentTextIn struct {
	Hash string `path:"hash" maxLength:"64"`
}

// ConsentText is a text that somebody was shown.
type ConsentText struct {
	Text string `json:"text"`
	Hash string `json:"hash"`
}

// ConsentText is the very text that a digest stands for.
func (a *API) ConsentText(ctx context.Context, in *ConsentTextIn) (*ConsentText, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	content, err := r.Portal.ConsentText(ctx, in.Hash)
	return &ConsentText{Text: content, Hash: in.Hash}, err
}

// ConsentsFileIn chooses the form of a file.
type ConsentsFileIn struct {
	Format string `query:"format" enum:"csv,tsv,xlsx,json,xml" default:"csv"`
	Kind   string `query:"kind" enum:",terms,privacy" default:"terms"`
}

// ExportConsents is everything that was said, as a file.
func (a *API) ExportConsents(ctx context.Context, in *ConsentsFileIn) (*File, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	format, err := export.Parse(in.Format)
	if err != nil {
		return nil, fieldError("format", "not_choice", err)
	}
	said, err := r.Portal.Consents(ctx, portal.ConsentQuery{Kind: in.Kind})
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for _, c := range said {
		rows = append(rows, []any{
			c.Person, c.Name, c.Kind, c.Answer, c.Version, c.Language, c.At, c.Address, c.Hash, c.Attempt,
		})
	}
	var b bytes.Buffer
	if err := export.Write(&b, format, consentTable(rows), export.Options{}); err != nil {
		return nil, err
	}
	return &File{Name: "consents." + in.Format, Type: fileTypes[in.Format], Content: b.Bytes()}, nil
}

// consentTable is the columns of that file.
func consentTable(rows [][]any) export.Table {
	return export.Table{
		Name: "consents", Row: "consent",
		Columns: []export.Column{
			{Name: "person", Title: "Person"},
			{Name: "name", Title: "Name"},
			{Name: "kind", Title: "Kind"},
			{Name: "answer", Title: "Answer"},
			{Name: "version", Title: "Version"},
			{Name: "language", Title: "Language"},
			{Name: "at", Title: "Time"},
			{Name: "address", Title: "Address"},
			{Name: "hash", Title: "SHA-256 of the text"},
			{Name: "attempt", Title: "Attempt"},
		},
		Rows: func(yield func([]any, error) bool) {
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		},
	}
}

// File is a file to be saved.
type File struct {
	Name    string `json:"name" example:"consents.csv"`
	Type    string `json:"type" example:"text/csv"`
	Content []byte `json:"content" doc:"base64"`
}

var fileTypes = map[string]string{
	"json": "application/json", "csv": "text/csv", "tsv": "text/tab-separated-values", "xml": "application/xml",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
