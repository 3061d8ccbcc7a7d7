package move

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/text"
)

// Letter is what one person is to read: about all their phones that have not moved.
type Letter struct {
	Records       []string
	Person, Name  string
	To            string // their address
	Language      string
	Subject, Body string
	// Code is the enrollment code in the body, where the person needs one. It prints as "[code]".
	Code directory.Code
	// Missing says that the person has no account, and got none.
	Missing bool
}

// Letters is which letters to write.
type Letters struct {
	IDs []string
	// Reminder asks people again who were invited.
	Reminder bool
	// Add makes local accounts for those who have none.
	Add bool
	// Language is that of all letters; empty: each person's, as far as it is known, else the organization's.
	Language string
	// Trial writes the letters with no code, makes nobody's account, and notes nothing.
	Trial bool
}

// Invite writes letters to the people of records that have not moved, and notes that they were written. Whoever signs in
// with a code gets a new one with the letter.
func (a *Assistant) Invite(ctx context.Context, l Letters) ([]Letter, error) {
	w, err := a.addressees(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("write to people who are to move: %w", err)
	}
	if !l.Trial {
		if err := a.equip(ctx, l, w); err != nil {
			return nil, fmt.Errorf("write to people who are to move: %w", err)
		}
	}
	letters := make([]Letter, 0, len(w.to))
	for _, one := range w.to {
		letters = append(letters, w.write(one))
	}
	if l.Trial {
		return letters, nil
	}
	if err := a.noteLetters(ctx, l.Reminder, letters); err != nil {
		return nil, fmt.Errorf("write to people who are to move: %w", err)
	}
	return letters, nil
}

// writer writes letters.
type writer struct {
	Letters
	now   settings.Settings
	terms Terms
	at    time.Time
	words *text.Catalog
	to    []addressee
}

// addressee is somebody to write to.
type addressee struct {
	someone
	known    bool
	records  []Entry
	language string
	code     directory.Code
	until    time.Time
}

// addressees are the people of the records, one for one letter.
func (a *Assistant) addressees(ctx context.Context, l Letters) (*writer, error) {
	w := &writer{Letters: l}
	err := a.DB.View(ctx, func(tx *db.Tx) error {
		w.to, w.at = nil, tx.Now
		board, err := a.board(tx)
		if err != nil {
			return err
		}
		w.terms = board.Terms
		switch {
		case !board.Begun:
			return ErrNone
		case w.terms.Deadline.IsZero():
			return ErrDeadline
		case w.terms.OldProfile == "":
			return ErrProfile
		}
		if w.now, err = a.Settings.In(tx); err != nil {
			return err
		}
		if w.words, err = a.Text.In(tx); err != nil {
			return err
		}
		known, err := a.people(tx)
		if err != nil {
			return err
		}
		at := map[string]int{}
		for _, id := range l.IDs {
			i := slices.IndexFunc(board.Entries, func(e Entry) bool { return e.ID == id })
			if i < 0 {
				return fmt.Errorf("%s: %w", id, ErrUnknown)
			}
			e := board.Entries[i]
			if e.Person == "" {
				return fmt.Errorf("%s: %w", id, ErrNobody)
			}
			if !slices.Contains([]string{StateToInvite, StateInvited, StateTrying}, e.Code) {
				continue // it has moved meanwhile
			}
			if n, ok := at[e.Person]; ok {
				w.to[n].records = append(w.to[n].records, e)
				continue
			}
			one, err := a.addressee(tx, known, e)
			if err != nil {
				return err
			}
			at[e.Person] = len(w.to)
			w.to = append(w.to, one)
		}
		return nil
	})
	return w, err
}

func (a *Assistant) addressee(tx *db.Tx, known *people, e Entry) (addressee, error) {
	one := addressee{someone: someone{identifier: e.Person, name: e.Full}, records: []Entry{e}, known: known.canSignIn(e.Person)}
	if s := known.all[e.Person]; s != nil {
		one.someone = *s
		one.name = cmp.Or(one.name, e.Full)
	}
	tried, err := a.Enroll.In(tx, enroll.AttemptQuery{Person: e.Person, Limit: 1})
	if err != nil {
		return one, err
	}
	if len(tried) > 0 {
		one.language = cmp.Or(tried[0].Chosen, tried[0].Language)
	}
	return one, nil
}

// equip makes the accounts that are missing, where that is meant, and a code for everybody who signs in with one.
func (a *Assistant) equip(ctx context.Context, l Letters, w *writer) error {
	var missing []directory.Listed
	for i, one := range w.to {
		if !one.known {
			missing = append(missing, directory.Listed{Line: i, NewPerson: directory.NewPerson{Identifier: one.identifier, Name: one.name}})
		}
	}
	until := w.at
	if l.Add && len(missing) > 0 {
		made, err := a.Directory.Import(ctx, missing, false)
		if err != nil {
			return err
		}
		if len(made.Wrong) > 0 {
			return fmt.Errorf("%s: %w", w.to[made.Wrong[0].Line].identifier, made.Wrong[0].Err)
		}
		for _, m := range made.Added {
			i := slices.IndexFunc(w.to, func(one addressee) bool { return one.identifier == m.Identifier })
			w.to[i].known, w.to[i].local, w.to[i].code, w.to[i].until = true, true, m.Code, until.Add(directory.CodeLife)
		}
	}
	for i, one := range w.to {
		if !one.local || one.password || one.code != "" {
			continue
		}
		code, err := a.Directory.NewCode(ctx, one.identifier)
		if errors.Is(err, directory.ErrUnknown) {
			continue // removed meanwhile
		}
		if err != nil {
			return err
		}
		w.to[i].code, w.to[i].until = code, until.Add(directory.CodeLife)
	}
	return nil
}

// write is one letter. Whoever has nothing to remove any more gets the ordinary invitation.
func (w *writer) write(to addressee) Letter {
	language := w.words.Match(w.now.Language, w.Language, to.language)
	o := w.now.Organization
	kind, gone, email := "", true, ""
	letter := Letter{Person: to.identifier, Name: to.name, Language: language.Tag(), Code: to.code, Missing: !to.known}
	for i, e := range to.records {
		letter.Records = append(letter.Records, e.ID)
		if f := family(e.Model); i == 0 {
			kind = f
		} else if kind != f {
			kind = ""
		}
		gone = gone && !e.GoneAt.IsZero()
		email = cmp.Or(email, e.Email)
	}
	vars := text.StandardVars(text.Standard{
		OrgName: o.Name, OrgShort: o.ShortName, SupportName: o.SupportName, SupportEmail: o.SupportEmail, SupportPhone: o.SupportPhone,
		SupportURL: o.SupportURL, SupportHours: o.SupportHours, DeviceKind: kind,
	})
	vars["user_first"], vars["user_identifier"] = first(to.name, to.identifier), to.identifier
	vars["old_profile"], vars["date_time"] = w.terms.OldProfile, w.words.Date(language, w.terms.Deadline)
	subject, body := text.Key("i.migrate_subject"), text.Key("i.migrate_body")
	switch {
	case w.Reminder:
		subject, body = "i.reminder_subject", "i.reminder_body"
	case gone:
		subject, body = "i.mail_subject", "i.mail_body"
	}
	letter.Subject, letter.Body = w.words.Text(language, subject, vars), w.words.Plain(language, body, vars)
	if to.code != "" {
		vars["code"], vars["date_time"] = to.code.Reveal(), w.words.Date(language, to.until)
		letter.Body += "\n\n" + w.words.Plain(language, "i.mail_code", vars)
	}
	letter.To = to.identifier
	if !strings.Contains(letter.To, "@") {
		letter.To = email
	}
	return letter
}

// first is what a person is called by friends, as far as a name tells.
func first(name, identifier string) string {
	if family, given, ok := strings.Cut(name, ","); ok && strings.TrimSpace(given) != "" {
		name = given + " " + family
	}
	if words := strings.Fields(name); len(words) > 0 {
		return words[0]
	}
	begin, _, _ := strings.Cut(identifier, "@")
	return begin
}

// noteLetters remembers who was written to. Whoever has no account was not: the letter would lead nowhere.
func (a *Assistant) noteLetters(ctx context.Context, reminder bool, letters []Letter) error {
	return a.DB.Update(ctx, func(tx *db.Tx) error {
		for _, l := range letters {
			if l.Missing {
				continue
			}
			kind := Invited
			for _, id := range l.Records {
				r, err := record(tx, id)
				if err != nil {
					return err
				}
				if reminder {
					kind, r.RemindedAt = Reminded, tx.Now
				}
				if !reminder || r.InvitedAt.IsZero() {
					r.InvitedAt = tx.Now
				}
				if err := save(tx, r); err != nil {
					return err
				}
			}
			if err := a.Events.Add(tx, event.Event{Kind: kind, Person: l.Person}); err != nil {
				return err
			}
		}
		return nil
	})
}
