package sim

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"howett.net/plist"
)

// enrolled is a phone under management of a small server.
func enrolled(t *testing.T, change ...func(*PhoneOptions)) (*service, *Phone) {
	t.Helper()
	s := newService(t)
	p := s.phone(change...)
	if err := p.Enroll(t.Context(), "anna@example.org", "secret"); err != nil {
		t.Fatal(err)
	}
	return s, p
}

func poll(t *testing.T, p *Phone, want int) {
	t.Helper()
	if got, err := p.Poll(t.Context()); err != nil || got != want {
		t.Fatalf("poll: %d commands, %v; want %d", got, err, want)
	}
}

// answerTo is the last thing said about the only command of a type.
func answerTo(t *testing.T, s *service, p *Phone, requestType string, keys map[string]any) map[string]any {
	t.Helper()
	s.enqueue(requestType, keys)
	s.mu.Lock()
	id := s.queue[len(s.queue)-1]["CommandUUID"].(string)
	s.mu.Unlock()
	poll(t, p, 1)
	said := s.heard("CommandUUID", id)
	if len(said) == 0 {
		t.Fatalf("%s: nothing said", requestType)
	}
	return said[len(said)-1]
}

func TestPhoneAnswersWhatUserEnrollmentAllows(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	information := answerTo(t, s, p, "DeviceInformation", map[string]any{"Queries": []string{"OSVersion", "ProductName", "SerialNumber"}})
	answers, _ := information["QueryResponses"].(map[string]any)
	if answers["OSVersion"] != "26.1" || answers["ProductName"] != "iPhone17,2" || answers["SerialNumber"] != nil {
		t.Errorf("DeviceInformation: %v", information)
	}
	security := answerTo(t, s, p, "SecurityInfo", nil)
	if info, _ := security["SecurityInfo"].(map[string]any); info["PasscodeCompliant"] != true || info["PasscodePresent"] != nil {
		t.Errorf("SecurityInfo: %v", security)
	}
	if list, _ := answerTo(t, s, p, "ProfileList", nil)["ProfileList"].([]any); len(list) != 1 {
		t.Errorf("ProfileList: %v", list)
	}
	if list, _ := answerTo(t, s, p, "CertificateList", nil)["CertificateList"].([]any); len(list) != 2 {
		t.Errorf("CertificateList has %d entries, want the identity and the anchor", len(list))
	}
	settings := answerTo(t, s, p, "Settings", map[string]any{"Settings": []any{
		map[string]any{"Item": "OrganizationInfo"}, map[string]any{"Item": "DeviceName"},
	}})
	items, _ := settings["Settings"].([]any)
	if len(items) != 2 || items[0].(map[string]any)["Status"] != "Acknowledged" || items[1].(map[string]any)["Status"] != "Error" {
		t.Errorf("Settings: %v", settings)
	}
	if answer := answerTo(t, s, p, "EraseDevice", nil); answer["Status"] != "Error" || answer["ErrorChain"] == nil {
		t.Errorf("EraseDevice: %v", answer)
	}
	for requestType, keys := range map[string]map[string]any{
		"DeviceLock": {"Message": "hi"}, "InstalledApplicationList": nil, "ManagedApplicationList": nil, "ProvisioningProfileList": nil,
		"InstallApplication": {"Identifier": "org.example.app"}, "RequestMirroring": nil,
	} {
		if answer := answerTo(t, s, p, requestType, keys); answer["Status"] != "Acknowledged" {
			t.Errorf("%s: %v", requestType, answer)
		}
	}
	for requestType, keys := range map[string]map[string]any{
		"InstallApplication": {"Identifier": "a", "ManifestURL": "b"}, "DeviceInformation": {}, "InstallProfile": {},
	} {
		if answer := answerTo(t, s, p, requestType, keys); answer["Status"] != "CommandFormatError" {
			t.Errorf("%s with the wrong keys: %v", requestType, answer)
		}
	}
	var rules []string
	for _, c := range p.Complaints() {
		rules = append(rules, c.Rule)
	}
	for _, want := range []string{"query-forbidden", "setting-forbidden", "command-forbidden", "command-keys"} {
		if !slices.Contains(rules, want) {
			t.Errorf("no complaint %s among %v", want, rules)
		}
	}
}

func TestPhoneInstallsAndRemovesProfiles(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	wifi := func(more map[string]any) []byte {
		payload := map[string]any{
			"PayloadType": "com.apple.wifi.managed", "PayloadVersion": 1, "PayloadIdentifier": "org.example.wifi.1",
			"PayloadUUID": "00000000-0000-4000-8000-000000000001", "SSID_STR": "Example",
		}
		for k, v := range more {
			payload[k] = v
		}
		body, err := plist.Marshal(map[string]any{
			"PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": "org.example.wifi",
			"PayloadUUID": "00000000-0000-4000-8000-000000000002", "PayloadContent": []any{payload},
		}, plist.XMLFormat)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	if answer := answerTo(t, s, p, "InstallProfile", map[string]any{"Payload": wifi(nil)}); answer["Status"] != "Acknowledged" || len(p.Installed()) != 1 {
		t.Errorf("a Wi-Fi profile: %v", answer)
	}
	if answer := answerTo(t, s, p, "InstallProfile", map[string]any{"Payload": wifi(map[string]any{"ProxyType": "Auto"})}); answer["Status"] != "Error" {
		t.Errorf("a Wi-Fi profile with a proxy: %v", answer)
	}
	if answer := answerTo(t, s, p, "RemoveProfile", map[string]any{"Identifier": "org.example.other"}); answer["Status"] != "Error" {
		t.Errorf("removing what is not there: %v", answer)
	}
	if answer := answerTo(t, s, p, "RemoveProfile", map[string]any{"Identifier": "org.example.wifi"}); answer["Status"] != "Acknowledged" || len(p.Installed()) != 0 {
		t.Errorf("removing the Wi-Fi profile: %v", answer)
	}
	s.enqueue("RemoveProfile", map[string]any{"Identifier": "org.example.enroll"})
	s.enqueue("SecurityInfo", nil)
	poll(t, p, 1)
	if p.Enrolled() || len(s.heard("MessageType", "CheckOut")) != 1 {
		t.Errorf("after its profile was removed: enrolled %v, said goodbye %d times", p.Enrolled(), len(s.heard("MessageType", "CheckOut")))
	}
}

func TestPhoneRenewsItsProfile(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	id, before := p.EnrollmentID(), p.Identity().Certificate
	update := func(change func(mdm map[string]any)) map[string]any {
		profile := s.enrollment()
		profile["PayloadContent"].([]any)[1].(map[string]any)["PayloadContent"].(map[string]any)["Challenge"] = "once-" + rand.Text()
		change(profile["PayloadContent"].([]any)[2].(map[string]any))
		body, err := plist.Marshal(profile, plist.XMLFormat)
		if err != nil {
			t.Fatal(err)
		}
		return answerTo(t, s, p, "InstallProfile", map[string]any{"Payload": body})
	}
	if answer := update(func(mdm map[string]any) { mdm["ServerURL"] = "https://other.example.org/mdm" }); answer["Status"] != "Error" {
		t.Errorf("an update that moves the server: %v", answer)
	}
	if !p.Identity().Certificate.Equal(before) {
		t.Error("a refused update changed the identity")
	}
	if answer := update(func(map[string]any) {}); answer["Status"] != "Acknowledged" {
		t.Errorf("an update that changes nothing: %v", answer)
	}
	if p.EnrollmentID() != id || p.Identity().Certificate.Equal(before) {
		t.Error("the update should keep the enrollment and bring a new identity")
	}
	second := p.Identity().Certificate
	if err := p.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.Identity().Certificate.Equal(second) || len(s.heard("MessageType", "Authenticate")) != 3 {
		t.Error("the renewal should bring a third identity and check in with it")
	}
	poll(t, p, 0)
}

func TestPhoneKeepsWhatWasNotTaken(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	s.enqueue("SecurityInfo", nil)
	s.spoil(func(name string, a *answer) {
		if name == "nothing" {
			a.status = http.StatusServiceUnavailable
		}
	})
	var failed *StatusError
	if n, err := p.Poll(t.Context()); !errors.As(err, &failed) || n != 1 {
		t.Fatalf("poll: %d, %v", n, err)
	}
	s.spoil(nil)
	said := len(s.heard("Status", "Acknowledged"))
	poll(t, p, 0)
	if again := len(s.heard("Status", "Acknowledged")); again != said+1 {
		t.Errorf("the result was said %d times, then %d times; want once more", said, again)
	}
	poll(t, p, 0)
	if idle := s.heard("Status", "Idle"); len(idle) != 2 {
		t.Errorf("Idle was said %d times, want 2: a phone with a result to tell does not say Idle first", len(idle))
	}
}

func TestPhoneObeysTheWordsThatEndIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*answer)
		rule    string
		managed bool
	}{
		"401 without a challenge": {func(a *answer) { a.status = 401 }, "bare-401", false},
		"401 with Basic":          {func(a *answer) { a.status = 401; a.header.Set("WWW-Authenticate", "Basic") }, "bare-401", false},
		"403 unrecognized": {func(a *answer) {
			a.status, a.body = 403, []byte(`{"code":"com.apple.unrecognized.device"}`)
			a.header.Set("Content-Type", "application/json")
		}, "no refusal", false},
		"403 without a code": {func(a *answer) { a.status = 403 }, "no refusal", true},
		"400":                {func(a *answer) { a.status = 400 }, "no refusal", true},
		"500":                {func(a *answer) { a.status = 500 }, "no refusal", true},
		"410":                {func(a *answer) { a.status = 410 }, "no refusal", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := enrolled(t)
			s.spoil(spoiled("nothing", c.change))
			_, err := p.Poll(t.Context())
			if got := ruleOf(err); got != c.rule && got[:min(len(got), len(c.rule))] != c.rule {
				t.Errorf("got %s, want %s", got, c.rule)
			}
			if p.Enrolled() != c.managed {
				t.Errorf("enrolled %v (%s), want %v", p.Enrolled(), p.Left(), c.managed)
			}
		})
	}
}

func TestPersonSignsInAgain(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	s.mu.Lock()
	s.token = "token-2"
	s.mu.Unlock()
	if _, err := p.Poll(t.Context()); !errors.Is(err, ErrSignInAgain) || !p.MustSignIn() || !p.Enrolled() {
		t.Fatalf("poll with an old token: %v, must sign in %v, enrolled %v", err, p.MustSignIn(), p.Enrolled())
	}
	var wrong *SignInError
	if err := p.SignInAgain(t.Context(), "guess"); !errors.As(err, &wrong) {
		t.Errorf("a wrong password: %v", err)
	}
	if err := p.SignInAgain(t.Context(), "secret"); err != nil {
		t.Fatal(err)
	}
	if p.Token() != "token-2" || p.MustSignIn() {
		t.Errorf("token %q, must sign in %v", p.Token(), p.MustSignIn())
	}
	poll(t, p, 0)
}

func TestAuthenticateThatFailsEndsTheAttempt(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.spoil(spoiled("Authenticate", func(a *answer) { a.status = 503 }))
	p := s.phone()
	if err := p.Enroll(t.Context(), "anna@example.org", "secret"); err == nil {
		t.Fatal("enrolled although Authenticate failed")
	}
	if err := p.Authenticate(t.Context()); !errors.Is(err, ErrOrder) {
		t.Errorf("the phone would go on: %v", err)
	}
	s.spoil(nil)
	id := p.EnrollmentID()
	if err := p.Enroll(t.Context(), "anna@example.org", "secret"); err != nil || p.EnrollmentID() == id {
		t.Errorf("a second attempt: %v, same name %v", err, p.EnrollmentID() == id)
	}
}

func TestTemper(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	p.SetTemper(Temper{NotNow: 1})
	s.enqueue("SecurityInfo", nil)
	poll(t, p, 1)
	if len(s.heard("Status", "NotNow")) != 1 || !p.WillCallAgain() {
		t.Errorf("NotNow said %d times, will call again %v", len(s.heard("Status", "NotNow")), p.WillCallAgain())
	}
	p.SetTemper(Temper{})
	poll(t, p, 1)
	if p.WillCallAgain() || len(s.heard("Status", "Acknowledged")) != 1 {
		t.Error("the command should be done at the next call")
	}
	p.SetTemper(Temper{NotNow: 1})
	if answer := answerTo(t, s, p, "DeviceInformation", map[string]any{"Queries": []string{"OSVersion"}}); answer["Status"] != "Acknowledged" {
		t.Errorf("iOS never answers NotNow to DeviceInformation: %v", answer)
	}

	p.SetTemper(Temper{Repeats: 1})
	before := len(s.heard("Status", "Idle"))
	poll(t, p, 0)
	if after := len(s.heard("Status", "Idle")); after != before+2 {
		t.Errorf("Idle was said %d times more, want twice", after-before)
	}
	p.SetTemper(Temper{Offline: []time.Weekday{0, 1, 2, 3, 4, 5, 6}})
	if _, err := p.Poll(t.Context()); !errors.Is(err, ErrOffline) {
		t.Errorf("without network: %v", err)
	}
	p.SetTemper(Temper{NeverSaysBye: true})
	if err := p.Leave(t.Context()); err != nil || p.Enrolled() || len(s.heard("MessageType", "CheckOut")) != 0 {
		t.Errorf("leaving in silence: %v, enrolled %v", err, p.Enrolled())
	}
}

func TestDeclarations(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	if answer := answerTo(t, s, p, "DeclarativeManagement", nil); answer["Status"] != "Acknowledged" {
		t.Fatal(answer)
	}
	if got := p.Declarations(); !slices.Equal(got, []string{"activation/act", "configuration/sub"}) {
		t.Errorf("holds %v", got)
	}
	report := s.heard("Endpoint", "status")
	if len(report) != 1 {
		t.Fatalf("%d status reports", len(report))
	}
	for _, want := range []string{`"family":"iPhone"`, `"is-present":true`, `"client-capabilities"`, `"FullReport":true`, `"active":true`} {
		if data, _ := report[0]["Data"].([]byte); !bytes.Contains(data, []byte(want)) {
			t.Errorf("the report lacks %s: %s", want, data)
		}
	}
	asked := len(s.order("Endpoint"))
	if err := p.SyncDeclarations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if more := s.order("Endpoint")[asked:]; !slices.Equal(more, []string{"tokens"}) {
		t.Errorf("with the same token the phone asked for %v", more)
	}
	s.mu.Lock()
	s.declared = "two"
	s.mu.Unlock()
	if err := p.SyncDeclarations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if more := s.order("Endpoint")[asked+1:]; !slices.Equal(more, []string{"tokens", "declaration-items", "declaration/activation/act", "status"}) {
		t.Errorf("with a new activation the phone asked for %v", more)
	}
	for rule, spoil := range map[string]func(string, *answer){
		"ddm-json":      spoiled("tokens", func(a *answer) { a.body = []byte("plist") }),
		"ddm-timestamp": spoiled("tokens", func(a *answer) { a.body = []byte(`{"SyncTokens":{"DeclarationsToken":"x","Timestamp":"now"}}`) }),
		"ddm-token":     spoiled("declaration-items", func(a *answer) { a.body = []byte(`{"Declarations":{},"DeclarationsToken":"y"}`) }),
		"ddm-manifest":  spoiled("declaration-items", func(a *answer) { a.body = []byte(`{"Declarations":{"Activations":[]},"DeclarationsToken":"three"}`) }),
	} {
		s.mu.Lock()
		s.declared, s.change = "three", spoil
		s.mu.Unlock()
		if got := ruleOf(p.SyncDeclarations(t.Context())); got != rule {
			t.Errorf("got %s, want %s", got, rule)
		}
	}
}

func TestGetToken(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	if token, err := p.GetToken(t.Context(), "com.apple.maid"); err != nil || string(token) != "jwt" {
		t.Errorf("%q, %v", token, err)
	}
	s.spoil(spoiled("GetToken", func(a *answer) { a.body = nil }))
	if _, err := p.GetToken(t.Context(), "com.apple.maid"); ruleOf(err) != "get-token" {
		t.Errorf("an empty answer: %v", err)
	}
}

func TestSCEPByGetAndPending(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.pending = 1
	p := s.phone(func(o *PhoneOptions) { o.SCEPByGet = true })
	if err := p.Enroll(t.Context(), "anna@example.org", "secret"); err != nil {
		t.Fatal(err)
	}
}

func TestSendBreaksWhatItIsTold(t *testing.T) {
	t.Parallel()
	s, p := enrolled(t)
	_, other := enrolled(t)
	idle := p.Report("Idle", "", nil)
	right, err := p.Signature(idle)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o    SendOptions
		want int
	}{
		"as it is":            {SendOptions{}, 200},
		"a saved signature":   {SendOptions{Signature: right}, 200},
		"no signature":        {SendOptions{NoSignature: true}, 400},
		"a wrong signature":   {SendOptions{Signature: "AAAA"}, 400},
		"another's signature": {SendOptions{Signer: other.Identity()}, 400},
		"no token":            {SendOptions{NoToken: true}, 401},
		"a made-up token":     {SendOptions{Token: "made-up"}, 401},
	} {
		if answer, err := p.Send(t.Context(), ToServer, idle, c.o); err != nil || answer.Status != c.want {
			t.Errorf("%s: %d, %v; want %d", name, answer.Status, err, c.want)
		}
	}
	if !p.Enrolled() {
		t.Error("Send must take no notice of the answer")
	}
	changed := p.Message("TokenUpdate", map[string]any{"UDID": "x", "Topic": nil})
	if answer, err := p.Send(t.Context(), ToCheckIn, changed, SendOptions{}); err != nil || answer.Status != 200 {
		t.Fatal(answer, err)
	}
	if m := s.heard("UDID", "x"); len(m) != 1 || m[0]["Topic"] != nil {
		t.Errorf("the message arrived as %v", m)
	}
}
