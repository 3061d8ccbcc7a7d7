package move

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/mdm"
)

// Entry is a record with what is so.
type Entry struct {
	Record
	Evidence
	State
	PersonName string
	GuessName  string
}

// Board is how far the move is.
type Board struct {
	Begun   bool // there is a move
	Terms   Terms
	Entries []Entry
	States  map[string]int
	// Total is how many are to move, Moved how many of them have; OldProfile how many of the others have a profile of the
	// old kind, as far as the newest list knows.
	Total, Moved, OldProfile int
	Sources                  []string
}

// Done says that there is nobody left to move.
func (b Board) Done() bool { return b.Total > 0 && b.Moved == b.Total }

// Board says how far the move is, and where each record is.
func (a *Assistant) Board(ctx context.Context) (b Board, err error) {
	err = a.DB.View(ctx, func(tx *db.Tx) error {
		b, err = a.board(tx)
		return err
	})
	if err != nil {
		return Board{}, fmt.Errorf("look how far the move is: %w", err)
	}
	return b, nil
}

func (a *Assistant) board(tx *db.Tx) (b Board, err error) {
	b.States = map[string]int{}
	if b.Terms, b.Begun, err = terms(tx); err != nil || !b.Begun {
		return b, err
	}
	all, err := records(tx)
	if err != nil {
		return b, err
	}
	known, err := a.people(tx)
	if err != nil {
		return b, err
	}
	attempts, err := a.attempts(tx)
	if err != nil {
		return b, err
	}
	evidence := map[string]*Evidence{}
	for person, theirs := range byPerson(all) {
		phones, err := mdm.Phones(tx, person)
		if err != nil {
			return b, err
		}
		assign(theirs, phones, attempts[person], evidence)
	}
	for _, r := range all {
		e := Entry{Record: r, PersonName: known.nameOf(r.Person), GuessName: known.nameOf(r.Guess)}
		if found := evidence[r.ID]; found != nil {
			e.Evidence = *found
		}
		e.SignsIn = known.canSignIn(r.Person)
		e.Deadline = b.Terms.Deadline
		e.State = Describe(r, e.Evidence, tx.Now)
		b.add(e)
	}
	slices.Sort(b.Sources)
	b.Sources = slices.Compact(b.Sources)
	return b, nil
}

func (b *Board) add(e Entry) {
	b.Entries = append(b.Entries, e)
	if e.Source != "" {
		b.Sources = append(b.Sources, e.Source)
	}
	b.States[e.Code]++
	switch e.Code {
	case StateLeftOut:
		return
	case StateMoved, StateRemoved:
		b.Moved++
	default:
		if e.Kind == ByProfile && e.GoneAt.IsZero() {
			b.OldProfile++
		}
	}
	b.Total++
}

func (p *people) nameOf(person string) string {
	if s := p.all[person]; s != nil {
		return s.name
	}
	return ""
}

// canSignIn says whether a person has an account, as far as we can know: with a directory, only it knows.
func (p *people) canSignIn(person string) bool {
	s := p.all[person]
	return p.directory || s != nil && (s.local || s.phones > 0)
}

// patience is how long an attempt counts that does not go on.
const patience = 14 * 24 * time.Hour

// attempts are those that have not come to their end, the newest first, by person. A phone that signs in again is here
// already.
func (a *Assistant) attempts(tx *db.Tx) (map[string][]enroll.Attempt, error) {
	open, err := a.Enroll.In(tx, enroll.AttemptQuery{Open: true, Since: tx.Now.Add(-patience), Limit: 10_000})
	if err != nil {
		return nil, err
	}
	all := map[string][]enroll.Attempt{}
	for _, one := range open {
		if one.Person != "" && !one.Again() {
			all[one.Person] = append(all[one.Person], one)
		}
	}
	return all, nil
}

func byPerson(all []Record) map[string][]Record {
	theirs := map[string][]Record{}
	for _, r := range all {
		if r.Person != "" {
			theirs[r.Person] = append(theirs[r.Person], r)
		}
	}
	return theirs
}

// assign finds which phone of a person each of their records is, one for one: what somebody said first, then what is most
// alike. Of two that are equally alike the one has moved that the old management heard of longest ago.
func assign(theirs []Record, phones []mdm.Phone, attempts []enroll.Attempt, evidence map[string]*Evidence) {
	slices.SortStableFunc(theirs, func(x, y Record) int {
		return cmp.Or(-before(x.GoneAt, y.GoneAt), x.SeenAt.Compare(y.SeenAt), strings.Compare(x.ID, y.ID))
	})
	taken := map[string]bool{}
	give := func(r Record, p *mdm.Phone) {
		evidence[r.ID].Phone = p
		taken[p.ID] = true
	}
	for _, r := range theirs {
		evidence[r.ID] = &Evidence{}
		for i := range phones {
			if r.Enrollment != "" && phones[i].ID == r.Enrollment {
				give(r, &phones[i])
			}
		}
	}
	for level := most; level > 0; level-- {
		for _, r := range theirs {
			for i := range phones {
				if evidence[r.ID].Phone == nil && open(r) && !taken[phones[i].ID] && phones[i].Stage == mdm.StageEnrolled && likeness(r, phones[i]) == level {
					give(r, &phones[i])
				}
			}
		}
	}
	for _, r := range theirs {
		if e := evidence[r.ID]; e.Phone == nil && open(r) {
			e.Other, e.Left = others(r, phones, taken)
			attempts = e.try(r, attempts)
		}
	}
}

// open says that evidence is asked about a record.
func open(r Record) bool { return r.Settled == "" && r.RemovedAt.IsZero() }

// before orders those that are gone behind those that are not.
func before(x, y time.Time) int {
	switch {
	case x.IsZero() == y.IsZero():
		return 0
	case x.IsZero():
		return -1
	}
	return 1
}

// others are a phone of the same kind that no record stands for, and whether one like the record's was here and left.
func others(r Record, phones []mdm.Phone, taken map[string]bool) (other *mdm.Phone, left bool) {
	for i, p := range phones {
		switch {
		case taken[p.ID] || heardLater(r, p):
		case p.Stage == mdm.StageRemoved && likeness(r, p) > 0:
			left = true
		case p.Stage == mdm.StageEnrolled && family(p.ProductName) == family(r.Model):
			other = &phones[i]
		}
	}
	return other, left
}

// try gives a record an attempt that can be about it, and gives back the rest.
func (e *Evidence) try(r Record, attempts []enroll.Attempt) []enroll.Attempt {
	for i, one := range attempts {
		same, certain := mdm.SameModel(one.Product, r.Model)
		if one.Product != "" && r.Model != "" && !same && (certain || family(one.Product) != family(r.Model)) {
			continue
		}
		e.Attempt = &attempts[i]
		return append(attempts[:i:i], attempts[i+1:]...)
	}
	return attempts
}

// most is the highest likeness.
const most = 4

// likeness says how well a phone fits a record of its person: 0 is not at all.
func likeness(r Record, p mdm.Phone) int {
	if heardLater(r, p) {
		return 0
	}
	level := 0
	same, certain := mdm.SameModel(p.ProductName, r.Model)
	switch {
	case same:
		level = 3
	case r.Model == "", !certain && family(r.Model) == family(p.ProductName):
		level = 1
	default:
		return 0
	}
	if name := db.Fold(r.Name); name != "" && name == db.Fold(p.Name) {
		level++
	}
	return level
}

// heardLater says that the old management heard of its phone after this one was enrolled here: two different phones. A
// list may be of another time zone.
func heardLater(r Record, p mdm.Phone) bool {
	return r.SeenAt.After(p.EnrolledAt.Add(24 * time.Hour))
}

// family is what kind of device a model is.
func family(model string) string {
	m := strings.ToLower(model)
	for _, f := range []struct{ word, family string }{{"iphone", "iPhone"}, {"ipad", "iPad"}, {"reality", "Apple Vision"}, {"vision", "Apple Vision"}} {
		if strings.Contains(m, f.word) {
			return f.family
		}
	}
	return ""
}
