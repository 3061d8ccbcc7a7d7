package mdm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
)

// Duplicate is a suggestion that two enrollments are one phone: User Enrollment has no number for the hardware, so
// whoever enrolls again appears twice.
type Duplicate struct {
	ID, Former string
	// Confidence is between 0 and 1, and never 1: only people know.
	Confidence float64
	// Reasons are codes of what speaks for it and against it, the weightiest first.
	Reasons []string
}

// Likely is the confidence from which a suggestion is worth somebody's time: of a hundred, at least ninety-five are right.
const Likely = 0.75

// What speaks for two enrollments being one phone, and against it. The numbers add up to the confidence; a labelled set
// of phones in the tests holds what they promise.
const (
	samePersonAndModel = 0.35 // without which nothing is compared

	leftJustBefore = "left_just_before" // it said goodbye within two days
	leftBefore     = "left_before"      // within two weeks
	silentSince    = "silent_since"     // no goodbye; not heard since the day before
	sameName       = "same_name"        // its owner calls both the same, and not just "iPhone"
	sameHardware   = "same_hardware"    // model number and capacity agree
	sameSystem     = "same_system"      // and it was not long ago
	longAgo        = "long_ago"         // more than a month lies between
	veryLongAgo    = "very_long_ago"    // more than half a year
	otherName      = "other_name"
	severalPhones  = "several_phones" // the person had another phone of that model in use when this one came
)

var weights = map[string]float64{
	leftJustBefore: 0.35, leftBefore: 0.25, silentSince: 0.05, sameName: 0.25, sameHardware: 0.15, sameSystem: 0.1,
	longAgo: -0.15, veryLongAgo: -0.3, otherName: -0.35, severalPhones: -0.25,
}

const (
	// overlap is how long an enrollment may still be heard after the next one began: a message that was under way.
	overlap = 10 * time.Minute
	day     = 24 * time.Hour
)

// life is what can be compared of one enrollment.
type life struct {
	id, person, product, name, number, os, former, same string
	stage                                               Stage
	capacity                                            int64 // -1: not told
	began, seen, ended                                  int64
	endedBy                                             string
}

// Duplicates suggests which enrollments are one phone, the surest first. Pairs that somebody has decided are left out, and
// so are records that were put away.
func (s *Server) Duplicates(ctx context.Context, least float64) ([]Duplicate, error) {
	var list []Duplicate
	err := s.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		return eachPerson(tx, func(lives []life) { list = append(list, suggest(lives, least)...) })
	})
	if err != nil {
		return nil, fmt.Errorf("look for duplicates: %w", err)
	}
	slices.SortFunc(list, func(a, b Duplicate) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

// eachPerson gives the enrollments of everybody who has more than one, in the order in which they began.
func eachPerson(tx *db.Tx, do func([]life)) error {
	rows, err := tx.Rows(`
		SELECT e.id, e.person, e.stage, e.authenticated_at, e.last_seen_at, e.ended_at, e.ended_by, e.capacity,
			d.product_name, d.name, d.model_number, d.os_version, d.former, d.same
		FROM enrollments e JOIN devices d ON d.enrollment = e.id
		WHERE e.person IN (SELECT person FROM enrollments GROUP BY person HAVING COUNT(*) > 1)
		ORDER BY e.person, e.authenticated_at, e.n`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var lives []life
	for rows.Next() {
		var l life
		err := rows.Scan(&l.id, &l.person, &l.stage, &l.began, &l.seen, &l.ended, &l.endedBy, &l.capacity,
			&l.product, &l.name, &l.number, &l.os, &l.former, &l.same)
		if err != nil {
			return err
		}
		if len(lives) > 0 && lives[0].person != l.person {
			do(lives)
			lives = lives[:0]
		}
		lives = append(lives, l)
	}
	do(lives)
	return rows.Err()
}

// suggest compares the enrollments of one person. Each continues at most one, and is continued by at most one.
func suggest(lives []life, least float64) []Duplicate {
	taken := map[string]bool{}
	for _, l := range lives {
		if l.same == SameYes {
			taken[l.former] = true
		}
	}
	var list []Duplicate
	for i, next := range lives {
		if next.same == SameYes || next.same == SameNo || next.stage == StageArchived {
			continue
		}
		for _, former := range lives[:i] {
			if d, ok := compare(next, former, lives); ok && d.Confidence >= least && !taken[former.id] {
				list = append(list, d)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Duplicate) int { return cmp.Compare(b.Confidence, a.Confidence) })
	continues := map[string]bool{}
	return slices.DeleteFunc(list, func(d Duplicate) bool {
		if continues[d.ID] || taken[d.Former] {
			return true
		}
		continues[d.ID], taken[d.Former] = true, true
		return false
	})
}

// compare weighs whether an enrollment is the phone of a former one. It says false where it cannot be.
func compare(next, former life, all []life) (Duplicate, bool) {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	switch {
	case next.product == "" || next.product != former.product,
		former.seen > next.began+overlap.Milliseconds(), // both were in use
		differ(next.number, former.number),
		next.capacity >= 0 && former.capacity >= 0 && next.capacity != former.capacity,
		next.os != "" && former.os != "" && sortVersion(next.os) < sortVersion(former.os): // no phone goes back
		return Duplicate{}, false
	}
	reasons := []string{}
	say := func(code string, so bool) {
		if so {
			reasons = append(reasons, code)
		}
	}
	left := former.stage == StageRemoved && former.endedBy == EndedByCheckOut && former.ended <= next.began+overlap.Milliseconds()
	gap := time.Duration(next.began-former.seen) * time.Millisecond
	say(leftJustBefore, left && gap <= 2*day)
	say(leftBefore, left && gap > 2*day && gap <= 14*day)
	say(silentSince, !left && gap <= day)
	say(longAgo, gap > 30*day && gap <= 180*day)
	say(veryLongAgo, gap > 180*day)
	name := db.Fold(next.name)
	say(sameName, name != "" && name == db.Fold(former.name) && !generic(name))
	say(otherName, name != "" && former.name != "" && name != db.Fold(former.name))
	say(sameHardware, next.number != "" && next.number == former.number && next.capacity >= 0 && next.capacity == former.capacity)
	say(sameSystem, next.os != "" && next.os == former.os && gap <= 30*day)
	say(severalPhones, slices.ContainsFunc(all, func(l life) bool {
		return l.id != next.id && l.id != former.id && l.product == next.product && l.began < next.began && l.seen > next.began+overlap.Milliseconds()
	}))
	confidence := samePersonAndModel
	for _, code := range reasons {
		confidence += weights[code]
	}
	slices.SortStableFunc(reasons, func(a, b string) int {
		return cmp.Compare(max(weights[b], -weights[b]), max(weights[a], -weights[a]))
	})
	return Duplicate{ID: next.id, Former: former.id, Confidence: min(max(confidence, 0), 0.99), Reasons: reasons}, true
}

// generic says whether a folded name is what Apple calls every new phone.
func generic(name string) bool {
	return slices.Contains([]string{"iphone", "ipad", "ipod touch", "apple vision pro"}, strings.TrimRight(name, " ()0123456789"))
}
