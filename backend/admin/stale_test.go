package admin_test

import (
	"strings"
	"testing"

	"example.org/gatehouse/backend/admin"
)

// Clearing, from the preview to the receipt, with every room's part of a record gone at the end.
func TestClearingARecord(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp()
		p := h.phone()
		must(t, p.Enroll(t.Context(), anna, password))
		var list admin.Enrollments
		h.want("GET", "/enrollments", "", &list)
		id := list.Enrollments[0].ID

		var stale admin.Stale
		h.want("GET", "/stale", "", &stale)
		if stale.Summary.Proposed != 0 || stale.Rule.Silent != 90 {
			t.Errorf("a phone in touch: %+v", stale)
		}
		var queued admin.Queued
		h.want("POST", "/stale/wake", `{"waiting":0,"silent":30,"probably_removed":0,"must_enroll_again":0,"removed":0}`, &queued)
		h.refused("POST", "/enrollments/archive", `{}`, admin.Invalid)
		h.refused("POST", "/enrollments/purge", `{"ids":["`+id+`"]}`, admin.NotArchived)
		h.refused("POST", "/batches/none/undo", "", admin.NothingToUndo)

		var batch admin.Batch
		h.want("POST", "/enrollments/archive", `{"view":{"search":"anna"}}`, &batch)
		if batch.Count != 1 || batch.Until.Sub(batch.At).Hours() != 30*24 {
			t.Errorf("batch: %+v", batch)
		}
		var batches admin.Batches
		h.want("GET", "/batches", "", &batches)
		if len(batches.Batches) != 1 || batches.Batches[0].Left != 1 {
			t.Errorf("batches: %+v", batches)
		}
		h.want("POST", "/batches/"+batch.ID+"/undo", "", nil)
		h.want("GET", "/enrollments?state=enrolled", "", &list)
		if list.Total != 1 {
			t.Error("undo did not bring the phone back")
		}
		h.want("POST", "/enrollments/archive", `{"ids":["`+id+`"]}`, nil)
		h.want("POST", "/enrollments/restore", `{"ids":["`+id+`"]}`, nil)
		h.want("POST", "/enrollments/archive", `{"ids":["`+id+`"]}`, nil)

		var receipt admin.Receipt
		h.want("POST", "/enrollments/purge", `{"ids":["`+id+`"],"dry_run":true}`, &receipt)
		h.want("GET", "/enrollments/"+id, "", nil)
		h.want("POST", "/enrollments/purge", `{"ids":["`+id+`"]}`, &receipt)
		h.refused("GET", "/enrollments/"+id, "", admin.NotFound)
		var attempts admin.Attempts
		h.want("GET", "/attempts", "", &attempts)
		var events admin.Events
		h.want("GET", "/events?limit=500", "", &events)
		for _, e := range events.Events {
			if e.Enrollment == id || e.Attempt != "" {
				t.Errorf("an event is left: %+v", e)
			}
		}
		var receipts admin.Receipts
		h.want("GET", "/receipts", "", &receipts)
		if len(attempts.Attempts) != 0 || len(receipts.Receipts) != 1 || receipts.Receipts[0].Phones != 1 || strings.Contains(receipts.Receipts[0].By, anna) {
			t.Errorf("attempts %+v, receipts %+v", attempts.Attempts, receipts)
		}
	})
}
