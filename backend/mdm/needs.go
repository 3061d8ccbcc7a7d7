package mdm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/settings"
)

const (
	// failedLately is how long somebody hears of a command that a phone could not carry out.
	failedLately = 7
	// erasedSoon is how many days before a record is erased somebody hears of it.
	erasedSoon = 3
)

// managed are the states of phones that are under management, as a condition of the list.
var managed = Condition{"state", In, strings.Join([]string{Managed, Quiet, Asleep, ProbablyRemoved, MustEnrollAgain}, "|")}

// needs are the findings about phones. Each that is about some of them has the filter that finds them, and its number is
// what the list says.
func (s *Server) needs(tx *db.Tx) ([]event.Finding, error) {
	now := settings.Defaults()
	if s.settings != nil {
		var err error
		if now, err = s.settings.In(tx); err != nil {
			return nil, err
		}
	}
	var all []event.Finding
	for _, look := range []func(*db.Tx, settings.Settings) ([]event.Finding, error){
		unreachable, s.expired, s.failing, s.outdated, s.cleanup, s.erasing, duplicated,
	} {
		found, err := look(tx, now)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// unreachable: phones that cannot be woken, for reasons that are not the certificate's.
func unreachable(tx *db.Tx, _ settings.Settings) ([]event.Finding, error) {
	var late int
	err := tx.Row(`
		SELECT COUNT(*) FROM pushes WHERE due_at > 0 AND due_at <= $1 AND outcome = 'later'`, db.Millis(tx.Now.Add(laterMost))).Scan(&late)
	if err != nil {
		return nil, fmt.Errorf("count phones that wait for a push: %w", err)
	}
	if late == 0 {
		return nil, nil
	}
	return []event.Finding{{Code: "push_service_unreachable", Level: event.Attention, Params: map[string]string{"count": strconv.Itoa(late)}}}, nil
}

// about is a finding about the phones that a filter finds; none if it finds none.
func (s *Server) about(tx *db.Tx, f event.Finding, filter ...Condition) ([]event.Finding, error) {
	n, err := s.count(tx, ListQuery{Filter: filter})
	if err != nil || n == 0 {
		return nil, err
	}
	if f.Params == nil {
		f.Params = map[string]string{}
	}
	f.Params["count"] = strconv.Itoa(n)
	for _, c := range filter {
		f.Filter = append(f.Filter, c.String())
	}
	return []event.Finding{f}, nil
}

// expired: phones whose identity ended. Nobody can reach them until their people enroll again.
func (s *Server) expired(tx *db.Tx, _ settings.Settings) ([]event.Finding, error) {
	return s.about(tx, event.Finding{Code: "phones_must_enroll_again", Level: event.Attention}, Condition{"state", Is, MustEnrollAgain})
}

// failing: phones that could not do what they were asked.
func (s *Server) failing(tx *db.Tx, _ settings.Settings) ([]event.Finding, error) {
	found, err := s.about(tx, event.Finding{Code: "commands_failed", Level: event.Attention},
		Condition{"failed_at", Within, strconv.Itoa(failedLately)}, managed)
	if err != nil || len(found) == 0 || found[0].Params["count"] != "1" {
		return found, err
	}
	since := tx.Now.Add(-failedLately * 24 * time.Hour)
	var id, requestType string
	err = tx.Row(`SELECT id, failed_type FROM enrollments WHERE stage = 'enrolled' AND failed_at >= $1`, db.Millis(since)).Scan(&id, &requestType)
	found[0].Code = "command_failed"
	found[0].Params["enrollment"], found[0].Params["type"] = id, requestType
	return found, err
}

// outdated: phones with a system that is older than new phones must have, or two major versions behind the newest one
// that a phone of its family has here.
func (s *Server) outdated(tx *db.Tx, now settings.Settings) ([]event.Finding, error) {
	systems, err := systemsInUse(tx)
	if err != nil {
		return nil, err
	}
	var all []event.Finding
	for _, family := range families {
		before := family.oldest(systems, now.Enrollment.MinOS)
		if before == "" {
			continue
		}
		found, err := s.about(tx, event.Finding{
			Code: "phones_old_os", Level: event.Notice, Params: map[string]string{"family": family.name, "before": before},
		}, Condition{"product_name", Begins, family.product}, Condition{"os_version", Before, before}, managed)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// cleanup: automatic clean-up that waits for somebody; or, without it, records that the rule of the settings would take.
func (s *Server) cleanup(tx *db.Tx, now settings.Settings) ([]event.Finding, error) {
	r := Rule(now.Cleanup.Rule)
	n, err := s.count(tx, ListQuery{Rule: &r, Share: Proposed})
	if err != nil {
		return nil, err
	}
	if now.Cleanup.Automatic {
		state, err := s.cleanupState(tx)
		switch {
		case err != nil || state.runs():
			return nil, err
		case state.Braked != nil:
			return []event.Finding{{Code: "cleanup_stopped", Level: event.Attention, Params: map[string]string{
				"count": strconv.Itoa(state.Braked.Proposed), "most": strconv.Itoa(state.Braked.Most),
			}}}, nil
		}
		return []event.Finding{{Code: "cleanup_not_accepted", Level: event.Attention, Params: map[string]string{"count": strconv.Itoa(n)}}}, nil
	}
	if n == 0 {
		return nil, nil
	}
	counts, err := s.counts(tx)
	quiet := counts[Quiet] + counts[Asleep] + counts[ProbablyRemoved]
	return []event.Finding{{
		Code: "records_stale", Level: event.Notice, Params: map[string]string{"count": strconv.Itoa(n), "quiet": strconv.Itoa(quiet)},
	}}, err
}

// erasing: archived records that are about to be erased.
func (s *Server) erasing(tx *db.Tx, _ settings.Settings) ([]event.Finding, error) {
	var n, first int64
	since := tx.Now.Add(erasedSoon*24*time.Hour - ArchivedFor)
	err := tx.Row(`
		SELECT COUNT(*), COALESCE(MIN(archived_at), 0) FROM enrollments WHERE stage = 'archived' AND archived_at < $1 AND NOT kept`,
		db.Millis(since)).Scan(&n, &first)
	if err != nil || n == 0 {
		return nil, err
	}
	return []event.Finding{{Code: "records_erased_soon", Level: event.Notice, Params: map[string]string{
		"count": strconv.FormatInt(n, 10), "until": stamp(db.Time(first).Add(ArchivedFor)),
	}}}, nil
}

// duplicated: records that are probably one phone.
func duplicated(tx *db.Tx, _ settings.Settings) ([]event.Finding, error) {
	n := 0
	err := eachPerson(tx, func(lives []life) { n += len(suggest(lives, Likely)) })
	if err != nil || n == 0 {
		return nil, err
	}
	return []event.Finding{{Code: "phones_duplicate", Level: event.Notice, Params: map[string]string{"count": strconv.Itoa(n)}}}, nil
}

// system is a version with how many phones under management have it.
type system struct {
	product string // folded
	version []int
	phones  int
}

// systemsInUse are the versions of phones under management.
func systemsInUse(tx *db.Tx) ([]system, error) {
	rows, err := tx.Rows(`
		SELECT l.by_product, l.by_os, COUNT(*)
		FROM enrollments e JOIN listed l ON l.n = e.n
		WHERE e.stage = 'enrolled' AND l.by_os > ''
		GROUP BY l.by_product, l.by_os`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []system
	for rows.Next() {
		var one system
		var version string
		if err := rows.Scan(&one.product, &version, &one.phones); err != nil {
			return nil, err
		}
		for part := range strings.SplitSeq(version, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				break // "26.1 beta": what comes before has been read
			}
			one.version = append(one.version, n)
		}
		if len(one.version) > 0 {
			list = append(list, one)
		}
	}
	return list, rows.Err()
}

// family is a kind of product whose systems count together.
type family struct {
	name    string // as people call it
	product string // as its product names begin
	system  string
	skipped []int // major versions in their order, where they do not follow upon one another
}

// Apple numbered all its systems 26 in 2025: after iOS and iPadOS 18, and visionOS 2.
var families = []family{
	{"iPhone", "iPhone", "iOS", []int{18, 26}},
	{"iPad", "iPad", "iPadOS", []int{18, 26}},
	{"Apple Vision Pro", "RealityDevice", "visionOS", []int{2, 26}},
}

// System is the version with the name of the system, "iOS 26.1": what a spreadsheet takes for neither a number nor a day.
func (d Device) System() string {
	for _, f := range families {
		if d.OSVersion != "" && strings.HasPrefix(d.ProductName, f.product) {
			return f.system + " " + d.OSVersion
		}
	}
	return d.OSVersion
}

// majorsBehind is how many major versions a system may be behind the newest one.
const majorsBehind = 1

// oldest is the version before which a system of the family is old; empty when none is known.
func (f family) oldest(systems []system, least string) string {
	newest := 0
	for _, s := range systems {
		if strings.HasPrefix(s.product, strings.ToLower(f.product)) {
			newest = max(newest, s.version[0])
		}
	}
	if newest == 0 {
		return ""
	}
	for range majorsBehind {
		if newest--; newest >= f.skipped[0] && newest < f.skipped[1] {
			newest = f.skipped[0]
		}
	}
	major := strconv.Itoa(newest)
	return slices.MaxFunc([]string{least, major}, func(a, b string) int { return strings.Compare(sortVersion(a), sortVersion(b)) })
}
