package move

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
)

// MaxList is how many lines a list may have.
const MaxList = 5000

// Line is a phone as a line of the old list has it: words, as they stand there.
type Line struct {
	Line                    int
	Number, Name, Model, OS string
	Email, Account, Full    string
	Ownership, Method       string // whose it is, and how it was enrolled
	Managed                 string
	Seen                    string
	seen                    time.Time
	kind                    Kind
	unmanaged               bool
}

// List is a list to import.
type List struct {
	Source string
	Lines  []Line
	// Trial says what would happen, by the same statements, and keeps nothing.
	Trial bool
	// Skip leaves out the lines with something wrong; without it they keep the whole list out.
	Skip bool
}

// Problem says what is wrong with a line.
type Problem struct {
	Line  int
	Field string
	Code  string
}

// Outcome is what came of a list.
type Outcome struct {
	Applied bool
	New     int // phones that were not there before
	Updated int
	Gone    int // phones that this list has no more
	Company int // lines about the organization's own phones, which are left out
	Undated int // lines whose time could not be read; they are taken without one
	Sure    int // records whose person is known
	Unsure  int // those where somebody has to say whether it is the person that it may be
	Nobody  int // those of nobody that we know
	Profile int // those with a profile of the old kind
	Wrong   []Problem
}

var errTrial = errors.New("move: not meant to stay")

// Import takes a list, all of it or nothing. A list of the same source replaces the one before: what it does not have any
// more is gone from the old management.
func (a *Assistant) Import(ctx context.Context, l List) (Outcome, error) {
	l.Source = strings.TrimSpace(l.Source)
	var out Outcome
	lines := read(l.Lines, &out)
	if !fits(l.Source) {
		out.Wrong = append(out.Wrong, Problem{0, "source", "too_long"})
	}
	err := a.DB.Update(ctx, func(tx *db.Tx) error {
		now := out
		err := a.take(tx, l.Source, lines, &now)
		if err != nil {
			return err
		}
		now.Applied = !l.Trial && (len(now.Wrong) == 0 || l.Skip)
		out = now
		if !now.Applied {
			return errTrial
		}
		return a.Events.Add(tx, event.Event{Kind: Imported, Params: map[string]string{
			"new": strconv.Itoa(now.New), "updated": strconv.Itoa(now.Updated), "gone": strconv.Itoa(now.Gone),
		}})
	})
	if err != nil && !errors.Is(err, errTrial) {
		return Outcome{}, fmt.Errorf("import the list of the old management: %w", err)
	}
	return out, nil
}

// read understands the lines, and says which it does not.
func read(lines []Line, out *Outcome) []Line {
	good := make([]Line, 0, len(lines))
	numbers := map[string]bool{}
	dayFirst := daysFirst(lines)
	for _, l := range lines {
		if l.kind = kindOf(l.Ownership, l.Method); l.kind == ByCompany {
			out.Company++
			continue
		}
		if field, code := wrong(l, numbers); code != "" {
			out.Wrong = append(out.Wrong, Problem{l.Line, field, code})
			continue
		}
		numbers[l.Number] = l.Number != ""
		l.unmanaged = says(l.Managed, "no", "false", "0", "unmanaged", "not managed", "nein", "nicht verwaltet")
		var ok bool
		if l.seen, ok = readTime(l.Seen, dayFirst); !ok {
			out.Undated++
		}
		good = append(good, l)
	}
	return good
}

// wrong is what is wrong with a line.
func wrong(l Line, numbers map[string]bool) (field, code string) {
	for _, c := range []struct{ field, words string }{
		{"number", l.Number},
		{"name", l.Name},
		{"model", l.Model},
		{"os", l.OS},
		{"email", l.Email},
		{"account", l.Account},
		{"full_name", l.Full},
	} {
		if !fits(c.words) {
			return c.field, "too_long"
		}
	}
	switch {
	case l.Name == "" && l.Email == "" && l.Account == "" && l.Full == "":
		return "name", "required"
	case numbers[l.Number]:
		return "number", "twice"
	}
	return "", ""
}

// kindOf reads how a phone was managed, in the words of Jamf Pro and of people: "Personal (Personal Device Profile)".
func kindOf(ownership, method string) Kind {
	both := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, db.Fold(ownership+" "+method))
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(both, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("personaldeviceprofile", "byodprofile"):
		return ByProfile
	case has("userenrollment", "benutzerregistrierung"):
		return ByUser
	case has("institutional", "corporate", "company", "prestage", "automated", "supervised", "configurator", "unternehmen", "firmen"):
		return ByCompany
	case has("personal", "byod", "privat"):
		return ByOther
	}
	return ""
}

func says(cell string, words ...string) bool {
	cell = db.Fold(cell)
	for _, w := range words {
		if cell == w {
			return true
		}
	}
	return false
}

// layouts are how lists write times. Those with a slash come in two orders, which a whole list tells apart.
var layouts = []string{
	time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02 at 3:04 PM", "2006-01-02",
	"02.01.2006 15:04:05", "02.01.2006 15:04", "2.1.2006", "Jan 2, 2006 3:04:05 PM", "Jan 2, 2006", "2 Jan 2006",
}

var slashed = []string{" 3:04:05 PM", " 3:04 PM", " at 3:04 PM", " 15:04:05", " 15:04", ""}

// readTime reads a time; false: something stands there, and it is none that we know.
func readTime(s string, dayFirst bool) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if s == "" || says(s, "never", "n/a", "-", "0", "nie") {
		return time.Time{}, true
	}
	all := layouts
	for _, clock := range slashed {
		if dayFirst {
			all = append(all[:len(all):len(all)], "2/1/2006"+clock)
		} else {
			all = append(all[:len(all):len(all)], "1/2/2006"+clock)
		}
	}
	for _, layout := range all {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || math.IsNaN(n) || n < 20_000 || n > 1e13:
	case n < 100_000: // days, as spreadsheets count
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Add(time.Duration(n * float64(24*time.Hour))).Round(time.Second), true
	case n > 1e11:
		return time.UnixMilli(int64(n)).UTC(), true
	case n > 1e8:
		return time.Unix(int64(n), 0).UTC(), true
	}
	return time.Time{}, false
}

// daysFirst says whether a list writes 31/12 and not 12/31.
func daysFirst(lines []Line) bool {
	for _, l := range lines {
		first, _, ok := strings.Cut(strings.TrimSpace(l.Seen), "/")
		if n, err := strconv.Atoi(first); ok && err == nil && n > 12 && n <= 31 {
			return true
		}
	}
	return false
}

// take writes the lines over the records of their source.
func (a *Assistant) take(tx *db.Tx, source string, lines []Line, out *Outcome) error {
	_, err := tx.Exec(`
		INSERT INTO moves (id, old_profile, deadline, created_at) VALUES ($1, '', 0, $2)
		ON CONFLICT (id) DO NOTHING`, theOne, db.Millis(tx.Now))
	if err != nil {
		return err
	}
	known, err := records(tx)
	if err != nil {
		return err
	}
	people, err := a.people(tx)
	if err != nil {
		return err
	}
	before, listed := pair(known, source, lines), map[string]bool{}
	for i, l := range lines {
		r, there := before[i]
		if !there {
			r = Record{ID: db.NewID(), Source: source}
		}
		listed[r.ID] = true
		was := r.Person
		r.write(l, tx.Now)
		if r.Person == "" {
			people.match(&r)
		}
		if r.Person != was {
			r.InvitedAt, r.RemindedAt = time.Time{}, time.Time{}
		}
		if err := save(tx, r); err != nil {
			return err
		}
		out.count(r, there)
	}
	for _, r := range known {
		if r.Source != source || listed[r.ID] || !r.GoneAt.IsZero() {
			continue
		}
		r.GoneAt = tx.Now
		if err := save(tx, r); err != nil {
			return err
		}
		out.Gone++
	}
	return nil
}

// write takes over what a line says.
func (r *Record) write(l Line, now time.Time) {
	if r.How != Chosen && (r.Email != l.Email || r.Account != l.Account || r.Full != l.Full) {
		r.Person, r.How, r.Guess, r.Guessed, r.Sure = "", "", "", "", 0 // another person may have it now
	}
	r.Number, r.Name, r.Model, r.OS, r.Email, r.Account, r.Full = l.Number, l.Name, l.Model, l.OS, l.Email, l.Account, l.Full
	r.Kind, r.listedAt = l.kind, now
	if !l.seen.IsZero() {
		r.SeenAt = l.seen
	}
	switch {
	case !l.unmanaged:
		r.GoneAt = time.Time{}
	case r.GoneAt.IsZero():
		r.GoneAt = now
	}
}

func (o *Outcome) count(r Record, there bool) {
	if there {
		o.Updated++
	} else {
		o.New++
	}
	switch {
	case r.Person != "":
		o.Sure++
	case r.Guess != "":
		o.Unsure++
	default:
		o.Nobody++
	}
	if r.Kind == ByProfile {
		o.Profile++
	}
}

// pair finds the record that each line was before: by its number there; else by person, model and name, and then by what
// still agrees when somebody has given the phone another name or another person has it.
func pair(known []Record, source string, lines []Line) map[int]Record {
	found, taken := map[int]Record{}, map[string]bool{}
	keys := []func(number, who, model, name string) string{
		func(number, _, _, _ string) string { return number },
		func(_, who, model, name string) string { return who + "\n" + model + "\n" + name },
		func(_, who, model, _ string) string { return strings.TrimSpace(who + "\n" + model) },
	}
	for level, key := range keys {
		free := map[string][]Record{}
		for _, r := range known {
			k := key(r.Number, who(r.Email, r.Account, r.Full), db.Fold(r.Model), db.Fold(r.Name))
			if r.Source == source && !taken[r.ID] && k != "" {
				free[k] = append(free[k], r)
			}
		}
		for i, l := range lines {
			k := key(l.Number, who(l.Email, l.Account, l.Full), db.Fold(l.Model), db.Fold(l.Name))
			if _, ok := found[i]; ok || len(free[k]) == 0 {
				continue
			}
			r := free[k][0]
			if level > 0 && r.Number != "" && l.Number != "" {
				continue // both have a number, and not the same
			}
			found[i], free[k] = r, free[k][1:]
			taken[r.ID] = true
		}
	}
	return found
}

// who is a person as a list has them.
func who(email, account, full string) string {
	for _, s := range []string{email, account, full} {
		if s != "" {
			return db.Fold(s)
		}
	}
	return ""
}
