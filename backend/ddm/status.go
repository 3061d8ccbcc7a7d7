package ddm

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
)

const (
	maxReport = 256 << 10 // of one report; real ones have a few kB
	maxStored = 512 << 10 // of what is merged from them
	maxDepth  = 32        // levels of JSON; the deepest status item has eight
)

// Tell hands what a status report says about the device to whoever keeps the device's record.
type Tell func(tx *db.Tx, enrollmentID string, f mdm.Facts) error

// OnFacts sets who is told. It is a call downstairs to a room that is built after this one.
func (l *Library) OnFacts(tell Tell) { l.tell = tell }

// statusReport is what a phone sends. encoding/json takes the small and the capital letters that Apple's papers mix.
type statusReport struct {
	StatusItems map[string]any
	Errors      []any
	FullReport  bool
}

// report stores what a phone says about itself.
func (l *Library) report(tx *db.Tx, enrollmentID string, data []byte) (int, []byte, error) {
	r, err := parseReport(data)
	if err != nil {
		l.log.WarnContext(tx.Context(), "status report refused", "enrollment", enrollmentID, "bytes", len(data), "err", err)
		return http.StatusBadRequest, nil, nil
	}
	now, err := l.settings.In(tx)
	if err != nil {
		return 0, nil, err
	}
	trim(r.StatusItems, now.Privacy)
	known, err := stored(tx, enrollmentID)
	if err != nil {
		return 0, nil, err
	}
	if r.FullReport {
		known = map[string]any{}
	}
	merge(known, r.StatusItems)
	if err := l.store(tx, enrollmentID, known, r); err != nil {
		return 0, nil, err
	}
	if l.tell != nil {
		if err := l.tell(tx, enrollmentID, facts(r.StatusItems)); err != nil {
			return 0, nil, fmt.Errorf("tell about a status report: %w", err)
		}
	}
	return http.StatusOK, nil, nil
}

// trim drops what phones are not asked for: a phone goes by its last subscription until it has synced.
func trim(items map[string]any, p settings.Privacy) (dropped bool) {
	if p.Passcode {
		return false
	}
	_, dropped = items["passcode"]
	delete(items, "passcode")
	return dropped
}

// minimize follows a change of the settings: what phones do not report any more is forgotten.
func (l *Library) minimize(tx *db.Tx, old, next settings.Settings) error {
	if !old.Privacy.Passcode || next.Privacy.Passcode {
		return nil
	}
	rows, err := tx.Rows(`SELECT enrollment, report FROM declaration_status`)
	if err != nil {
		return fmt.Errorf("list declaration status: %w", err)
	}
	defer rows.Close()
	changed := map[string][]byte{}
	for rows.Next() {
		var id string
		var report []byte
		if err := rows.Scan(&id, &report); err != nil {
			return err
		}
		items := map[string]any{}
		if err := json.Unmarshal(report, &items); err != nil {
			return fmt.Errorf("read declaration status: %w", err)
		}
		if !trim(items, next.Privacy) {
			continue
		}
		if changed[id], err = json.Marshal(items); err != nil {
			return fmt.Errorf("trim declaration status: %w", err)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for id, report := range changed {
		if _, err := tx.Exec(`UPDATE declaration_status SET report = $1 WHERE enrollment = $2`, report, id); err != nil {
			return fmt.Errorf("trim declaration status: %w", err)
		}
	}
	return nil
}

// errReport says that a status report is not one.
var errReport = errors.New("not a status report")

func parseReport(data []byte) (statusReport, error) {
	var r statusReport
	if len(data) > maxReport {
		return r, fmt.Errorf("%w: too large", errReport)
	}
	if err := checkDepth(data); err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%w: %w", errReport, err)
	}
	if r.StatusItems == nil {
		return r, fmt.Errorf("%w: no StatusItems", errReport)
	}
	return r, nil
}

// checkDepth refuses deep nesting before anything is built from it.
func checkDepth(data []byte) error {
	depth, text := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: nested too deeply", errReport)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// merge lays a report over what is known. Dictionaries are merged, lists by the identifier of their entries; an entry
// that says _removed goes.
func merge(known, news map[string]any) {
	for key, value := range news {
		switch value := value.(type) {
		case map[string]any:
			inner, ok := known[key].(map[string]any)
			if !ok {
				inner = map[string]any{}
				known[key] = inner
			}
			merge(inner, value)
		case []any:
			old, _ := known[key].([]any)
			known[key] = mergeList(old, value)
		default:
			known[key] = value
		}
	}
}

func mergeList(known, news []any) []any {
	at := map[string]int{}
	list := []any{}
	for _, entry := range append(append([]any{}, known...), news...) {
		fields, ok := entry.(map[string]any)
		id, named := fields["identifier"].(string)
		if !ok || !named {
			return news // a plain list is replaced as a whole
		}
		if i, seen := at[id]; seen {
			list[i] = entry
			continue
		}
		at[id] = len(list)
		list = append(list, entry)
	}
	kept := list[:0]
	for _, entry := range list {
		if gone, _ := entry.(map[string]any)["_removed"].(bool); !gone {
			kept = append(kept, entry)
		}
	}
	return kept
}

// facts picks from a report what the device's record has a place for.
func facts(items map[string]any) mdm.Facts {
	var f mdm.Facts
	text := func(path ...string) string {
		s, _ := at(items, path...).(string)
		return s
	}
	answer := func(path ...string) *bool {
		if b, ok := at(items, path...).(bool); ok {
			return &b
		}
		return nil
	}
	f.ProductName = text("device", "model", "identifier")
	f.Model = text("device", "model", "marketing-name")
	f.OSVersion = text("device", "operating-system", "version")
	f.Build = text("device", "operating-system", "build-version")
	f.PasscodePresent = answer("passcode", "is-present")
	f.PasscodeCompliant = answer("passcode", "is-compliant")
	return f
}

func at(items map[string]any, path ...string) any {
	var v any = items
	for _, key := range path {
		fields, _ := v.(map[string]any)
		v = fields[key]
	}
	return v
}

// stored is what is known from earlier reports.
func stored(tx *db.Tx, enrollmentID string) (map[string]any, error) {
	var report []byte
	err := tx.Row(`SELECT report FROM declaration_status WHERE enrollment = $1`, enrollmentID).Scan(&report)
	if errors.Is(err, sql.ErrNoRows) {
		return map[string]any{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read declaration status: %w", err)
	}
	known := map[string]any{}
	if err := json.Unmarshal(report, &known); err != nil {
		return nil, fmt.Errorf("read declaration status: %w", err)
	}
	return known, nil
}

func (l *Library) store(tx *db.Tx, enrollmentID string, known map[string]any, r statusReport) error {
	report, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("store declaration status: %w", err)
	}
	if len(report) > maxStored {
		l.log.WarnContext(tx.Context(), "status of a phone grew too large; only its last report is kept", "enrollment", enrollmentID)
		if report, err = json.Marshal(r.StatusItems); err != nil {
			return fmt.Errorf("store declaration status: %w", err)
		}
	}
	problems, err := json.Marshal(r.Errors)
	if err != nil {
		return fmt.Errorf("store declaration status: %w", err)
	}
	_, err = tx.Exec(`
		INSERT INTO declaration_status (enrollment, report, errors, reported_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (enrollment) DO UPDATE
		SET report = excluded.report, errors = excluded.errors, reported_at = excluded.reported_at`,
		enrollmentID, report, problems, db.Millis(tx.Now))
	if err != nil {
		return fmt.Errorf("store declaration status: %w", err)
	}
	return nil
}

// Reported is when a phone reported last; zero if it never did.
func (l *Library) Reported(ctx context.Context, enrollmentID string) (at time.Time, err error) {
	err = l.db.View(ctx, func(tx *db.Tx) error {
		var ms int64
		err := tx.Row(`SELECT COALESCE(MAX(reported_at), 0) FROM declaration_status WHERE enrollment = $1`, enrollmentID).Scan(&ms)
		at = db.Time(ms)
		return err
	})
	return at, err
}

// Forget serves [mdm.Declarations]: a phone that enrolls anew starts with an empty status.
func (l *Library) Forget(tx *db.Tx, enrollmentID string) error {
	if _, err := tx.Exec(`DELETE FROM declaration_status WHERE enrollment = $1`, enrollmentID); err != nil {
		return fmt.Errorf("forget declaration status: %w", err)
	}
	return nil
}
