package backend

// Routes lists everything that the public listener answers, and who asks. A test holds the list against the rooms'
// code and against testdata/routes.golden: the list is a promise to whoever writes a firewall rule or puts a proxy in
// front.
var Routes = []Route{
	{"GET /.well-known/com.apple.remotemanagement", "enroll", "a phone that looks for its server"},
	{"GET /.well-known/com.apple.remotemanagement/{$}", "enroll", "the same, where a web host added a slash"},
	{"POST /enroll", "enroll", "a phone that wants to enroll"},
	{"GET /healthz", "backend", "a load balancer or a monitor"},
	{"PUT /mdm", "mdm", "an enrolled phone that asks for commands"},
	{"PUT /mdm/checkin", "mdm", "an enrolled phone that checks in"},
	{"GET /portal/logo/{name}", "portal", "the web sheet, for the organization's logo"},
	{"GET /portal/style.css", "portal", "the web sheet, for the looks of its pages"},
	{"GET /preview/{token}", "portal", "an administrator's own phone, for a page that is being written"},
	{"GET /scep", "pki", "a phone that needs its certificate"},
	{"POST /scep", "pki", "the same"},
	{"GET /signin/{session}", "portal", "the web sheet of a person who signs in"},
	{"POST /signin/{session}", "portal", "the same, with a password"},
	{"GET /signin/{session}/{page}", "portal", "the web sheet of a person who signs in in another way, or has signed in"},
	{"POST /signin/{session}/{page}", "portal", "the same, with what they answer"},
}

// Route is one of them: a pattern of net/http, the room that answers, and who asks.
type Route struct{ Pattern, Room, For string }
