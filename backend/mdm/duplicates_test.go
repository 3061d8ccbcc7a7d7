package mdm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// hardware is a phone as its maker knows it, and as we never do.
type hardware struct {
	serial          int
	product, number string
	capacity        int64
}

// town makes enrollments of which it knows the hardware.
type town struct {
	dice     *rand.Rand
	serials  int
	lives    []life
	hardware map[string]int // by enrollment
}

var systems = []string{"18.4", "18.5", "18.6", "26.0", "26.0.1", "26.1"}

func (w *town) chance(percent int) bool { return w.dice.IntN(100) < percent }

func (w *town) buy(product string) hardware {
	w.serials++
	capacity := []int64{128, 256, 512}[w.dice.IntN(3)] << 30
	colour := w.dice.IntN(5)
	return hardware{w.serials, product, fmt.Sprintf("MY%d%d3ZD/A", colour, capacity>>36), capacity}
}

// enroll begins a life of a phone at a time and ends it at another, with a goodbye or without.
func (w *town) enroll(person, name, system string, h hardware, began, seen time.Duration, goodbye bool) *life {
	l := life{
		id: fmt.Sprintf("E%06d", len(w.lives)), person: person, product: h.product, name: name, number: h.number, os: system,
		capacity: h.capacity, stage: StageEnrolled, began: began.Milliseconds(), seen: seen.Milliseconds(),
	}
	if goodbye {
		l.stage, l.endedBy, l.ended = StageRemoved, EndedByCheckOut, seen.Milliseconds()
	}
	if w.chance(10) { // left before it answered the first questions
		l.name, l.number, l.capacity = "", "", -1
	}
	w.lives = append(w.lives, l)
	w.hardware[l.id] = h.serial
	return &w.lives[len(w.lives)-1]
}

func (w *town) hours(most int) time.Duration {
	return time.Duration(w.dice.IntN(most*60)+1) * time.Minute
}

// people lets one person do what people do.
func (w *town) people(i int) {
	person, first := fmt.Sprintf("p%d@example.org", i), fmt.Sprintf("Person%d", i)
	product := []string{"iPhone16,1", "iPhone17,2", "iPhone17,3", "iPad14,3"}[w.dice.IntN(4)]
	name := first + "'s iPhone"
	if w.chance(15) {
		name = "iPhone"
	}
	at := w.dice.IntN(len(systems) - 1)
	begin := w.hours(24 * 100)
	end := begin + w.hours(24*200)
	phone := w.buy(product)
	const ever = 400 * 24 * time.Hour
	switch story := w.dice.IntN(100); {
	case story < 30: // removes the work account and signs in again
		w.enroll(person, name, systems[at], phone, begin, end, true)
		gap := w.hours(36)
		if w.chance(20) {
			gap = w.hours(24 * 12)
		}
		if w.chance(10) {
			name = first + "s neues Telefon"
		}
		next := at
		if w.chance(15) {
			next++
		}
		w.enroll(person, name, systems[next], phone, end+gap, ever, false)
	case story < 42: // erases the phone, or restores it, without a goodbye
		w.enroll(person, name, systems[at], phone, begin, end, false)
		w.enroll(person, name, systems[at+w.dice.IntN(2)], phone, end+w.hours(20), ever, false)
	case story < 46: // again and again
		for range 3 {
			w.enroll(person, name, systems[at], phone, begin, end, true)
			begin = end + w.hours(10)
			end = begin + w.hours(24*30)
		}
	case story < 58: // gets a new phone of the same model; often it is restored from the old one, name and all
		goodbye := w.chance(40)
		overlap := -w.hours(48)
		if w.chance(50) {
			overlap = w.hours(72)
		}
		w.enroll(person, name, systems[at], phone, begin, end, goodbye && overlap > 0)
		if w.chance(30) {
			name = "iPhone"
		}
		w.enroll(person, name, systems[w.dice.IntN(len(systems))], w.buy(product), end+overlap, ever, false)
	case story < 70: // a family with phones of the same model, on one account
		for m := range 2 + w.dice.IntN(2) {
			w.enroll(person, []string{"Mama", "Papa", "iPhone"}[m], systems[w.dice.IntN(len(systems))], w.buy(product), begin+w.hours(500), ever, false)
		}
	case story < 80: // hands the phone to somebody else, who signs in with an account of their own
		w.enroll(person, name, systems[at], phone, begin, end, true)
		w.enroll("heir of "+person, "Heir", systems[at], phone, end+w.hours(30), ever, false)
		w.enroll(person, name, systems[at], w.buy(product), end+w.hours(24*20)+48*time.Hour, ever, false)
	case story < 85: // comes back after a long time, with whatever phone
		w.enroll(person, name, systems[at], phone, begin, end, w.chance(60))
		if w.chance(50) {
			phone = w.buy(product)
		}
		w.enroll(person, name, systems[len(systems)-1], phone, end+200*24*time.Hour, ever, false)
	default: // a phone and a tablet
		w.enroll(person, name, systems[at], phone, begin, end, w.chance(50))
		w.enroll(person, first+"'s iPad", systems[at], w.buy("iPad16,5"), begin+w.hours(300), ever, false)
	}
}

// The suggestions are right nineteen times of twenty; what cannot be told is not suggested.
func TestDuplicatesAreRight(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	w := &town{dice: rand.New(rand.NewPCG(seed, 7)), hardware: map[string]int{}} //nolint:gosec // chance with a seed
	for i := range 4000 {
		w.people(i)
	}
	byPerson := map[string][]life{}
	for _, l := range w.lives {
		byPerson[l.person] = append(byPerson[l.person], l)
	}
	var right, wrong, all int
	for _, lives := range byPerson {
		// the order in which they began, as the statement gives it
		for i := range lives {
			for k := i; k > 0 && lives[k].began < lives[k-1].began; k-- {
				lives[k], lives[k-1] = lives[k-1], lives[k]
			}
		}
		seen := map[int]bool{}
		for _, l := range lives {
			if seen[w.hardware[l.id]] {
				all++
			}
			seen[w.hardware[l.id]] = true
		}
		for _, d := range suggest(lives, Likely) {
			if w.hardware[d.ID] == w.hardware[d.Former] {
				right++
			} else {
				wrong++
			}
		}
	}
	precision, recall := float64(right)/float64(right+wrong), float64(right)/float64(all)
	t.Logf("seed %d: %d right, %d wrong of %d: precision %.3f, recall %.3f", seed, right, wrong, all, precision, recall)
	if precision < 0.95 {
		t.Errorf("seed %d: precision %.3f, want 0.95 at least", seed, precision)
	}
	if recall < 0.7 {
		t.Errorf("seed %d: recall %.3f, want 0.7 at least", seed, recall)
	}
}

func TestWhatSpeaksForADuplicate(t *testing.T) {
	t.Parallel()
	hour := time.Hour.Milliseconds()
	former := life{
		id: "1", person: "anna", product: "iPhone17,2", name: "Anna's iPhone", number: "MYX", os: "26.1", capacity: 256,
		stage: StageRemoved, endedBy: EndedByCheckOut, began: hour, seen: 100 * hour, ended: 100 * hour,
	}
	next := former
	next.id, next.stage, next.endedBy, next.ended, next.began, next.seen = "2", StageEnrolled, "", 0, 101*hour, 200*hour
	for _, c := range []struct {
		name   string
		change func(next, former *life)
		likely bool
		ever   bool
	}{
		{"signs in again at once", func(_, _ *life) {}, true, true},
		{"is still heard", func(_, f *life) { f.seen = 102 * hour }, false, false},
		{"another model", func(n, _ *life) { n.product = "iPhone16,1" }, false, false},
		{"another capacity", func(n, _ *life) { n.capacity = 512 }, false, false},
		{"another model number", func(n, _ *life) { n.number = "MYY" }, false, false},
		{"an older system", func(n, _ *life) { n.os = "26.0.1" }, false, false},
		{"a newer system", func(n, _ *life) { n.os = "26.10" }, true, true},
		{"another name", func(n, _ *life) { n.name = "Bert's iPhone" }, false, true},
		{"a generic name, and no goodbye", func(n, f *life) { n.name, f.name, f.stage = "iPhone", "iPhone (2)", StageEnrolled }, false, true},
		{"nothing told yet", func(n, _ *life) { n.name, n.number, n.capacity = "", "", -1 }, true, true},
		{"half a year later", func(n, _ *life) { n.began += 200 * 24 * hour }, false, true},
		{"no goodbye, all the same", func(_, f *life) { f.stage, f.endedBy = StageEnrolled, "" }, true, true},
		{"the person said no", func(n, _ *life) { n.same = SameNo }, false, false},
		{"the person said yes", func(n, _ *life) { n.same, n.former = SameYes, "1" }, false, false},
		{"the person is not sure", func(n, _ *life) { n.same = SameUnsure }, true, true},
		{"put away", func(n, _ *life) { n.stage = StageArchived }, false, false},
	} {
		n, f := next, former
		c.change(&n, &f)
		got := suggest([]life{f, n}, 0)
		if (len(got) == 1) != c.ever {
			t.Errorf("%s: compared: got %v, want %v", c.name, got, c.ever)
		}
		if likely := len(got) == 1 && got[0].Confidence >= Likely; likely != c.likely {
			t.Errorf("%s: likely: got %v, want %v", c.name, got, c.likely)
		}
	}
}
