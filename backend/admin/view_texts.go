package admin

import "time"

// Texts are the words of the portal in one language, and how all languages stand.
type Texts struct {
	Language  string         `json:"language" doc:"that the texts are in"`
	Default   string         `json:"default" doc:"the organization's default language, which the others are made from"`
	Languages []TextLanguage `json:"languages"`
	Texts     []Text         `json:"texts" doc:"in the order of the pages"`
	Standard  []string       `json:"standard" doc:"variables that every text may use"`
	Version   int64          `json:"version" doc:"the published version; 0: nothing was published yet"`
	Changes   int            `json:"changes" doc:"drafts, in all languages"`
	Terms     TextTerms      `json:"terms"`
}

// TextTerms are the terms that people agree to.
type TextTerms struct {
	Version int       `json:"version" doc:"0: there are no terms, and no page for them"`
	Date    time.Time `json:"date,omitzero"`
}

// TextLanguage is how far a language has come.
type TextLanguage struct {
	Tag         string    `json:"tag" example:"pt-BR" doc:"BCP 47"`
	Name        string    `json:"name" example:"Português (Brasil)" doc:"what it calls itself"`
	BuiltIn     bool      `json:"built_in" doc:"it can be switched off, and not removed"`
	Enabled     bool      `json:"enabled" doc:"phones are offered it"`
	Reviewed    bool      `json:"reviewed" doc:"a native speaker has read it, an administrator says"`
	ReviewedBy  string    `json:"reviewed_by,omitempty"`
	ReviewedAt  time.Time `json:"reviewed_at,omitzero"`
	RTL         bool      `json:"rtl" doc:"written from right to left"`
	PluralForms []string  `json:"plural_forms" doc:"that texts about numbers need, in order"`
	Keys        int       `json:"keys" doc:"texts that it should have"`
	Missing     int       `json:"missing" doc:"of these, those that come in another language"`
	Published   int       `json:"published" doc:"texts that were published in place of those built in"`
	Draft       int       `json:"draft"`
	Outdated    int       `json:"outdated" doc:"made from words that have changed since"`
	Over        int       `json:"over" doc:"longer than their limit"`
}

// Text is one text in one language. A text about a number is a line for each plural form: "one: …", "other: …".
type Text struct {
	Key       string        `json:"key" example:"signin.title"`
	Page      string        `json:"page" example:"signin" doc:"where it is seen"`
	Purpose   string        `json:"purpose"`
	Max       int           `json:"max" doc:"characters, of each plural form"`
	Variables []string      `json:"variables" doc:"that it may use besides the standard ones"`
	Markdown  string        `json:"markdown" enum:",inline,full"`
	MayHide   bool          `json:"may_hide" doc:"a single dash shows nothing"`
	Plural    bool          `json:"plural"`
	Default   string        `json:"default" doc:"the English words built in"`
	Source    string        `json:"source" doc:"the words of the default language at present"`
	BuiltIn   *string       `json:"built_in,omitempty" doc:"the words built in, in this language"`
	Published *string       `json:"published,omitempty"`
	Draft     *string       `json:"draft,omitempty" doc:"empty: goes back to the words built in"`
	State     string        `json:"state" enum:"built_in,draft,published,missing"`
	Outdated  bool          `json:"outdated" doc:"what it was made from has changed since"`
	MadeFrom  string        `json:"made_from,omitempty" doc:"of an outdated text: what it was made from"`
	Over      bool          `json:"over"`
	Problems  []TextProblem `json:"problems"`
	Author    string        `json:"author,omitempty" doc:"of the draft, else of what is published"`
	At        time.Time     `json:"at,omitzero"`
}

// TextProblem is something about words that is wrong, or that somebody should look at.
type TextProblem struct {
	Code     string            `json:"code" example:"unknown_variable"`
	Blocking bool              `json:"blocking" doc:"the words cannot be published; otherwise a hint"`
	Language string            `json:"language"`
	Key      string            `json:"key"`
	At       int               `json:"at" doc:"where in the words, in UTF-16 units"`
	Length   int               `json:"length"`
	Params   map[string]string `json:"params"`
	Where    string            `json:"where,omitempty" example:"line 12" doc:"in an imported file: its line or cell"`
	Message  string            `json:"message" doc:"for logs and scripts; in English"`
}

// TextDrafts is what publishing would do.
type TextDrafts struct {
	Drafts   []TextDraft   `json:"drafts"`
	Problems []TextProblem `json:"problems" doc:"all of them, also those of texts without a draft"`
	Terms    bool          `json:"terms" doc:"terms that people have agreed to would change: say whether they are a new version"`
}

// TextDraft is a draft beside the words that phones see.
type TextDraft struct {
	Language string        `json:"language"`
	Key      string        `json:"key"`
	From     string        `json:"from"`
	To       string        `json:"to" doc:"the same as from: somebody says that outdated words are still right"`
	Author   string        `json:"author"`
	At       time.Time     `json:"at,omitzero"`
	Problems []TextProblem `json:"problems"`
}

// TextVersion is one publishing.
type TextVersion struct {
	Version      int64        `json:"version"`
	At           time.Time    `json:"at,omitzero"`
	Author       string       `json:"author"`
	Note         string       `json:"note"`
	Restored     *int64       `json:"restored,omitempty" doc:"the version whose words came back; 0: those built in"`
	TermsVersion int          `json:"terms_version" doc:"of the terms since then"`
	Count        int          `json:"count" doc:"texts that it changed"`
	Changes      []TextChange `json:"changes,omitempty" doc:"where one version was asked for"`
}

// TextChange is a text before and after a publishing. Where one is absent, the words were or are those built in.
type TextChange struct {
	Language string  `json:"language"`
	Key      string  `json:"key"`
	From     *string `json:"from,omitempty"`
	To       *string `json:"to,omitempty"`
}

// TextVersions is the history, newest first.
type TextVersions struct {
	Versions []TextVersion `json:"versions"`
}

// TextPublished is the version that phones see from now on.
type TextPublished struct {
	Version int64 `json:"version" doc:"0: nothing was published, only drafts were made"`
	Texts   int   `json:"texts" doc:"that changed"`
}

// TextFile is a file for translators.
type TextFile struct {
	Name    string `json:"name" example:"texts-fr.xliff"`
	Type    string `json:"type" example:"application/xliff+xml"`
	Content []byte `json:"content" doc:"base64"`
}

// TextImport is what an imported file changes, or would change.
type TextImport struct {
	Rows     []TextImportRow `json:"rows"`
	Changes  int             `json:"changes" doc:"texts that became drafts, or would"`
	Same     int             `json:"same"`
	Problems int             `json:"problems" doc:"texts with something wrong: while there is one, nothing is taken"`
}

// TextImportRow is one text of an imported file.
type TextImportRow struct {
	Language string        `json:"language"`
	Key      string        `json:"key"`
	Where    string        `json:"where" example:"F12" doc:"its line or cell"`
	Change   string        `json:"change" enum:"change,same,problem"`
	From     string        `json:"from,omitempty"`
	To       string        `json:"to,omitempty"`
	Problems []TextProblem `json:"problems"`
}

// TextsIn asks for the texts in one language.
type TextsIn struct {
	Language string `query:"language" maxLength:"35" doc:"BCP 47; empty: the default language"`
}

// TextIn names a text.
type TextIn struct {
	Language string `path:"language" maxLength:"35"`
	Key      string `path:"key" maxLength:"100"`
}

// SaveTextIn is a draft.
type SaveTextIn struct {
	TextIn
	Body struct {
		Text   string `json:"text" maxLength:"131072" doc:"empty: as remove; a dash shows nothing, where the text may be hidden"`
		Remove bool   `json:"remove,omitempty" doc:"back to the words built in, as a draft too"`
	}
}

// PublishTextsIn publishes drafts.
type PublishTextsIn struct {
	Body struct {
		Note      string   `json:"note,omitempty" maxLength:"1000"`
		Languages []string `json:"languages,omitempty" maxItems:"200" doc:"whose drafts; left out: all"`
		NewTerms  *bool    `json:"new_terms,omitempty" doc:"changed terms are a new version, to which people agree anew; false: a small correction"`
	}
}

// TextVersionsIn asks for a part of the history.
type TextVersionsIn struct {
	Before int64 `query:"before" minimum:"0" doc:"only versions before this one"`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// TextVersionIn names a version.
type TextVersionIn struct {
	Version int64 `path:"version" minimum:"0"`
}

// RestoreTextsIn brings back the words of a version; 0 is those built in.
type RestoreTextsIn struct {
	TextVersionIn
	Body struct {
		Publish bool `json:"publish" doc:"phones see them at once; otherwise they become drafts"`
	}
}

// AddTextLanguageIn adds a language.
type AddTextLanguageIn struct {
	Body struct {
		Tag      string `json:"tag" maxLength:"35" example:"fr-CA" doc:"BCP 47"`
		CopyFrom string `json:"copy_from,omitempty" maxLength:"35" doc:"whose words become its first drafts"`
	}
}

// TextLanguageIn names a language.
type TextLanguageIn struct {
	Tag string `path:"tag" maxLength:"35"`
}

// SetTextLanguageIn says how a language stands.
type SetTextLanguageIn struct {
	TextLanguageIn
	Body struct {
		Enabled  bool `json:"enabled" doc:"phones are offered it"`
		Reviewed bool `json:"reviewed" doc:"a native speaker has read it"`
	}
}

// ExportTextsIn asks for a file for translators.
type ExportTextsIn struct {
	Format   string `query:"format" enum:"json,csv,xlsx,xliff" required:"true"`
	Language string `query:"language" maxLength:"35" doc:"left out: all, where the format can"`
}

// ImportTextsIn is a file that came back.
type ImportTextsIn struct {
	Body struct {
		Format   string `json:"format" enum:"json,csv,xlsx,xliff"`
		Language string `json:"language,omitempty" maxLength:"35" doc:"needed where the file does not say it"`
		Content  []byte `json:"content" doc:"base64, 8 MB at most"`
		DryRun   bool   `json:"dry_run,omitempty" doc:"say what would happen, and keep nothing"`
	}
}
