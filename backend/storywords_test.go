package backend_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.org/gatehouse/backend/admin"
	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/enroll"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
	"example.org/gatehouse/backend/settings"
	"example.org/gatehouse/backend/sim"
)

var errWords = errors.New("the story's language has no such words")

// server start|bare|open|stop|restart|clock DURATION|sql STATEMENT|log: the server, ready to enroll or before its first questions.
func (w *world) server(args []string) (string, error) {
	switch strings.Join(args[:1], "") {
	case "start":
		if err := w.open(); err != nil {
			return "", err
		}
		return "", w.setUp()
	case "bare", "open":
		return "", w.open()
	case "setup":
		return "", w.setUp()
	case "named": // NAME: the server's certificate has this name
		return "", eventually(func() error { return w.handshake(args[1]) })
	case "stop":
		return "", w.shut()
	case "restart":
		return "", errors.Join(w.shut(), w.open())
	case "clock":
		d, err := time.ParseDuration(args[1])
		if err != nil {
			return "", err
		}
		return "", w.pass(d)
	case "log":
		return w.log.String(), nil
	case "sql": // STATEMENT: somebody has a program for databases
		return "", w.write(func(tx *db.Tx) error {
			n, err := tx.Exec(args[1])
			if err == nil && n == 0 {
				err = errors.New("nothing was changed")
			}
			return err
		})
	case "revoke": // NAME: the token of a phone is worth nothing any more
		return "", w.revoke(w.phones[args[1]])
	case "state":
		s := w.house.State()
		return fmt.Sprintf("%s phones=%t\n", s.State, s.PublicAddr != ""), nil
	}
	return "", errWords
}

// handshake looks whether the server proves a name with a certificate that the phones trust.
func (w *world) handshake(name string) error {
	roots, err := w.roots()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	raw, err := w.dial(ctx, "tcp", "")
	if err != nil {
		return err
	}
	defer raw.Close()
	return tls.Client(raw, &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12}).HandshakeContext(ctx)
}

// pass lets time go by. A server that runs was there all the while.
func (w *world) pass(d time.Duration) error {
	before := w.now()
	w.mu.Lock()
	w.offset += d
	w.mu.Unlock()
	if w.house == nil {
		return nil
	}
	return w.write(func(tx *db.Tx) error { return event.Present(tx, before, w.now(), event.Off) })
}

// revoke cuts a phone off until its person signs in again. It goes to the database, since no administrator can do it yet.
func (w *world) revoke(p *sim.Phone) error {
	return w.write(func(tx *db.Tx) error {
		if err := mdm.ForgetToken(tx, p.EnrollmentID()); err != nil {
			return err
		}
		return enroll.Tokens{}.Left(tx, p.EnrollmentID())
	})
}

// write changes the database behind the server's back.
func (w *world) write(fn func(tx *db.Tx) error) error {
	address := w.database
	if address == "" {
		address = "sqlite:" + filepath.Join(w.data, "gatehouse.db")
	}
	d, err := db.Open(context.Background(), address, db.Options{Key: sealingKey})
	if err != nil {
		return err
	}
	return errors.Join(d.Update(context.Background(), fn), d.Close())
}

// phone NAME VERB …: what a person does with an iPhone.
func (w *world) phone(args []string) (string, error) {
	if len(args) < 2 {
		return "", errWords
	}
	name, verb, rest := args[0], args[1], args[2:]
	if verb == "new" {
		return "", w.newPhone(name, rest)
	}
	p := w.phones[name]
	if p == nil {
		return "", fmt.Errorf("there is no phone of %s", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	switch verb {
	case "discover":
		d, err := p.Discover(ctx, rest[0])
		return fmt.Sprintln(d.Version, d.BaseURL), err
	case "knock":
		c, err := p.Knock(ctx)
		return fmt.Sprintln(c.Method, c.URL), err
	case "sheet":
		_, err := p.OpenSheet(ctx)
		return "", err
	case "signin":
		return "", p.SignIn(ctx, rest[0])
	case "code":
		return "", p.SignInWithCode(ctx, rest[0])
	case "fetch":
		_, err := p.FetchProfile(ctx)
		return "", err
	case "identity":
		_, err := p.RequestIdentity(ctx)
		return "", err
	case "authenticate":
		return "", p.Authenticate(ctx)
	case "update":
		return "", w.listens(p, p.UpdateToken(ctx))
	case "enroll":
		return "", w.listens(p, p.Enroll(ctx, rest[0], rest[1]))
	case "wake":
		n, err := p.Poll(ctx)
		if n == 0 {
			return "no command\n", err
		}
		return fmt.Sprintf("%d commands\n", n), err
	case "leave":
		return "", p.Leave(ctx)
	case "renew":
		return "", p.Renew(ctx)
	case "again":
		return "", p.SignInAgain(ctx, rest[0])
	case "gettoken":
		_, err := p.GetToken(ctx, rest[0])
		return "", err
	case "sync":
		err := p.SyncDeclarations(ctx)
		return strings.Join(p.Declarations(), "\n") + "\n", err
	case "report":
		return "", p.ReportStatus(ctx)
	case "say":
		return w.say(ctx, p, rest)
	case "sleep": // pushes do not reach it
		w.apns.OnPush(p.PushToken(), func(string) {})
		return "", nil
	case "shows":
		return w.shows(p), nil
	case "answers": // language= name= group= same= decline=yes: what its person says on the pages
		how := values(rest)
		p.SetAnswers(sim.Answers{
			Language: how["language"], Name: how["name"], Group: how["group"], Same: how["same"], Decline: how["decline"] == "yes",
		})
		return "", nil
	case "pages":
		return strings.Join(p.Headings(), "\n") + "\n", nil
	}
	return "", errWords
}

func (w *world) newPhone(name string, args []string) error {
	roots, err := w.roots()
	if err != nil {
		return err
	}
	devices, err := makers()
	if err != nil {
		return err
	}
	o := sim.PhoneOptions{Seed: uint64(len(w.phones) + 1), Roots: roots, Dial: w.dial, Now: w.now}
	how := values(args)
	if how["device"] != "unknown" {
		if o.Device, err = devices.Issue(); err != nil {
			return err
		}
	}
	if how["device"] == "old" {
		if o.Device, err = devices.IssueOld(); err != nil {
			return err
		}
	}
	o.Language = how["language"]
	if len(args) > 0 && !strings.Contains(args[0], "=") {
		o.Model = args[0]
	}
	if how["repeats"] == "always" {
		o.Temper.Repeats = 1
	}
	o.Temper.NeverSaysBye = how["bye"] == "never"
	o.SCEPByGet = how["scep"] == "get"
	w.phones[name] = sim.NewPhone(o)
	return nil
}

// listens has the phone answer each push, once it is enrolled.
func (w *world) listens(p *sim.Phone, err error) error {
	if err != nil {
		return err
	}
	w.apns.OnPush(p.PushToken(), func(magic string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.over || !p.Push(magic) {
			return
		}
		w.work.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			p.Poll(ctx) //nolint:errcheck // a phone without a server waits for the next push
		})
	})
	return nil
}

// say sends one message, put together wrongly on purpose: signer=, token= and enrollment= take those of another phone,
// "none" or anything made up. It prints the status, and the challenge of a 401.
func (w *world) say(ctx context.Context, p *sim.Phone, args []string) (string, error) {
	o, extra, to := sim.SendOptions{}, map[string]any{}, sim.ToCheckIn
	how := values(args[1:])
	if other := w.phones[how["signer"]]; other != nil {
		o.Signer = other.Identity()
	}
	o.NoSignature = how["signer"] == "none"
	switch t := how["token"]; {
	case t == "none":
		o.NoToken = true
	case w.phones[t] != nil:
		o.Token = w.phones[t].Token()
	default:
		o.Token = t
	}
	if other := w.phones[how["enrollment"]]; other != nil {
		extra["EnrollmentID"] = other.EnrollmentID()
	} else if how["enrollment"] != "" {
		extra["EnrollmentID"] = how["enrollment"]
	}
	if udid := how["udid"]; udid != "" {
		extra["UDID"], extra["EnrollmentID"] = udid, nil
	}
	var body []byte
	switch args[0] {
	case "Idle":
		to, body = sim.ToServer, p.Report("Idle", "", extra)
	case "MachineInfo":
		var err error
		if body, err = p.MachineInfo(); err != nil {
			return "", err
		}
		to = sim.ToEnrollment
	default:
		body = p.Message(args[0], extra)
	}
	answer, err := p.Send(ctx, to, body, o)
	return fmt.Sprintln("status", answer.Status, answer.Header.Get("WWW-Authenticate")), err
}

// shows is what the phone's owner sees in Settings.
func (w *world) shows(p *sim.Phone) string {
	var b strings.Builder
	if profile := p.Profile(); profile != nil {
		fmt.Fprintln(&b, "profile:", profile.DisplayName)
		fmt.Fprintln(&b, "account:", profile.MDM.AssignedManagedAppleID)
	}
	fmt.Fprintf(&b, "enrolled: %t\n", p.Enrolled())
	fmt.Fprintf(&b, "reminder to sign in: %t\n", p.MustSignIn())
	for _, c := range p.Complaints() {
		fmt.Fprintln(&b, "complaint:", c.Error())
	}
	return b.String()
}

// admin VERB …: what an administrator does.
func (w *world) admin(args []string) (string, error) {
	if len(args) == 0 {
		return "", errWords
	}
	api, ctx, rest := w.house.API(), operator(), args[1:]
	switch args[0] {
	case "add": // IDENTIFIER NAME PASSWORD [MANAGED-ACCOUNT]; "-" as password makes a code
		in := &admin.AddPersonIn{}
		in.Body.Identifier, in.Body.Name = rest[0], rest[1]
		if rest[2] != "-" {
			in.Body.Password = rest[2]
		}
		if len(rest) > 3 {
			in.Body.ManagedAccount = rest[3]
		}
		out, err := api.AddPerson(ctx, in)
		if err != nil || out.Code == nil {
			return "", err
		}
		return out.Code.Code, nil
	case "account": // IDENTIFIER MANAGED-ACCOUNT
		in := &admin.SetManagedAccountIn{Identifier: rest[0]}
		in.Body.ManagedAccount = rest[1]
		_, err := api.SetManagedAccount(ctx, in)
		return "", err
	case "unlock":
		_, err := api.UnlockPerson(ctx, &admin.PersonIn{Identifier: rest[0]})
		return "", err
	case "set": // KEY VALUE
		now, err := api.Settings(ctx, &admin.None{})
		if err != nil {
			return "", err
		}
		in := &admin.SettingsIn{Body: *now}
		if err := settings.SetKey(&in.Body, rest[0], rest[1]); err != nil {
			return "", err
		}
		_, err = api.ChangeSettings(ctx, in)
		return "", err
	case "text": // LANGUAGE KEY WORDS: a draft
		in := &admin.SaveTextIn{TextIn: admin.TextIn{Language: rest[0], Key: rest[1]}}
		in.Body.Text = rest[2]
		_, err := api.SaveText(ctx, in)
		return "", err
	case "publish":
		_, err := api.PublishTexts(ctx, &admin.PublishTextsIn{})
		return "", err
	case "restore": // VERSION
		n, err := strconv.ParseInt(rest[0], 10, 64)
		if err != nil {
			return "", err
		}
		in := &admin.RestoreTextsIn{TextVersionIn: admin.TextVersionIn{Version: n}}
		in.Body.Publish = true
		_, err = api.RestoreTexts(ctx, in)
		return "", err
	case "topic":
		return "", w.importPush(rest[0])
	case "terms": // BODY: publishes new terms, in English
		return "", w.terms(api, rest[0])
	case "consents":
		out, err := api.Consents(ctx, &admin.ConsentsIn{Limit: 200})
		if err != nil {
			return "", err
		}
		return pretty(out)
	case "list":
		list, err := api.Enrollments(ctx, &admin.EnrollmentsIn{Limit: 200})
		if err != nil {
			return "", err
		}
		return pretty(list.Enrollments)
	case "show":
		detail, err := api.Enrollment(ctx, &admin.EnrollmentIn{ID: w.phones[rest[0]].EnrollmentID()})
		if err != nil {
			return "", err
		}
		return pretty(detail)
	case "commands":
		list, err := api.Commands(ctx, &admin.EnrollmentIn{ID: w.phones[rest[0]].EnrollmentID()})
		if err != nil {
			return "", err
		}
		return pretty(list.Commands)
	case "command": // NAME TYPE
		in := &admin.SendCommandIn{}
		in.Body.IDs, in.Body.Type = []string{w.phones[rest[0]].EnrollmentID()}, rest[1]
		out, err := api.SendCommand(ctx, in)
		if err != nil {
			return "", err
		}
		return fmt.Sprintln(out.Count, "phones"), nil
	case "retire", "stay": // NAME: work is to be taken off the phone, or is not
		in := &admin.RetireIn{}
		in.Body.IDs = []string{w.phones[rest[0]].EnrollmentID()}
		do := api.Retire
		if args[0] == "stay" {
			do = api.Stay
		}
		out, err := do(ctx, in)
		if err != nil {
			return "", err
		}
		return fmt.Sprintln(out.Count, "phones"), nil
	case "attempts":
		list, err := api.Attempts(ctx, &admin.AttemptsIn{Limit: 100})
		if err != nil {
			return "", err
		}
		return pretty(list.Attempts)
	case "rehearse": // IDENTIFIER PASSWORD
		return w.rehearse(api, rest[0], rest[1])
	case "check":
		found, err := api.Check(ctx, &admin.None{})
		if err != nil {
			return "", err
		}
		return pretty(found)
	case "verify":
		verdict, err := api.VerifyEvents(ctx, &admin.VerifyEventsIn{})
		if err != nil {
			return "", err
		}
		return pretty(verdict)
	case "gaps":
		gaps, err := api.Gaps(ctx, &admin.GapsIn{})
		if err != nil {
			return "", err
		}
		return pretty(gaps)
	case "events":
		list, err := api.Events(ctx, &admin.EventsIn{Limit: 500})
		if err != nil {
			return "", err
		}
		return pretty(list.Events)
	}
	return "", errWords
}

// terms publishes terms that everybody has to agree to.
func (w *world) terms(api *admin.API, body string) error {
	save := &admin.SaveTextIn{TextIn: admin.TextIn{Language: "en", Key: "terms.body"}}
	save.Body.Text = body
	if _, err := api.SaveText(operator(), save); err != nil {
		return err
	}
	newTerms := true
	publish := &admin.PublishTextsIn{}
	publish.Body.NewTerms = &newTerms
	_, err := api.PublishTexts(operator(), publish)
	return err
}

// rehearse has the doctor's phone go the whole way, and says what it did.
func (w *world) rehearse(api *admin.API, identifier, password string) (string, error) {
	in := &admin.RehearseIn{}
	in.Body.Identifier, in.Body.Password = identifier, password
	r, err := api.Rehearse(operator(), in)
	if err != nil {
		return "", err
	}
	err = eventually(func() error {
		if r, err = api.Rehearsal(operator(), &admin.RehearsalIn{ID: r.ID}); err == nil && r.Running {
			err = errors.New("the rehearsal has not ended")
		}
		return err
	})
	if err != nil {
		return "", err
	}
	said, err := pretty(r)
	if err == nil && !r.OK {
		err = fmt.Errorf("rehearsal: %s", said)
	}
	return said, err
}

func pretty(v any) (string, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return string(b) + "\n", err
}

// ldap start: a directory with a small town of people, and the settings for it.
func (w *world) ldap([]string) (string, error) {
	var err error
	if w.people, err = sim.NewLDAP(sim.LDAPOptions{People: []sim.LDAPPerson{
		{UID: "lea", Name: "Lea Öz", Given: "Lea", Surname: "Öz", Mail: "lea@example.org", Password: "bind me"},
		{UID: "max", Name: "Max Moll", Given: "Max", Surname: "Moll", Mail: "max@example.org", Password: "bind me", State: "expired"},
	}}); err != nil {
		return "", err
	}
	dn, password := w.people.Reader()
	in := &admin.DirectoryIn{}
	in.Body.Directory = settings.LDAP{
		Enabled: true, URL: w.people.SecureURL(), CA: string(w.people.CAPEM()), BaseDN: w.people.BaseDN(), BindDN: dn,
	}
	in.Body.BindPassword = &password
	if _, err := w.house.API().ChangeDirectory(operator(), in); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range w.people.People() {
		fmt.Fprintln(&b, p.Mail, p.State)
	}
	return b.String(), nil
}

// push log|answer NAME STATUS REASON: Apple's push service.
func (w *world) push(args []string) (string, error) {
	switch args[0] {
	case "log":
		var b strings.Builder
		for _, r := range w.apns.Log() {
			fmt.Fprintln(&b, strings.TrimSpace(fmt.Sprint(r.Topic, " ", r.Status, " ", r.Reason, " ", r.Complaint)))
		}
		return b.String(), nil
	case "answer":
		status, err := strconv.Atoi(args[2])
		w.apns.Answer(w.phones[args[1]].PushToken(), status, args[3])
		return "", err
	}
	return "", errWords
}

// get PATH [LANGUAGE]: a request without a phone. It prints the status, the type and the body.
func (w *world) get(args []string) (string, error) {
	roots, err := w.roots()
	if err != nil {
		return "", err
	}
	transport := &http.Transport{DialContext: w.dial, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://example.org"+args[0], nil)
	if err != nil {
		return "", err
	}
	if len(args) > 1 {
		r.Header.Set("Accept-Language", args[1])
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return fmt.Sprintf("%d %s %s\n", answer.StatusCode, answer.Header.Get("Content-Type"), body), err
}

// until PATTERN WORDS…: says the words again and again until their output matches.
func (w *world) until(args []string) (string, error) {
	pattern, err := regexp.Compile(args[0])
	if err != nil {
		return "", err
	}
	words := map[string]func(*world, []string) (string, error){
		"admin": (*world).admin, "push": (*world).push, "phone": (*world).phone, "server": (*world).server,
	}[args[1]]
	if words == nil {
		return "", errWords
	}
	var said string
	err = eventually(func() error {
		var err error
		if said, err = words(w, args[2:]); err != nil {
			return err
		}
		if !pattern.MatchString(said) {
			return fmt.Errorf("never saw %q in:\n%s", args[0], said)
		}
		return nil
	})
	return said, err
}
