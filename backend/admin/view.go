package admin

import "time"

// What the screens, scripts and the command line see. Times are RFC 3339 and absent when unknown.

// Version says which program this is.
type Version struct {
	Version string `json:"version" example:"1.0.0"`
	Commit  string `json:"commit" example:"3f2a9c1"`
	Schema  int64  `json:"schema" doc:"version of the database schema"`
}

// Finding is one thing that is so, or needs a person. The screen has the words for each code.
type Finding struct {
	Code   string            `json:"code" example:"push_certificate.missing"`
	Level  string            `json:"level" enum:"good,notice,attention,broken" doc:"in order; nothing is wrong, somebody may want to do something; look soon; phones cannot do something right now"`
	Params map[string]string `json:"params"`
	Action string            `json:"action" enum:"none,settings,push_certificate,tls,directory,people,attempts,phones,phone,cleanup,archived,duplicates,languages" doc:"where the next step is taken"`
	Filter []string          `json:"filter,omitempty" doc:"conditions of the list of phones that find those it is about"`
}

// Overview is the first screen: how the server is, and what needs a person, most urgent first.
type Overview struct {
	State         string       `json:"state" enum:"not_set_up,starting,serving,stopped" doc:"what the server is doing for phones"`
	StateReason   string       `json:"state_reason,omitempty" doc:"why it does not serve, as a code"`
	Demo          bool         `json:"demo" doc:"everything here is made up"`
	Organization  string       `json:"organization"`
	URL           string       `json:"url" doc:"what phones use"`
	PublicAddress string       `json:"public_address,omitempty" doc:"where the server listens for phones"`
	AdminAddress  string       `json:"admin_address,omitempty" doc:"where the screens are served to browsers"`
	StartedAt     time.Time    `json:"started_at,omitzero"`
	TLS           *TLS         `json:"tls,omitempty"`
	Push          *Push        `json:"push,omitempty"`
	Counts        Counts       `json:"counts"`
	Away          *Gaps        `json:"away,omitempty" doc:"when phones could not reach us, in the last seven days"`
	Cleaned       *CleanupRun  `json:"cleaned,omitempty" doc:"what automatic clean-up put away last, in the last seven days, while it can be undone"`
	Findings      []Finding    `json:"findings"`
	Funnel        []FunnelStep `json:"funnel" doc:"attempts of the last 24 hours by the step they have reached"`
	Attempts      []Attempt    `json:"attempts" doc:"the attempts in progress or stuck, newest first, at most 20"`
	Moving        bool         `json:"moving" doc:"people are moving here from an older management"`
	Latest        int64        `json:"latest" doc:"cursor for the news"`
}

// Counts are the numbers beside the menu.
type Counts struct {
	Phones  int            `json:"phones" doc:"under management: neither removed nor archived"`
	Total   int            `json:"total" doc:"every record of a phone"`
	States  map[string]int `json:"states" doc:"how many phones are in each state"`
	Waiting int            `json:"waiting" doc:"people in the middle of enrolling"`
	People  int            `json:"people" doc:"local accounts"`
}

// FunnelStep is how many attempts stand at a step, and how many of them are stuck there.
type FunnelStep struct {
	Step  string `json:"step" enum:"knocked,signed_in,offered,identified,done"`
	Count int    `json:"count"`
	Stuck int    `json:"stuck"`
}

// Gaps are the times at which phones could not reach us, oldest first. Silence in them is not held against a phone.
type Gaps struct {
	Gaps    []Gap     `json:"gaps"`
	Seconds int64     `json:"seconds" doc:"all together; without those that never were, because the clock was set"`
	Since   time.Time `json:"since,omitzero" doc:"how far back this goes"`
	Began   time.Time `json:"began,omitzero" doc:"when we began to keep track; absent before the server has served phones"`
}

// Gap is one time at which phones could not reach us.
type Gap struct {
	From    time.Time `json:"from,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Seconds int64     `json:"seconds"`
	Reason  string    `json:"reason" enum:"off,asleep,unreachable,clock,still" doc:"the server was off; the computer slept; the server ran, and nobody could reach it; nobody was away, the clock was set; it is not over yet"`
}

// TLS is the certificate that phones see.
type TLS struct {
	Private     bool      `json:"private" doc:"made by our own authority: phones must trust it first"`
	Hosts       []string  `json:"hosts"`
	Missing     []string  `json:"missing" doc:"names that phones use and it does not have"`
	Incomplete  bool      `json:"incomplete" doc:"certificates between it and its root were not given"`
	Issuer      string    `json:"issuer"`
	NotBefore   time.Time `json:"not_before,omitzero"`
	NotAfter    time.Time `json:"not_after,omitzero"`
	Fingerprint string    `json:"fingerprint" doc:"SHA-256, hexadecimal"`
}

// TrustAnchor is the root certificate of the private authority.
type TrustAnchor struct {
	PEM         string    `json:"pem"`
	Name        string    `json:"name"`
	FileName    string    `json:"file_name" example:"gatehouse-trust.pem"`
	Fingerprint string    `json:"fingerprint" doc:"SHA-256, hexadecimal"`
	NotAfter    time.Time `json:"not_after,omitzero"`
	Needed      bool      `json:"needed" doc:"phones must trust it, because the server's certificate is our own"`
}

// Push is the certificate that lets us wake phones.
type Push struct {
	Topic      string    `json:"topic" example:"com.apple.mgmt.External.9f0c…"`
	Account    string    `json:"account" doc:"the Apple account it was made with"`
	Issuer     string    `json:"issuer"`
	NotBefore  time.Time `json:"not_before,omitzero"`
	NotAfter   time.Time `json:"not_after,omitzero"`
	ImportedAt time.Time `json:"imported_at,omitzero"`
	DaysLeft   int       `json:"days_left"`
}

// PushState is the push certificate, if there is one, and what is odd about it.
type PushState struct {
	Certificate *Push     `json:"certificate,omitempty"`
	Warnings    []Finding `json:"warnings"`
}

// Check is what was found about one answer before it is kept.
type Check struct {
	OK       bool      `json:"ok" doc:"nothing in the way of keeping the answer"`
	Findings []Finding `json:"findings"`
}

// SetupState says which of the first questions are answered.
type SetupState struct {
	Done  bool        `json:"done" doc:"the server can serve phones"`
	Steps []SetupStep `json:"steps"`
}

// SetupStep is one question of the set-up.
type SetupStep struct {
	Name     string `json:"name" enum:"organization,domains,url,tls,push_certificate,people"`
	Done     bool   `json:"done"`
	Required bool   `json:"required" doc:"without it no phone can enroll"`
}

// Person is a local account.
type Person struct {
	Identifier      string    `json:"identifier" example:"anna@example.org"`
	Name            string    `json:"name"`
	ManagedAccount  string    `json:"managed_account" doc:"the Managed Apple Account the profile will name; empty if none can be told"`
	ManagedOverride string    `json:"managed_override" doc:"set for this person alone"`
	HasPassword     bool      `json:"has_password"`
	CodeExpiresAt   time.Time `json:"code_expires_at,omitzero" doc:"an enrollment code is waiting to be used"`
	LockedUntil     time.Time `json:"locked_until,omitzero"`
	CreatedAt       time.Time `json:"created_at,omitzero"`
}

// People is a page of local accounts.
type People struct {
	People []Person `json:"people"`
	Total  int      `json:"total"`
}

// PersonAdded is the new account and, without a password, its enrollment code. The code is shown once.
type PersonAdded struct {
	Person Person          `json:"person"`
	Code   *EnrollmentCode `json:"code,omitempty"`
}

// EnrollmentCode is an enrollment code, in clear this one time.
type EnrollmentCode struct {
	Code      string    `json:"code" example:"K7QM-31RX"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// DirectoryTest is what the directory says about one person.
type DirectoryTest struct {
	OK             bool              `json:"ok"`
	Steps          []TestStep        `json:"steps"`
	DN             string            `json:"dn,omitempty"`
	ManagedAccount string            `json:"managed_account,omitempty"`
	Member         bool              `json:"member" doc:"of the group that may enroll; true when none is set"`
	Attributes     map[string]string `json:"attributes"`
}

// TestStep is one step of a test or a rehearsal.
type TestStep struct {
	Name   string            `json:"name"`
	OK     bool              `json:"ok"`
	TookMS int64             `json:"took_ms"`
	Code   string            `json:"code,omitempty" doc:"why it did not work"`
	Params map[string]string `json:"params"`
	Detail string            `json:"detail,omitempty" doc:"the rule in Apple's words, or the other side's answer"`
}

// Described is a state in words: what is so, why, and what to do next; a code for each, and what the sentences mention.
type Described struct {
	Code   string            `json:"code" enum:"waiting,enrolled,quiet,asleep,probably_removed,must_enroll_again,removed,archived"`
	Reason string            `json:"reason" example:"woken_in_vain"`
	Next   string            `json:"next" example:"wait_or_ask_person"`
	Level  string            `json:"level" enum:"good,attention,broken"`
	Params map[string]string `json:"params"`
}

// Enrollment is one phone under management, as one row of the list.
type Enrollment struct {
	ID             string    `json:"id"`
	EnrollmentID   string    `json:"enrollment_id" doc:"Apple's EnrollmentID"`
	Person         string    `json:"person" doc:"user identifier"`
	PersonName     string    `json:"person_name"`
	ManagedAccount string    `json:"managed_account"`
	State          string    `json:"state" enum:"waiting,enrolled,quiet,asleep,probably_removed,must_enroll_again,removed,archived"`
	Described      Described `json:"described"`
	Name           string    `json:"name" doc:"what the phone calls itself"`
	Nickname       string    `json:"nickname" doc:"what its person called it when it enrolled; show this rather than the name"`
	Group          string    `json:"group" doc:"the group that its person chose"`
	Model          string    `json:"model" example:"iPhone 16 Pro Max" doc:"as people call it"`
	ProductName    string    `json:"product_name" example:"iPhone17,2" doc:"as Apple calls it"`
	OSVersion      string    `json:"os_version"`
	Build          string    `json:"build"`
	EnrolledAt     time.Time `json:"enrolled_at,omitzero"`
	LastSeenAt     time.Time `json:"last_seen_at,omitzero"`
	LastInfoAt     time.Time `json:"last_info_at,omitzero" doc:"last inventory"`
	EndedAt        time.Time `json:"ended_at,omitzero"`
	ArchivedAt     time.Time `json:"archived_at,omitzero"`
	WokenAt        time.Time `json:"woken_at,omitzero" doc:"when it was called last"`
	FailedAt       time.Time `json:"failed_at,omitzero" doc:"when it could not carry out a command; absent once it has carried out one of that type"`
	// An identity that has run out cannot be renewed: the phone must enroll again.
	IdentityNotAfter time.Time `json:"identity_not_after,omitzero" doc:"when its certificate ends"`
	AwayHours        int       `json:"away_hours" doc:"hours since the last contact in which phones could not reach us"`
	Capacity         *int64    `json:"capacity,omitempty" doc:"bytes"`
	Available        *int64    `json:"available,omitempty" doc:"bytes"`
	Battery          *int64    `json:"battery,omitempty" doc:"per cent"`
	Passcode         string    `json:"passcode" enum:",none,not_compliant,present,compliant"`
	Tags             []string  `json:"tags"`
	Notes            string    `json:"notes"`
	Fields           []string  `json:"fields" doc:"the ten own fields, in order; the settings have their names"`
	Kept             *Kept     `json:"kept,omitempty" doc:"present when it is never proposed for clearing"`
	Batch            string    `json:"batch,omitempty" doc:"with which it was archived"`
	FormerID         string    `json:"former_id,omitempty" doc:"the enrollment before this one, as its person said, or else the last one of the same person and model"`
	Same             string    `json:"same" enum:",yes,no,unsure" doc:"what the person said when asked whether it is the phone of the former enrollment; empty: not asked"`
}

// Enrollments is a page of the list.
type Enrollments struct {
	Enrollments []Enrollment `json:"enrollments"`
	Next        string       `json:"next,omitempty" doc:"cursor of the next page"`
	Total       int          `json:"total" doc:"how many phones the list has; zero unless asked for"`
	Counts      Counts       `json:"counts" doc:"of the whole list; zero unless asked for"`
}

// Fact is one thing the phone told about itself.
type Fact struct {
	Name  string `json:"name" example:"BatteryLevel" doc:"Apple's name of it"`
	Group string `json:"group" enum:"device,security,network,other"`
	Kind  string `json:"kind" enum:"text,bool,number,percent,bytes,time"`
	Value string `json:"value"`
	// Since is when the phone said so last.
	Since time.Time `json:"since,omitzero" doc:"when the phone said so last"`
}

// EnrollmentDetail is one phone with all we hold about it.
type EnrollmentDetail struct {
	Enrollment
	Facts           []Fact       `json:"facts"`
	Apps            []App        `json:"apps" doc:"managed apps; personal ones are never asked for"`
	Attempt         string       `json:"attempt,omitempty" doc:"the attempt it came from"`
	LastPushAt      time.Time    `json:"last_push_at,omitzero"`
	NextPushAt      time.Time    `json:"next_push_at,omitzero"`
	LastPushOutcome string       `json:"last_push_outcome,omitempty"`
	LastPushReason  string       `json:"last_push_reason,omitempty"`
	Former          []Enrollment `json:"former" doc:"the enrollments before this one, newest first"`
}

// App is an app under management.
type App struct {
	Identifier string `json:"identifier"`
	Name       string `json:"name"`
	Version    string `json:"version"`
	Status     string `json:"status"`
}

// Command is one request to a phone and what became of it.
type Command struct {
	ID         string    `json:"id"`
	Type       string    `json:"type" example:"DeviceInformation"`
	State      string    `json:"state" enum:"pending,sent,not_now,acknowledged,error,format_error,expired,cancelled"`
	Reason     string    `json:"reason,omitempty" doc:"what the phone said when it could not"`
	By         string    `json:"by"`
	QueuedAt   time.Time `json:"queued_at,omitzero"`
	SentAt     time.Time `json:"sent_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
}

// Commands are the commands of one phone, newest first.
type Commands struct {
	Commands []Command `json:"commands"`
}

// CommandType is a command that User Enrollment allows, or one it forbids, with Apple's rule.
type CommandType struct {
	Type    string   `json:"type"`
	Allowed bool     `json:"allowed"`
	Rule    string   `json:"rule,omitempty" doc:"why it is not allowed"`
	Options []string `json:"options" doc:"options it takes: message, phone_number, identifier"`
}

// CommandTypes lists what can be asked of a phone.
type CommandTypes struct {
	Types []CommandType `json:"types"`
}

// Queued says how many phones a command or a wake-up call went to.
type Queued struct {
	Count int `json:"count"`
}

// Attempt is one try to enroll.
type Attempt struct {
	ID             string    `json:"id"`
	Reference      string    `json:"reference" example:"K7-31Q" doc:"what the person sees and can read out"`
	Step           string    `json:"step" enum:"knocked,signed_in,offered,identified,done"`
	Stuck          bool      `json:"stuck"`
	State          string    `json:"state" enum:"signing_in,answering,waiting_for_apple,installing,finished" doc:"where the person is"`
	StateReason    string    `json:"state_reason" example:"profile_not_installed" doc:"why, as a code"`
	Next           string    `json:"next" example:"ask_for_managed_account_password" doc:"what to do, as a code"`
	Page           string    `json:"page,omitempty" doc:"the page of the sheet where the person is, as its address has it; handed_over: done with them"`
	Reason         string    `json:"reason,omitempty" doc:"the last thing that went wrong, as a code"`
	Identifier     string    `json:"identifier" doc:"what was typed on the phone"`
	Person         string    `json:"person" doc:"who signed in"`
	PersonName     string    `json:"person_name"`
	ManagedAccount string    `json:"managed_account"`
	ProductName    string    `json:"product_name" example:"iPhone17,2"`
	OSVersion      string    `json:"os_version"`
	Language       string    `json:"language"`
	Origin         string    `json:"origin" enum:"apple,anchor,unknown,enrolled" doc:"who vouches for the phone; enrolled: its own identity, it was asked to sign in again"`
	Enrollment     string    `json:"enrollment,omitempty"`
	CreatedAt      time.Time `json:"created_at,omitzero"`
	UpdatedAt      time.Time `json:"updated_at,omitzero"`
}

// Attempts is a list of tries, newest first.
type Attempts struct {
	Attempts []Attempt    `json:"attempts"`
	Funnel   []FunnelStep `json:"funnel" doc:"attempts of the last 24 hours by the step they have reached"`
}

// Event is something that happened.
type Event struct {
	Seq        int64             `json:"seq"`
	ID         string            `json:"id"`
	At         time.Time         `json:"at"`
	Kind       string            `json:"kind" example:"enrollment.enrolled"`
	Actor      string            `json:"actor" doc:"phone, person, admin, system, or a name"`
	Attempt    string            `json:"attempt,omitempty"`
	Enrollment string            `json:"enrollment,omitempty"`
	Person     string            `json:"person,omitempty"`
	Params     map[string]string `json:"params"`
}

// Events is a part of what happened.
type Events struct {
	Events []Event `json:"events"`
	Latest int64   `json:"latest" doc:"cursor: ask for what came after it"`
}

// EventsVerdict is what comparing the trail with its chain found.
type EventsVerdict struct {
	OK         bool         `json:"ok" doc:"nothing was changed, and the noted end is part of the trail"`
	Events     int          `json:"events" doc:"how many are as they were written; up to the broken one, if there is one"`
	Forgotten  int          `json:"forgotten" doc:"how many were removed on purpose; the trail says when, and by whom"`
	Waiting    int          `json:"waiting" doc:"how many are not sealed yet: the newest second, and for three hours those about nobody"`
	Began      time.Time    `json:"began,omitzero" doc:"since when events are sealed"`
	Head       string       `json:"head,omitempty" doc:"the end of the trail; written down elsewhere, it proves later that nothing before it was changed"`
	NotedFound *bool        `json:"noted_found,omitempty" doc:"whether the end that was asked for is part of the trail"`
	Broken     *EventsBreak `json:"broken,omitempty"`
}

// EventsBreak is the first place at which the trail is not as it was written.
type EventsBreak struct {
	Fault string `json:"fault" enum:"altered,missing,relinked,shortened,key_gone" doc:"the event was changed; it is gone; the chain was changed; its newest part is gone; its key is gone"`
	Place int64  `json:"place" doc:"in the order in which events were sealed"`
	Event *Event `json:"event,omitempty" doc:"what lies there now; of one that is gone, its number alone"`
}

// News says whether anything happened after the cursor.
type News struct {
	Latest  int64 `json:"latest"`
	Changed bool  `json:"changed"`
}

// Examination is what the doctor found.
type Examination struct {
	Findings []Finding `json:"findings"`
	At       time.Time `json:"at"`
}

// Rehearsal is a whole enrollment by a simulated iPhone, step by step.
type Rehearsal struct {
	ID      string     `json:"id"`
	Running bool       `json:"running"`
	OK      bool       `json:"ok"`
	Steps   []TestStep `json:"steps"`
	TookMS  int64      `json:"took_ms"`
}

// AttemptDetail is one attempt with what happened in it.
type AttemptDetail struct {
	Attempt
	Events []Event `json:"events"`
}
