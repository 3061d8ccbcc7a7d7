package oracle

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/micromdm/nanolib/log"
	nanohttp "github.com/micromdm/nanomdm/http/mdm"
	nano "github.com/micromdm/nanomdm/mdm"
	"github.com/micromdm/nanomdm/service"
	"github.com/micromdm/nanomdm/service/certauth"
	"github.com/micromdm/nanomdm/service/nanomdm"
	"github.com/micromdm/nanomdm/storage/inmem"
	"howett.net/plist"

	"example.org/gatehouse/backend/mdm"
)

// step is one message. Differs says why the two may answer differently; "" means that they must not.
type step struct {
	name    string
	message func(side) *http.Request
	differs string
}

// side is one of the two servers, as the phone of a test sees it.
type side struct {
	phone *phone
	uuid  string // of the command it was sent last
}

// answer is what the two are compared by: the status, and the kind of command, since each has its own ids.
type answer struct {
	status  int
	command string
}

const (
	stricter = "bad input is the sender's, so 400; NanoMDM calls it 500, which a phone takes for our trouble and repeats just the same"
)

func TestSameAnswers(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.phone("anna@example.org"), h.phone("ben@example.org")
	stranger := h.phone("carl@example.org")
	theirs := newNano(t, h)

	checkIn := func(p *phone, d dict) func(side) *http.Request {
		return func(side) *http.Request { return p.checkIn(d) }
	}
	authenticate := dict{"MessageType": "Authenticate", "ProductName": "iPhone17,2", "OSVersion": "26.1", "BuildVersion": "23B85"}
	updateToken := dict{"MessageType": "TokenUpdate", "Token": bytes.Repeat([]byte{7}, 32), "PushMagic": "magic", "AwaitingConfiguration": false}
	status := func(p *phone, s string) func(side) *http.Request {
		return func(x side) *http.Request {
			d := dict{"Status": s}
			if s != "Idle" {
				d["CommandUUID"] = x.uuid
			}
			return p.answer(d)
		}
	}
	raw := func(p *phone, path string, body string) func(side) *http.Request {
		return func(side) *http.Request { return p.request(path, []byte(body)) }
	}
	with := func(d dict, more dict) dict {
		all := dict{}
		for _, m := range []dict{d, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}

	for _, s := range []step{
		{name: "Idle before anything", message: status(anna, "Idle"), differs: stricter},
		{name: "TokenUpdate before Authenticate", message: checkIn(anna, updateToken), differs: stricter},
		{name: "Authenticate", message: checkIn(anna, authenticate)},
		{name: "Authenticate repeated", message: checkIn(anna, authenticate)},
		{name: "TokenUpdate", message: checkIn(anna, updateToken)},
		{name: "TokenUpdate repeated", message: checkIn(anna, updateToken)},
		{name: "Idle gets the first command", message: status(anna, "Idle")},
		{name: "Idle again gets it again", message: status(anna, "Idle")},
		{name: "NotNow gets the next", message: status(anna, "NotNow")},
		{
			name: "Acknowledged after NotNow", message: status(anna, "Acknowledged"),
			differs: "a phone that said NotNow would say it again: we pass the command over until its next Idle and send it a push",
		},
		{name: "Idle brings the refused command back", message: status(anna, "Idle")},
		{name: "Error ends it", message: status(anna, "Error")},
		{name: "CommandFormatError", message: status(anna, "CommandFormatError")},
		{name: "the queue runs empty", message: status(anna, "Acknowledged")},
		{name: "an answer to nothing", message: func(side) *http.Request {
			return anna.answer(dict{"Status": "Acknowledged", "CommandUUID": "00000000-0000-0000-0000-000000000000"})
		}},
		{name: "Idle, nothing to do", message: status(anna, "Idle")},
		{name: "GetBootstrapToken without a token", message: checkIn(anna, dict{"MessageType": "GetBootstrapToken"})},
		{name: "SetBootstrapToken", message: checkIn(anna, dict{"MessageType": "SetBootstrapToken", "BootstrapToken": []byte("x")})},
		{name: "UserAuthenticate", message: checkIn(anna, dict{"MessageType": "UserAuthenticate", "UserID": "u"})},
		{name: "GetToken, unknown service", message: checkIn(anna, dict{"MessageType": "GetToken", "TokenServiceType": "com.apple.surprise"}), differs: stricter},
		{name: "unknown message", message: checkIn(anna, dict{"MessageType": "Surprise"})},
		{name: "not a property list", message: raw(anna, "/mdm/checkin", "hello")},
		{name: "not a property list either", message: raw(anna, "/mdm", "hello")},
		{name: "no signature", message: func(side) *http.Request {
			r := anna.answer(dict{"Status": "Idle"})
			r.Header.Del("Mdm-Signature")
			return r
		}},
		{name: "broken signature", message: func(side) *http.Request {
			r := anna.answer(dict{"Status": "Idle"})
			r.Header.Set("Mdm-Signature", anna.sign([]byte("other bytes")))
			return r
		}},
		{name: "another phone's identity", message: func(side) *http.Request {
			p := *stranger
			p.id = anna.id
			return p.answer(dict{"Status": "Idle"})
		}, differs: stricter},
		{name: "a second enrollment with one identity", message: func(side) *http.Request {
			p := *anna
			p.id = ben.id
			return p.checkIn(authenticate)
		}, differs: stricter},
		{name: "CheckOut", message: checkIn(anna, dict{"MessageType": "CheckOut"})},
		{name: "Authenticate of another", message: checkIn(ben, authenticate)},
		{name: "TokenUpdate of another", message: checkIn(ben, updateToken)},
		{name: "CheckOut of another", message: checkIn(ben, dict{"MessageType": "CheckOut"})},
		{name: "CheckOut again", message: checkIn(ben, dict{"MessageType": "CheckOut"})},
		{name: "a fresh identity takes over an enrollment", message: func(side) *http.Request {
			p := *stranger
			p.id = anna.id
			return p.checkIn(authenticate)
		}, differs: "NanoMDM lets a certificate that it has not seen take over an EnrollmentID; we bind both at Authenticate"},
		{name: "a device that speaks UDID", message: func(side) *http.Request {
			return ben.request("/mdm/checkin", encode(t, with(authenticate, dict{"UDID": "00008030-0001", "Topic": topic})))
		}, differs: "a phone in User Enrollment has no UDID; one that names it is in another kind of management"},
	} {
		if s.name == "Idle gets the first command" {
			theirs.queue(t, anna.id, mdm.DeviceInformation().RequestType(), mdm.SecurityInfo().RequestType(), mdm.DeclarativeManagement().RequestType())
		}
		ours := h.send(t, s.message(side{anna, h.uuid}), &h.uuid)
		nanos := theirs.send(t, s.message(side{anna, theirs.uuid}))
		switch {
		case ours != nanos && s.differs == "":
			t.Errorf("%s: we answer %+v, NanoMDM %+v, and nobody said why", s.name, ours, nanos)
		case ours == nanos && s.differs != "":
			t.Errorf("%s: both answer %+v, yet a difference is listed: %s", s.name, ours, s.differs)
		case s.differs != "":
			t.Logf("%s: we answer %+v, NanoMDM %+v: %s", s.name, ours, nanos, s.differs)
		}
	}
}

// nanoServer is NanoMDM as it is usually put together: signature, certificate check, certificate binding, core.
type nanoServer struct {
	handler http.Handler
	store   *inmem.InMem
	uuid    string
}

func newNano(t *testing.T, h *house) *nanoServer {
	t.Helper()
	store := inmem.New()
	core := nanomdm.New(store, nanomdm.WithUserAuthenticate(nanomdm.NewUAService(store, false)))
	bound := certauth.New(core, store)
	var handler http.Handler = nanohttp.CheckinAndCommandHandler(bound, log.NopLogger)
	handler = nanohttp.CertVerifyMiddleware(handler, issuedByUs{h}, log.NopLogger)
	handler = nanohttp.CertExtractMdmSignatureMiddleware(handler, nanohttp.MdmSignatureVerifierFunc(h.signer))
	return &nanoServer{handler: handler, store: store}
}

var _ service.CheckinAndCommandService = (*nanomdm.Service)(nil)

type issuedByUs struct{ h *house }

func (i issuedByUs) Verify(_ context.Context, c *x509.Certificate) error {
	if c == nil || !i.h.issued(c) {
		return fmt.Errorf("not ours")
	}
	return nil
}

func (n *nanoServer) queue(t *testing.T, id string, requestTypes ...string) {
	t.Helper()
	for i, requestType := range requestTypes {
		body := encode(t, dict{"CommandUUID": fmt.Sprintf("nano-%d", i), "Command": dict{"RequestType": requestType}})
		command, err := nano.DecodeCommand(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.store.EnqueueCommand(t.Context(), []string{id}, command); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *nanoServer) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	return read(t, w, &n.uuid)
}

// read keeps the id of a command, for the answer to it.
func read(t *testing.T, w *httptest.ResponseRecorder, uuid *string) answer {
	t.Helper()
	a := answer{status: w.Code}
	if w.Code == http.StatusOK && w.Body.Len() > 0 {
		var c struct {
			CommandUUID string
			Command     struct{ RequestType string }
		}
		if _, err := plist.Unmarshal(w.Body.Bytes(), &c); err != nil {
			t.Fatalf("answer %q: %v", w.Body, err)
		}
		a.command, *uuid = c.Command.RequestType, c.CommandUUID
	}
	return a
}
