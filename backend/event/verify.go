package event

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"example.org/gatehouse/backend/db"
)

// What is wrong with the trail at some place.
const (
	Altered   = "altered"   // the event is not what was sealed
	Missing   = "missing"   // the event is gone, and nobody said so
	Relinked  = "relinked"  // the chain itself was changed here
	Shortened = "shortened" // the newest links are gone
	KeyGone   = "key_gone"  // the key of the chain is gone, or cannot be opened
)

// Verdict is what verifying the trail found.
type Verdict struct {
	// Events are so many that were checked and are as they were sealed; all of them, or those before the broken one.
	Events int
	// Forgotten are so many that were removed on purpose; the trail says when, and by whom.
	Forgotten int
	// Waiting are so many that are not sealed yet: the newest, and those about nobody.
	Waiting int
	// Began is when the chain began.
	Began time.Time
	// Head is the end of the chain. Whoever writes it down can prove later that nothing before it was changed.
	Head string
	// Noted says whether the head that somebody wrote down is part of the chain; nil when none was asked for.
	Noted *bool
	// Broken is the first event that is not as it was; nil when all are.
	Broken *Break
}

// Break is a place at which the trail is not as it was written.
type Break struct {
	Fault string
	Place int64 // in the chain
	Event Event // what lies there now; of a missing one only Seq is known
}

// Verify reads the whole trail and compares it with its chain. A head that was noted before is looked for on the way.
func (l *Log) Verify(ctx context.Context, noted string) (Verdict, error) {
	var v Verdict
	err := l.db.View(ctx, func(tx *db.Tx) error {
		v = Verdict{}
		if noted != "" {
			v.Noted = new(bool)
		}
		if err := tx.Row(`
			SELECT COUNT(*) FROM events e
			WHERE NOT EXISTS (SELECT 1 FROM links l WHERE l.seq = e.seq)`).Scan(&v.Waiting); err != nil {
			return err
		}
		var began int64
		err := tx.Row(`SELECT began_at FROM trail WHERE id = 1`).Scan(&began)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		v.Began = db.Time(began)
		end, endErr := l.endOf(tx)
		switch {
		case errors.Is(endErr, sql.ErrNoRows):
			return nil // nothing was sealed yet
		case errors.Is(endErr, db.ErrSealed) || errors.Is(endErr, ErrBroken) && end.key == nil:
			v.Broken = &Break{Fault: KeyGone}
			return nil
		case endErr != nil && !errors.Is(endErr, ErrBroken):
			return endErr
		}
		if err := v.read(tx, end, noted); err != nil {
			return err
		}
		if v.Broken == nil && endErr != nil {
			v.Broken = &Break{Fault: Relinked, Place: end.links}
		}
		return nil
	})
	if err != nil {
		return v, fmt.Errorf("verify the trail: %w", err)
	}
	return v, nil
}

// read goes along the chain until its end, or to where it breaks.
func (v *Verdict) read(tx *db.Tx, sealed end, noted string) error {
	gone, err := forgotten(tx)
	if err != nil {
		return err
	}
	rows, err := tx.Rows(`
		SELECT l.place, l.seq, l.digest, l.head, e.seq IS NOT NULL, COALESCE(e.seq, 0), COALESCE(e.id, ''), COALESCE(e.at, 0),
			COALESCE(e.kind, ''), COALESCE(e.actor, ''), COALESCE(e.attempt, ''), COALESCE(e.enrollment, ''), COALESCE(e.person, ''),
			COALESCE(e.params, '')
		FROM links l LEFT JOIN events e ON e.seq = l.seq
		ORDER BY l.place`)
	if err != nil {
		return err
	}
	defer rows.Close()
	chain := end{key: sealed.key, head: make([]byte, len(sealed.head))}
	for rows.Next() {
		var place, seq int64
		var digest, head []byte
		var there bool
		var e sealable
		if err := e.scan(rows, &place, &seq, &digest, &head, &there); err != nil {
			return err
		}
		chain.links++
		chain.head = chain.next(digest)
		fault := ""
		switch {
		case place != chain.links:
			place, fault, e = chain.links, Missing, sealable{} // its link is gone too
		case !there && !gone.has(place):
			e.Seq, fault = seq, Missing
		case there && !bytes.Equal(digest, e.digest()):
			fault = Altered
		case !bytes.Equal(head, chain.head):
			fault = Relinked
		}
		if fault != "" {
			if err := json.Unmarshal([]byte(e.params), &e.Params); err != nil {
				e.Params = nil // whoever altered it may have written anything
			}
			v.Broken = &Break{Fault: fault, Place: place, Event: e.Event}
			return rows.Close()
		}
		if there {
			v.Events++
		} else {
			v.Forgotten++
		}
		v.Head = hex.EncodeToString(chain.head)
		if v.Noted != nil && v.Head == noted {
			*v.Noted = true
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if chain.links != sealed.links || !bytes.Equal(chain.head, sealed.head) {
		v.Broken = &Break{Fault: Shortened, Place: chain.links + 1}
	}
	return nil
}

// removed are the places of the events that were removed on purpose, in order.
type removed []span

func (r removed) has(place int64) bool {
	i := sort.Search(len(r), func(i int) bool { return r[i].last >= place })
	return i < len(r) && r[i].first <= place
}

func forgotten(tx *db.Tx) (removed, error) {
	rows, err := tx.Rows(`SELECT params FROM events WHERE kind = $1`, string(Forgotten))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list removed
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		var params map[string]string
		if err := json.Unmarshal([]byte(text), &params); err != nil {
			continue // somebody altered it: the chain will tell
		}
		list = append(list, spans(params["places"])...)
	}
	slices.SortFunc(list, func(a, b span) int { return int(a.last - b.last) })
	return list, rows.Err()
}
