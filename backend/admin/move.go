package admin

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/export"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/move"
)

// moveFields are the columns of an old list: as Jamf Pro calls them, and others.
var moveFields = []importField{
	{"number", []string{"jss mobile device id", "jamf pro mobile device id", "jamf pro id", "mobile device id", "device id", "id", "nummer"}},
	{"name", []string{"display name", "device name", "mobile device name", "name", "device", "gerätename", "gerät", "anzeigename"}},
	{"model", []string{"model identifier", "model", "device model", "product name", "modellkennung", "modell"}},
	{"os", []string{"os version", "ios version", "operating system version", "os", "betriebssystem", "version"}},
	{"email", []string{"email address", "e-mail address", "email", "e-mail", "mail", "e-mail-adresse", "user email"}},
	{"account", []string{"username", "user name", "user", "account", "upn", "user principal name", "managed apple id", "managed apple account", "benutzername", "benutzer"}},
	{"full_name", []string{"full name", "user full name", "real name", "owner", "person", "vollständiger name", "besitzer"}},
	{"ownership", []string{"device ownership type", "device ownership level", "device ownership", "ownership", "owner type", "besitzart"}},
	{"method", []string{"enrollment method", "enrollment type", "registrierungsmethode", "registrierungstyp"}},
	{"managed", []string{"managed", "management status", "is managed", "verwaltet"}},
	{"seen_at", []string{"last inventory update", "last check-in", "last seen", "last contact", "last sync date time", "letzte inventarisierung", "letzter kontakt"}},
}

// ImportMoveIn is the list of phones that an older management exports.
type ImportMoveIn struct {
	DryRun bool `query:"dry_run" doc:"say what would happen, and change nothing"`
	Body   struct {
		File   []byte            `json:"file" doc:"base64"`
		Match  map[string]string `json:"match,omitempty" doc:"which column is what: the name of a field, and the heading of its column, or nothing where there is none; what is left out is found by its heading"`
		Source string            `json:"source,omitempty" maxLength:"250" doc:"which management it is from; a list replaces the one before of the same source"`
		Skip   bool              `json:"skip,omitempty" doc:"leave out the lines with problems; otherwise they keep the whole list out"`
	}
}

// MoveImported is what came of an old list.
type MoveImported struct {
	Imported
	New     int `json:"new" doc:"phones that were not there before"`
	Gone    int `json:"gone" doc:"phones that this list does not have any more"`
	Company int `json:"company" doc:"lines about the organization's own phones, which are left out"`
	Undated int `json:"undated" doc:"lines whose time could not be read; they were taken without one"`
	Sure    int `json:"sure" doc:"phones whose person is known"`
	Unsure  int `json:"unsure" doc:"phones that may be somebody's; say whether they are"`
	Nobody  int `json:"nobody" doc:"phones of nobody that we know"`
	Profile int `json:"profile" doc:"phones with a profile of the old kind for personal phones"`
}

// ImportMove takes the list of an older management. Serial numbers, telephone numbers and other columns that are of no use
// here are not kept.
func (a *API) ImportMove(ctx context.Context, in *ImportMoveIn) (*MoveImported, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	l, err := readList(in.Body.File, in.Body.Match, moveFields)
	if err != nil {
		return nil, err
	}
	view := &MoveImported{Imported: *l.view}
	if !slices.ContainsFunc([]string{"name", "email", "account", "full_name"}, func(f string) bool { _, ok := l.at[f]; return ok }) {
		return nil, missingColumn("name", l.view.Headings)
	}
	list := move.List{Source: in.Body.Source, Trial: in.DryRun, Skip: in.Body.Skip, Lines: make([]move.Line, 0, len(l.rows))}
	for _, row := range l.rows {
		cell := func(field string) string { s, _ := l.cell(row, field); return s }
		list.Lines = append(list.Lines, move.Line{
			Line: row.Line, Number: cell("number"), Name: cell("name"), Model: cell("model"), OS: cell("os"), Email: cell("email"),
			Account: cell("account"), Full: cell("full_name"), Ownership: cell("ownership"), Method: cell("method"),
			Managed: cell("managed"), Seen: cell("seen_at"),
		})
	}
	out, err := r.Mover.Import(ctx, list)
	if err != nil {
		return nil, err
	}
	for _, w := range out.Wrong {
		view.problem(w.Line, w.Field, w.Code)
	}
	view.Applied, view.Changed, view.There = out.Applied, out.New+out.Updated, out.Updated
	view.New, view.Gone, view.Company, view.Undated = out.New, out.Gone, out.Company, out.Undated
	view.Sure, view.Unsure, view.Nobody, view.Profile = out.Sure, out.Unsure, out.Nobody, out.Profile
	return view, nil
}

// Move is how far people have moved here from an older management.
type Move struct {
	Begun      bool           `json:"begun" doc:"there is a move; everything else is empty without one"`
	Done       bool           `json:"done" doc:"there is nobody left to move"`
	Total      int            `json:"total" doc:"how many phones are to move; those that are left out are not counted"`
	Moved      int            `json:"moved"`
	OldProfile int            `json:"old_profile" doc:"phones that have not moved and have a profile of the old kind, as far as the newest list knows"`
	States     map[string]int `json:"states" doc:"how many phones are in each state"`
	Profile    string         `json:"profile_name" doc:"what the letters call the old profile"`
	Deadline   time.Time      `json:"deadline,omitzero" doc:"until when the letters ask people to move"`
	Sources    []string       `json:"sources" doc:"from which lists the phones are"`
	Phones     []MovePhone    `json:"phones"`
}

// MovePhone is a phone of an old list.
type MovePhone struct {
	ID     string `json:"id"`
	State  string `json:"state" enum:"no_person,to_invite,invited,trying,moved,removed,left_out"`
	Reason string `json:"reason" doc:"why it is so, as a code"`
	Next   string `json:"next" doc:"what to do next, as a code"`

	Source    string    `json:"source" doc:"which list it is from"`
	Number    string    `json:"number" doc:"what the old management calls the record"`
	Name      string    `json:"name"`
	Model     string    `json:"model"`
	OSVersion string    `json:"os_version"`
	Email     string    `json:"email" doc:"this and the next two as the old list has them"`
	Account   string    `json:"account"`
	FullName  string    `json:"full_name"`
	Kind      string    `json:"kind" enum:",profile,user,other" doc:"how it was managed: a profile of the old kind for personal phones, User Enrollment, some other way; empty: the list does not say"`
	SeenAt    time.Time `json:"seen_at,omitzero" doc:"there"`
	GoneAt    time.Time `json:"gone_at,omitzero" doc:"since when the old management does not have it; absent: the newest list has it"`

	Person     string    `json:"person" doc:"whose it is; empty: not known"`
	PersonName string    `json:"person_name"`
	How        string    `json:"how" enum:",chosen,address,managed,account,name,domain" doc:"how we know that"`
	Guess      string    `json:"guess" doc:"whose it may be"`
	GuessName  string    `json:"guess_name"`
	Guessed    string    `json:"guessed" enum:",same_name,beginning,similar_name" doc:"why it may be"`
	Sure       int       `json:"sure" doc:"per cent, of person or guess"`
	InvitedAt  time.Time `json:"invited_at,omitzero"`
	RemindedAt time.Time `json:"reminded_at,omitzero"`
	RemovedAt  time.Time `json:"removed_at,omitzero"`
	Settled    string    `json:"settled" enum:",moved,left_out" doc:"somebody said so"`

	Enrollment string `json:"enrollment" doc:"the phone here that it is"`
	Other      string `json:"other" doc:"another phone of the person, that no record stands for"`
	OtherModel string `json:"other_model"`
	Attempt    string `json:"attempt" doc:"reference of the attempt that its person has begun"`
}

// Move says how far people have moved here, and where each phone of the old list is.
func (a *API) Move(ctx context.Context, _ *None) (*Move, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	b, err := r.Mover.Board(ctx)
	if err != nil {
		return nil, err
	}
	view := &Move{
		Begun: b.Begun, Done: b.Done(), Total: b.Total, Moved: b.Moved, OldProfile: b.OldProfile, States: b.States,
		Profile: b.Terms.OldProfile, Deadline: b.Terms.Deadline, Sources: list(b.Sources), Phones: make([]MovePhone, 0, len(b.Entries)),
	}
	for _, e := range b.Entries {
		view.Phones = append(view.Phones, viewMove(e))
	}
	return view, nil
}

func viewMove(e move.Entry) MovePhone {
	p := MovePhone{
		ID: e.ID, State: e.Code, Reason: e.Reason, Next: e.Next,
		Source: e.Source, Number: e.Number, Name: e.Name, Model: e.Model, OSVersion: e.OS, Email: e.Email, Account: e.Account, FullName: e.Full,
		Kind: string(e.Kind), SeenAt: e.SeenAt, GoneAt: e.GoneAt,
		Person: e.Person, PersonName: e.PersonName, How: e.How, Guess: e.Guess, GuessName: e.GuessName, Guessed: e.Guessed, Sure: e.Sure,
		InvitedAt: e.InvitedAt, RemindedAt: e.RemindedAt, RemovedAt: e.RemovedAt, Settled: e.Settled,
	}
	if name, ok := mdm.KnownModel(e.Model); ok {
		p.Model = name
	}
	if e.Phone != nil {
		p.Enrollment = e.Phone.ID
	}
	if e.Other != nil {
		p.Other, p.OtherModel = e.Other.ID, e.Other.Model
	}
	if e.Attempt != nil {
		p.Attempt = e.Attempt.Ref
	}
	return p
}

// MoveTermsIn is what the letters say.
type MoveTermsIn struct {
	Body struct {
		Profile  string    `json:"profile_name" maxLength:"250" doc:"what the old profile is called on a phone" example:"MDM Profile"`
		Deadline time.Time `json:"deadline,omitzero" doc:"until when people are asked to move"`
	}
}

// SetMoveTerms says what the letters are to say.
func (a *API) SetMoveTerms(ctx context.Context, in *MoveTermsIn) (*Done, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	return &Done{}, r.Mover.SetTerms(ctx, move.Terms{OldProfile: in.Body.Profile, Deadline: in.Body.Deadline})
}

// MatchMoveIn says whose phones records are.
type MatchMoveIn struct {
	Body struct {
		IDs    []string `json:"ids,omitempty" maxItems:"5000" doc:"absent: look again for the people of all records that are of nobody yet"`
		Person string   `json:"person,omitempty" maxLength:"320" doc:"whose they are; absent: nobody's that we know"`
		Accept bool     `json:"accept,omitempty" doc:"they are whose they may be"`
	}
}

// MatchMove says whose phones records are, or looks again.
func (a *API) MatchMove(ctx context.Context, in *MatchMoveIn) (*Changed, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	switch {
	case len(in.Body.IDs) == 0 && (in.Body.Person != "" || in.Body.Accept):
		return nil, fieldError("ids", "required", errors.New("say which records"))
	case len(in.Body.IDs) == 0:
		n, err := r.Mover.Look(ctx)
		return &Changed{Count: n}, err
	case in.Body.Accept:
		err = r.Mover.Accept(ctx, in.Body.IDs...)
	default:
		err = r.Mover.Match(ctx, in.Body.Person, in.Body.IDs...)
	}
	return &Changed{Count: len(in.Body.IDs)}, err
}

// WriteMoveIn is which letters to write.
type WriteMoveIn struct {
	Body struct {
		IDs      []string `json:"ids" minItems:"1" maxItems:"5000" doc:"the records whose people are to move; those that have moved meanwhile are passed over"`
		Reminder bool     `json:"reminder,omitempty" doc:"for people who were invited before"`
		Add      bool     `json:"add_people,omitempty" doc:"make local accounts for those who have none"`
		Language string   `json:"language,omitempty" maxLength:"35" doc:"BCP 47, of all letters; absent: each person's, as far as it is known, else the organization's"`
		DryRun   bool     `json:"dry_run,omitempty" doc:"write the letters without codes, and note nothing"`
	}
}

// MoveLetters are letters to send.
type MoveLetters struct {
	Letters []MoveLetter `json:"letters"`
	Missing int          `json:"missing" doc:"how many of the people have no account; they are not noted as invited"`
	CSV     []byte       `json:"csv" doc:"the letters as a table for a mail merge, base64"`
}

// MoveLetter is what one person is to read, about all their phones.
type MoveLetter struct {
	IDs      []string `json:"ids"`
	Person   string   `json:"person"`
	Name     string   `json:"name"`
	To       string   `json:"to" doc:"their address; empty: none is known"`
	Language string   `json:"language"`
	Subject  string   `json:"subject"`
	Body     string   `json:"body"`
	Code     string   `json:"code" doc:"the enrollment code in the body, for whoever signs in with one; in clear this one time"`
	Missing  bool     `json:"missing" doc:"the person has no account"`
}

// WriteMove writes letters to people who are to move, and notes that they were written. It sends nothing.
func (a *API) WriteMove(ctx context.Context, in *WriteMoveIn) (*MoveLetters, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	letters, err := r.Mover.Invite(ctx, move.Letters{
		IDs: in.Body.IDs, Reminder: in.Body.Reminder, Add: in.Body.Add, Language: in.Body.Language, Trial: in.Body.DryRun,
	})
	if err != nil {
		return nil, err
	}
	view := &MoveLetters{Letters: make([]MoveLetter, 0, len(letters)), CSV: []byte{}}
	for _, l := range letters {
		if l.Missing {
			view.Missing++
		}
		one := MoveLetter{IDs: l.Records, Person: l.Person, Name: l.Name, To: l.To, Language: l.Language, Subject: l.Subject, Body: l.Body, Missing: l.Missing}
		if l.Code != "" {
			one.Code = l.Code.Reveal()
		}
		view.Letters = append(view.Letters, one)
	}
	if !in.Body.DryRun {
		view.CSV, err = mailMerge(view.Letters)
	}
	return view, err
}

// mailMerge is letters as the table that mail programs make letters from.
func mailMerge(letters []MoveLetter) ([]byte, error) {
	table := export.Table{
		Name: "letters", Row: "letter",
		Columns: []export.Column{{Name: "address"}, {Name: "name"}, {Name: "subject"}, {Name: "body"}, {Name: "code"}},
		Rows: func(yield func([]any, error) bool) {
			for _, l := range letters {
				if !l.Missing && !yield([]any{cmp.Or(l.To, l.Person), l.Name, l.Subject, l.Body, l.Code}, nil) {
					return
				}
			}
		},
	}
	var b bytes.Buffer
	err := export.Write(&b, export.CSV, table, export.Options{BOM: true})
	return b.Bytes(), err
}

// SettleMoveIn says of records what no evidence says.
type SettleMoveIn struct {
	Body struct {
		IDs        []string `json:"ids" minItems:"1" maxItems:"5000"`
		As         string   `json:"as,omitempty" enum:",moved,left_out" doc:"moved; left_out, which are not counted; absent: what was said is taken back"`
		Enrollment string   `json:"enrollment,omitempty" maxLength:"100" doc:"which phone of the person it is, with moved and one record"`
	}
}

// SettleMove says of records that they have moved, or will not.
func (a *API) SettleMove(ctx context.Context, in *SettleMoveIn) (*Changed, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	if in.Body.Enrollment != "" && (len(in.Body.IDs) != 1 || in.Body.As != move.SettledMoved) {
		return nil, fieldError("enrollment", "not_choice", errors.New("a phone is one record's, which has moved"))
	}
	return &Changed{Count: len(in.Body.IDs)}, r.Mover.Settle(ctx, in.Body.As, in.Body.Enrollment, in.Body.IDs...)
}

// RemoveMovedIn is which records of those that have moved to remove.
type RemoveMovedIn struct {
	Body struct {
		IDs    []string `json:"ids,omitempty" maxItems:"5000" doc:"absent: all that have moved"`
		DryRun bool     `json:"dry_run,omitempty"`
	}
}

// MoveRemoval is what the last step has done, or would do.
type MoveRemoval struct {
	ID        string `json:"id" doc:"by which it is undone"`
	Count     int    `json:"count"`
	Archived  int    `json:"archived" doc:"former enrollments of the same phones that were archived here"`
	Elsewhere int    `json:"elsewhere" doc:"records that the newest list of the old management still has, to be deleted there"`
	DryRun    bool   `json:"dry_run"`
}

// RemoveMoved takes the previous records of phones that have moved from the list.
func (a *API) RemoveMoved(ctx context.Context, in *RemoveMovedIn) (*MoveRemoval, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	out, err := r.Mover.Remove(ctx, in.Body.DryRun, in.Body.IDs...)
	return &MoveRemoval{ID: out.Batch, Count: out.Count, Archived: out.Archived, Elsewhere: out.Elsewhere, DryRun: in.Body.DryRun}, err
}

// UndoRemoval brings back what was removed together.
func (a *API) UndoRemoval(ctx context.Context, in *BatchIn) (*Changed, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	n, err := r.Mover.Restore(ctx, in.ID)
	return &Changed{Count: n}, err
}

// CloseMove ends the move and erases its records.
func (a *API) CloseMove(ctx context.Context, _ *None) (*Changed, error) {
	r, err := a.rooms()
	if err != nil {
		return nil, err
	}
	n, err := r.Mover.Close(ctx)
	return &Changed{Count: n}, err
}

// ExportMoveIn asks for the records of the old list as a file.
type ExportMoveIn struct {
	Body struct {
		Format   string   `json:"format" enum:"csv,tsv,xlsx,json,xml,html,table"`
		States   []string `json:"states,omitempty" maxItems:"10" doc:"only phones in these states; absent: all"`
		Local    bool     `json:"local,omitempty" doc:"for a person who opens it in a spreadsheet: separator and dates as the language has them, a byte order mark"`
		Language string   `json:"language,omitempty" maxLength:"35" doc:"BCP 47, for local"`
	}
}

// ExportMove writes records of the old list as a file: with moved and removed, what is to be deleted in the old management.
func (a *API) ExportMove(ctx context.Context, in *ExportMoveIn) (*attachment, error) {
	view, err := a.Move(ctx, nil)
	if err != nil {
		return nil, err
	}
	format, err := export.Parse(in.Body.Format)
	if err != nil {
		return nil, fieldError("format", "not_choice", err)
	}
	options := export.Options{}
	if in.Body.Local {
		options = export.For(in.Body.Language, time.UTC)
	}
	rows := 0
	table := export.Table{
		Name: "phones", Row: "phone",
		Columns: []export.Column{
			{Name: "source", Title: "Source"},
			{Name: "number", Title: "Number"},
			{Name: "name", Title: "Name"},
			{Name: "model", Title: "Model"},
			{Name: "person", Title: "Person"},
			{Name: "state", Title: "State"},
			{Name: "reason", Title: "Reason"},
			{Name: "seen_at", Title: "Seen there"},
		},
		Rows: func(yield func([]any, error) bool) {
			for _, p := range view.Phones {
				if len(in.Body.States) > 0 && !slices.Contains(in.Body.States, p.State) {
					continue
				}
				rows++
				if !yield([]any{p.Source, p.Number, p.Name, p.Model, p.Person, p.State, p.Reason, p.SeenAt}, nil) {
					return
				}
			}
		},
	}
	name := "move-" + a.DB.Now().Format(time.DateOnly) + "." + strings.ToLower(in.Body.Format)
	f, err := spool(name, kinds[format], func(w io.Writer) error { return export.Write(w, format, table, options) })
	if err != nil {
		return nil, err
	}
	err = a.DB.Update(ctx, func(tx *db.Tx) error {
		return a.Config.Events.Add(tx, event.Event{Kind: Exported, Params: map[string]string{"format": in.Body.Format, "count": strconv.Itoa(rows)}})
	})
	if err != nil {
		return nil, errors.Join(err, f.content.Close())
	}
	return f, nil
}
