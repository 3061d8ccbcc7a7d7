//go:build unix

package portal_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"example.org/gatehouse/backend/portal"
	"example.org/gatehouse/backend/text"
)

// The promises of this room. They fail where they are broken:
//
//	go test -run '^$' -bench Promise ./backend/portal
const (
	pageCost   = time.Millisecond // processor time of a page, with all languages and 200 texts of the organization's own
	pageGrowth = 1.5              // the same over a page without any text of its own
	pageAllocs = 3000             // of one page
)

// BenchmarkPromisePage measures the privacy page, which has the most texts, and the sign-in page as a phone gets it.
func BenchmarkPromisePage(b *testing.B) {
	plain, own := build(b), build(b)
	var changes []text.Change
	words, err := text.New()
	if err != nil {
		b.Fatal(err)
	}
	for _, language := range []string{"de", "en"} {
		for _, key := range words.Keys() {
			e, _ := words.Entry(key)
			if len(changes) == 200 || e.Plural || len([]rune(e.Text)) > e.Max-4 || e.Text == "" {
				continue
			}
			changes = append(changes, text.Change{Language: language, Key: key, Words: e.Text + " ★"})
		}
	}
	own.publish(true, changes...)
	for b.Loop() {
		for _, page := range []string{"privacy", "signin"} {
			var few, many []float64
			for range 5 {
				few = append(few, plain.cpu(b, page))
				many = append(many, own.cpu(b, page))
			}
			p, o := median(few), median(many)
			allocs := own.allocs(b, page)
			b.ReportMetric(o, "µs/"+page)
			b.ReportMetric(o/p, "×plain-"+page)
			b.ReportMetric(allocs, "allocs/"+page)
			switch {
			case o > float64(pageCost.Microseconds()):
				b.Fatalf("%s takes %.0f µs of processor time, less than %v is promised", page, o, pageCost)
			case o/p > pageGrowth:
				b.Fatalf("%s costs %.2f × as much with %d texts of its own (%.0f over %.0f µs), at most %.1f are promised", page, o/p, len(changes), o, p, pageGrowth)
			case allocs > pageAllocs:
				b.Fatalf("%s makes %.0f allocations, at most %d are promised", page, allocs, pageAllocs)
			}
		}
	}
}

const pagesAtOnce = 200

// cpu is the processor time of one page in microseconds.
func (h *house) cpu(b *testing.B, page string) float64 {
	draw := h.drawer(b, page)
	draw()
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for range pagesAtOnce {
		draw()
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	used := func(r syscall.Rusage) int64 { return r.Utime.Nano() + r.Stime.Nano() }
	return float64(used(after)-used(before)) / 1000 / pagesAtOnce
}

func (h *house) allocs(b *testing.B, page string) float64 {
	draw := h.drawer(b, page)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range pagesAtOnce {
		draw()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / pagesAtOnce
}

// drawer draws a page: the sign-in as a phone asks for it, through the database, others by themselves.
func (h *house) drawer(b *testing.B, page string) func() {
	if page != "signin" {
		return func() {
			if _, err := h.site.Render(b.Context(), portal.Preview{Page: page, Language: "de"}); err != nil {
				b.Fatal(err)
			}
		}
	}
	path := h.knock("de", "iPhone17,2") + "?user-identifier=" + anna
	return func() {
		if w := h.get(path, nil); w.Code != http.StatusOK {
			b.Fatal(fmt.Errorf("got %d", w.Code))
		}
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
