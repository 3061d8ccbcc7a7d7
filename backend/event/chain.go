package event

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"example.org/gatehouse/backend/db"
)

// What happens to the trail itself.
const (
	Begun     Kind = "trail.begun"     // from here on events are sealed; Params say how many there were before
	Forgotten Kind = "trail.forgotten" // events were removed on purpose; Params say how many, and their places in the chain
)

// ErrBroken says that somebody has changed the trail behind our back. Nothing is added to it any more.
var ErrBroken = errors.New("event: the trail was changed by somebody else")

const (
	sealStep  = 500 // events that one transaction seals
	sealPause = time.Second
	sealTick  = 10 * time.Second // how long the events of another process may wait
	// sealAgain is how often we look for events that were left out: those of strangers.
	sealAgain = 10 * time.Minute
	// strangers is how long an event about nobody is not sealed. Until then it may be forgotten without a trace.
	strangers = 3 * time.Hour
	// overtaken is how many events a transaction may be overtaken by between taking its number and its commit.
	overtaken = 1000
)

// Run seals what happens, until ctx ends. Phones do not wait for it: it reads what is committed, and appends.
func (l *Log) Run(ctx context.Context, log *slog.Logger) error {
	complained := false
	look := func(ctx context.Context, all bool) {
		err := l.Seal(ctx, all)
		if err != nil && ctx.Err() == nil && !complained {
			log.ErrorContext(ctx, "events are not sealed", "err", err)
		}
		complained = err != nil
	}
	tick, again := time.NewTicker(sealTick), time.NewTicker(sealAgain)
	defer tick.Stop()
	defer again.Stop()
	all := true
	for {
		news := l.next()
		look(ctx, all)
		all = false
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			look(last, false)
			return nil
		case <-news:
		case <-tick.C:
		case <-again.C:
			all = true
		}
		pause := time.NewTimer(sealPause) // what happens together is sealed together
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
	}
}

// Seal appends to the chain what is committed and not sealed yet: the newest events, or all there are. Any process may do
// it; if two do it at once, one of them does it again.
func (l *Log) Seal(ctx context.Context, all bool) error {
	for after := int64(-1); ; {
		b, err := l.unsealed(ctx, all, after)
		if err != nil || len(b.events) == 0 {
			return err
		}
		err = l.append(ctx, b)
		if errors.Is(err, errOvertaken) {
			continue
		}
		if err != nil {
			return err
		}
		after = b.events[len(b.events)-1].Seq
	}
}

// errOvertaken says that the chain, or an event, is not as it was when we looked.
var errOvertaken = errors.New("event: another process was faster")

// batch is what is sealed together.
type batch struct {
	end    end
	new    bool // the chain begins with it
	events []sealable
}

// sealable is an event as it lies in its row.
type sealable struct {
	Event
	params string
}

// digest is over everything that is stored of an event, each part after its length.
func (e sealable) digest() []byte {
	h := sha256.New()
	for _, part := range []string{
		"gatehouse event 1", strconv.FormatInt(e.Seq, 10), e.ID, strconv.FormatInt(db.Millis(e.At), 10), string(e.Kind),
		e.Actor, e.Attempt, e.Enrollment, e.Person, e.params,
	} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// end is where the chain is continued.
type end struct {
	key   []byte
	links int64
	head  []byte
}

// next is the head after one more digest.
func (e end) next(digest []byte) []byte {
	h := hmac.New(sha256.New, e.key)
	h.Write(e.head)
	h.Write(digest)
	return h.Sum(nil)
}

var trailPlace = db.Place{Table: "trail", Column: "sealed", Row: "1"}

func (e end) seal(d *db.DB) ([]byte, error) {
	secret := binary.BigEndian.AppendUint64(bytes.Clone(e.key), uint64(e.links))
	return d.Seal(trailPlace, append(secret, e.head...))
}

// endOf reads where the chain ends, and whether its last link is where it should be. It says sql.ErrNoRows when there is
// no chain yet.
func (l *Log) endOf(tx *db.Tx) (end, error) {
	var e end
	var sealed, last []byte
	var links, places int64
	if err := tx.Row(`SELECT COALESCE(MAX(place), 0) FROM links`).Scan(&places); err != nil {
		return e, fmt.Errorf("read the end of the trail: %w", err)
	}
	err := tx.Row(`SELECT sealed, links FROM trail WHERE id = 1`).Scan(&sealed, &links)
	if errors.Is(err, sql.ErrNoRows) && places > 0 {
		return e, fmt.Errorf("%w: its key is gone", ErrBroken)
	}
	if err != nil {
		return e, fmt.Errorf("read the end of the trail: %w", err)
	}
	secret, err := l.db.Unseal(trailPlace, sealed)
	if err != nil {
		return e, err
	}
	if len(secret) != 32+8+sha256.Size {
		return e, fmt.Errorf("%w: its key is none", ErrBroken)
	}
	e = end{key: secret[:32], links: int64(binary.BigEndian.Uint64(secret[32:40])), head: secret[40:]}
	if links != e.links || places != e.links {
		return e, fmt.Errorf("%w: it has %d links and should have %d", ErrBroken, places, e.links)
	}
	if e.links == 0 {
		return e, nil
	}
	if err := tx.Row(`SELECT head FROM links WHERE place = $1`, e.links).Scan(&last); err != nil {
		return e, fmt.Errorf("read the end of the trail: %w", err)
	}
	if !bytes.Equal(last, e.head) {
		return e, fmt.Errorf("%w: its last link is another", ErrBroken)
	}
	return e, nil
}

// unsealed reads the next events that are to be sealed, and where the chain ends.
func (l *Log) unsealed(ctx context.Context, all bool, after int64) (batch, error) {
	var b batch
	err := l.db.View(ctx, func(tx *db.Tx) error {
		var err error
		b.end, err = l.endOf(tx)
		if errors.Is(err, sql.ErrNoRows) {
			b.new, all, err = true, true, nil
		}
		if err != nil {
			return err
		}
		if after < 0 && !all {
			if err := tx.Row(`SELECT COALESCE(MAX(seq), 0) FROM links`).Scan(&after); err != nil {
				return fmt.Errorf("find what is not sealed: %w", err)
			}
			after -= overtaken
		}
		rows, err := tx.Rows(`
			SELECT `+columns+`
			FROM events e
			WHERE seq > $1 AND NOT EXISTS (SELECT 1 FROM links l WHERE l.seq = e.seq)
			AND (attempt = '' OR person <> '' OR enrollment <> '' OR at < $2)
			ORDER BY seq
			LIMIT $3`, after, db.Millis(tx.Now.Add(-strangers)), sealStep)
		if err != nil {
			return fmt.Errorf("find what is not sealed: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var e sealable
			if err := e.scan(rows); err != nil {
				return err
			}
			b.events = append(b.events, e)
		}
		return rows.Err()
	})
	return b, err
}

func (e *sealable) scan(row interface{ Scan(...any) error }, more ...any) error {
	var at int64
	err := row.Scan(append(more, &e.Seq, &e.ID, &at, &e.Kind, &e.Actor, &e.Attempt, &e.Enrollment, &e.Person, &e.params)...)
	e.At = db.Time(at)
	return err
}

// append links a batch to the chain. The digests are made before the transaction; it fails if anything has changed since.
func (l *Log) append(ctx context.Context, b batch) error {
	before := b.end.links
	if b.new {
		b.end.key = make([]byte, 32)
		rand.Read(b.end.key) // never fails
		b.end.head = make([]byte, sha256.Size)
	}
	type link struct{ digest, head []byte }
	links := make([]link, 0, len(b.events))
	for _, e := range b.events {
		digest := e.digest()
		b.end.head = b.end.next(digest)
		b.end.links++
		links = append(links, link{digest, b.end.head})
	}
	sealed, err := b.end.seal(l.db)
	if err != nil {
		return err
	}
	err = l.db.Update(ctx, func(tx *db.Tx) error {
		if b.new {
			if err := l.begin(tx); err != nil {
				return err
			}
		}
		n, err := tx.Exec(`UPDATE trail SET sealed = $1, links = $2 WHERE id = 1 AND links = $3`, sealed, b.end.links, before)
		if err != nil {
			return err
		}
		if n == 0 {
			return errOvertaken
		}
		for i, link := range links {
			_, err := tx.Exec(`INSERT INTO links (place, seq, digest, head) VALUES ($1, $2, $3, $4)`,
				before+int64(i)+1, b.events[i].Seq, link.digest, link.head)
			if err != nil {
				return err
			}
		}
		var there int
		err = tx.Row(`SELECT COUNT(*) FROM links l JOIN events e ON e.seq = l.seq WHERE l.place > $1`, before).Scan(&there)
		if err == nil && there != len(links) {
			return errOvertaken // an event was forgotten meanwhile
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("seal events: %w", err)
	}
	return nil
}

// begin makes the row of the chain, and says so in the trail.
func (l *Log) begin(tx *db.Tx) error {
	var before int
	if err := tx.Row(`SELECT COUNT(*) FROM events`).Scan(&before); err != nil {
		return err
	}
	n, err := tx.Exec(`
		INSERT INTO trail (id, began_at, links, sealed) VALUES (1, $1, 0, $2)
		ON CONFLICT (id) DO NOTHING`, db.Millis(tx.Now), []byte{})
	if err != nil {
		return err
	}
	if n == 0 {
		return errOvertaken
	}
	return l.Add(tx, Event{Kind: Begun, Actor: "system", Params: map[string]string{"count": strconv.Itoa(before)}})
}
