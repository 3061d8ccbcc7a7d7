package mdm_test

import (
	"testing"

	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/profile/appleschema"
)

// TestCommandsAreWhatAppleDescribes holds every command, as it goes over the wire, against Apple's own description: its
// keys and their types, and whether a personal iPhone obeys it.
func TestCommandsAreWhatAppleDescribes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled("anna@example.org")
		p.drain()
		for _, name := range mdm.Allowed() {
			c, err := mdm.NewCommand(name, mdm.Arguments{Message: "Please call", Phone: "+49 30 1234", Identifier: "com.example.profile"})
			if err != nil {
				t.Fatal(err)
			}
			if n, err := h.server.Enqueue(t.Context(), mdm.Filter{IDs: []string{p.id}}, c); n != 1 || err != nil {
				t.Fatalf("%s: queued %d, %v", name, n, err)
			}
			w := p.answer(dict{"Status": "Idle"})
			if mime := w.Header().Get("Content-Type"); mime != "application/xml; charset=UTF-8" {
				t.Errorf("%s: Content-Type %q", name, mime)
			}
			for _, problem := range appleschema.Command(w.Body.Bytes()) {
				t.Errorf("%s: %s", name, problem)
			}
			sent := p.ok(w)
			if sent.requestType() != name {
				t.Fatalf("got %s, want %s", sent.requestType(), name)
			}
			p.ok(p.answer(dict{"Status": "Acknowledged", "CommandUUID": sent.CommandUUID}))
		}
		for name := range mdm.Forbidden() {
			body := encode(t, dict{"CommandUUID": "x", "Command": dict{"RequestType": name}})
			if len(appleschema.Command(body)) == 0 {
				t.Errorf("%s: we call it forbidden, Apple does not", name)
			}
		}
	})
}
