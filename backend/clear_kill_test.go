package backend_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/mdm"
)

const (
	records = 1500
	erasing = 20   // at once
	mostGo  = 1200 // of the records, so that the list of receipts has all of them
)

// told is what a server that is about to be killed answered.
type told struct {
	archived string   // the batch that was answered last
	undone   []string // batches
	receipts []admin.Receipt
	// undoing is set once the server was asked to undo the last batch; whether it did, only its answer says.
	undoing bool
	next    int // the first record that nobody has asked to erase

	answers int           // how many more to wait for
	enough  chan struct{} // is closed when they are there
}

// heard counts an answer.
func (a *told) heard() {
	if a.answers--; a.answers == 0 {
		close(a.enough)
	}
}

// A server that is killed while it clears thousands of records has cleared all of a batch, or none; what it has answered
// stays so, and no record is lost on the way.
func TestKilledWhileClearing(t *testing.T) {
	t.Parallel()
	const rounds = 4
	w, _ := prepared(t, 0)
	if err := w.open(); err != nil {
		t.Fatal(err)
	}
	for from := 0; from < records; from += 100 {
		err := w.house.API().DB.Update(t.Context(), func(tx *db.Tx) error {
			for i := from; i < from+100; i++ {
				left := tx.Now.AddDate(0, -2, 0)
				err := mdm.Imagine(tx, "topic", mdm.Enrollment{
					ID: fmt.Sprintf("E-%05d", i), Person: identifier(i), Stage: mdm.StageRemoved, EndedAt: left, EndedBy: mdm.EndedByCheckOut,
					AuthenticatedAt: left, EnrolledAt: left, LastSeenAt: left, Device: mdm.Device{ProductName: "iPhone17,2"},
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var all told
	for round := range rounds {
		if err := w.shut(); err != nil {
			t.Fatal(err)
		}
		server := spawn(t, w)
		// Archive, erase and undo come in turn: after three answers there is one of each, on a slow machine too.
		all.answers, all.enough = 3+rand.IntN(10), make(chan struct{})
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		var work sync.WaitGroup
		work.Go(func() { all.clear(ctx, server, round%2 == 0) })
		select {
		case <-all.enough:
		case <-ctx.Done():
		}
		lived := time.Duration(rand.IntN(100)) * time.Millisecond
		time.Sleep(lived)
		server.kill()
		stop()
		work.Wait()
		if err := w.open(); err != nil {
			t.Fatalf("start after kill %d: %v", round, err)
		}
		all.check(t, w.house.API())
		all.settle(t, w.house.API())
		if t.Failed() {
			t.Fatalf("killed %s after the last answer that was waited for", lived)
		}
	}
	if len(all.undone) == 0 || len(all.receipts) == 0 {
		t.Errorf("before the kills %d batches were undone, and %d receipts written; want some of each", len(all.undone), len(all.receipts))
	}
}

// clear archives and erases until the server is gone, and undoes in between or does not.
func (a *told) clear(ctx context.Context, server *process, undo bool) {
	for {
		if a.archived != "" && (undo || a.next >= mostGo) {
			a.undoing = true
			if _, err := ask[admin.Changed](ctx, server, "/batches/"+a.archived+"/undo", nil); err != nil {
				return
			}
			a.undone = append(a.undone, a.archived)
			a.archived, a.undoing = "", false
			a.heard()
		}
		if a.archived == "" {
			batch, err := ask[admin.Batch](ctx, server, "/enrollments/archive", map[string]any{"rule": admin.StaleRule{Removed: 10}})
			if err != nil {
				return
			}
			a.archived = batch.ID
			a.heard()
		}
		if a.next >= mostGo {
			continue
		}
		var ids []string
		for i := range erasing {
			ids = append(ids, fmt.Sprintf("E-%05d", a.next+i))
		}
		a.next += len(ids)
		receipt, err := ask[admin.Receipt](ctx, server, "/enrollments/purge", map[string]any{"ids": ids})
		if err != nil {
			return
		}
		a.receipts = append(a.receipts, receipt)
		a.heard()
	}
}

func (a *told) check(t *testing.T, api *admin.API) {
	t.Helper()
	list, err := api.Enrollments(operator(), &admin.EnrollmentsIn{Limit: 1, Total: true, Counts: true})
	if err != nil {
		t.Fatal(err)
	}
	batches, err := api.Batches(operator(), nil)
	if err != nil {
		t.Fatal(err)
	}
	receipts, err := api.Receipts(operator(), nil)
	if err != nil {
		t.Fatal(err)
	}
	erased := 0
	known := map[string]int{}
	for _, r := range receipts.Receipts {
		erased += r.Phones
		known[r.ID] = r.Phones
	}
	if list.Total+erased != records {
		t.Errorf("%d records and %d erased ones are not %d", list.Total, erased, records)
	}
	left := 0
	for _, b := range batches.Batches {
		left += b.Left
		known[b.ID] = b.Left + 1
	}
	if archived := list.Counts.States[mdm.Archived]; archived != left || archived != 0 && archived != list.Total {
		t.Errorf("%d of %d records are archived, %d by the batches; want all of them or none", archived, list.Total, left)
	}
	if a.archived != "" && !a.undoing && known[a.archived] < 2 {
		t.Errorf("batch %s was answered and is gone", a.archived)
	}
	for _, id := range a.undone {
		if known[id] > 1 {
			t.Errorf("batch %s was undone and has %d records again", id, known[id]-1)
		}
	}
	for _, r := range a.receipts {
		if known[r.ID] != r.Phones {
			t.Errorf("receipt %s says %d, and was answered with %d", r.ID, known[r.ID], r.Phones)
		}
	}
}

// settle undoes what the server did and could not answer any more.
func (a *told) settle(t *testing.T, api *admin.API) {
	t.Helper()
	if a.archived != "" && !a.undoing {
		return
	}
	batches, err := api.Batches(operator(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches.Batches {
		if _, err := api.UndoBatch(operator(), &admin.BatchIn{ID: b.ID}); err != nil {
			t.Fatal(err)
		}
	}
	a.archived, a.undoing = "", false
}

// ask asks the administrator's door of a process.
func ask[Out any](ctx context.Context, p *process, path string, body any) (out Out, err error) {
	content, err := json.Marshal(body)
	if err != nil {
		return out, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.running.Admin+"/api"+path, bytes.NewReader(content))
	if err != nil {
		return out, err
	}
	r.Header.Set("Authorization", "Bearer "+p.running.Token)
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: 20 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		return out, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return out, err
	}
	if answer.StatusCode != http.StatusOK {
		p.t.Errorf("%s: %s %s", path, answer.Status, said)
		return out, errors.New(answer.Status)
	}
	return out, json.Unmarshal(said, &out)
}
