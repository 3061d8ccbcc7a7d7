package sim

import (
	"slices"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/jimlambrt/gldap"
)

// entry is one object of the tree.
type entry struct {
	dn       string
	values   map[string][]string // by lower-case attribute
	names    map[string]string   // how attributes are written
	password string
	state    string
}

func newEntry(dn string, attributes ...string) entry {
	e := entry{dn: dn, values: map[string][]string{}, names: map[string]string{}}
	for pair := range slices.Chunk(attributes, 2) {
		e.add(pair[0], pair[1])
	}
	return e
}

func (e *entry) add(name, value string) {
	if value == "" {
		return
	}
	key := strings.ToLower(name)
	e.values[key] = append(e.values[key], value)
	e.names[key] = name
}

// operational attributes come only to those who ask for them.
var operational = []string{"memberof", "entryuuid"}

// inChain is Active Directory's rule for groups within groups.
const inChain = "1.2.840.113556.1.4.1941"

// build makes the tree.
func (l *LDAP) build() []entry {
	base := l.o.BaseDN
	entries := []entry{
		newEntry(base, "objectClass", "domain"),
		newEntry("ou=people,"+base, "objectClass", "organizationalUnit", "ou", "people"),
		newEntry("ou=groups,"+base, "objectClass", "organizationalUnit", "ou", "groups"),
	}
	reader, password := l.Reader()
	service := newEntry(reader, "objectClass", "applicationProcess", "cn", "reader")
	service.password = password
	entries = append(entries, service)
	for _, p := range l.o.People {
		e := newEntry("uid="+escapeDN(p.UID)+",ou=people,"+base,
			"objectClass", "inetOrgPerson", "uid", p.UID, "cn", p.Name, "sn", p.Surname, "givenName", p.Given,
			"mail", p.Mail, l.o.ManagedAttribute, p.ManagedAccount)
		e.password, e.state = p.Password, p.State
		for group, members := range l.o.Groups {
			if slices.Contains(members, p.UID) {
				e.add("memberOf", l.GroupDN(group))
			}
		}
		entries = append(entries, e)
	}
	for group, members := range l.o.Groups {
		e := newEntry(l.GroupDN(group), "objectClass", "groupOfNames", "cn", group)
		for _, m := range members {
			if cn, is := strings.CutPrefix(m, "cn="); is {
				e.add("member", l.GroupDN(cn))
			} else {
				e.add("member", "uid="+escapeDN(m)+",ou=people,"+base)
			}
		}
		entries = append(entries, e)
	}
	return entries
}

func (l *LDAP) find(dn string) *entry {
	for i := range l.entries {
		if sameDN(l.entries[i].dn, dn) {
			return &l.entries[i]
		}
	}
	return nil
}

func sameDN(a, b string) bool {
	x, err := ldap.ParseDN(a)
	if err != nil {
		return false
	}
	y, err := ldap.ParseDN(b)
	return err == nil && x.EqualFold(y)
}

// inScope says whether an entry is within a search.
func inScope(base, dn string, scope gldap.Scope) bool {
	b, err := ldap.ParseDN(base)
	if err != nil {
		return false
	}
	d, err := ldap.ParseDN(dn)
	if err != nil {
		return false
	}
	switch scope {
	case gldap.BaseObject:
		return b.EqualFold(d)
	case gldap.SingleLevel:
		return b.AncestorOfFold(d) && len(d.RDNs) == len(b.RDNs)+1
	}
	return b.EqualFold(d) || b.AncestorOfFold(d)
}

// matches evaluates a compiled filter.
func (l *LDAP) matches(e *entry, f *ber.Packet) bool {
	switch f.Tag {
	case ldap.FilterAnd:
		return !slices.ContainsFunc(f.Children, func(c *ber.Packet) bool { return !l.matches(e, c) })
	case ldap.FilterOr:
		return slices.ContainsFunc(f.Children, func(c *ber.Packet) bool { return l.matches(e, c) })
	case ldap.FilterNot:
		return !l.matches(e, f.Children[0])
	case ldap.FilterPresent:
		return len(e.values[strings.ToLower(raw(f))]) > 0
	case ldap.FilterEqualityMatch, ldap.FilterApproxMatch:
		return l.has(e, raw(f.Children[0]), raw(f.Children[1]))
	case ldap.FilterGreaterOrEqual:
		return slices.ContainsFunc(e.values[strings.ToLower(raw(f.Children[0]))], func(v string) bool { return v >= raw(f.Children[1]) })
	case ldap.FilterLessOrEqual:
		return slices.ContainsFunc(e.values[strings.ToLower(raw(f.Children[0]))], func(v string) bool { return v <= raw(f.Children[1]) })
	case ldap.FilterSubstrings:
		return slices.ContainsFunc(e.values[strings.ToLower(raw(f.Children[0]))], func(v string) bool {
			return substrings(strings.ToLower(v), f.Children[1].Children)
		})
	case ldap.FilterExtensibleMatch:
		return l.extensible(e, f.Children)
	}
	return false
}

func (l *LDAP) has(e *entry, attribute, want string) bool {
	return slices.ContainsFunc(e.values[strings.ToLower(attribute)], func(v string) bool {
		return strings.EqualFold(v, want) || strings.Contains(v, "=") && sameDN(v, want)
	})
}

// extensible knows one matching rule: membership through groups within groups.
func (l *LDAP) extensible(e *entry, parts []*ber.Packet) bool {
	var rule, attribute, want string
	for _, part := range parts {
		switch part.Tag {
		case ldap.MatchingRuleAssertionMatchingRule:
			rule = raw(part)
		case ldap.MatchingRuleAssertionType:
			attribute = raw(part)
		case ldap.MatchingRuleAssertionMatchValue:
			want = raw(part)
		}
	}
	if rule != inChain || !strings.EqualFold(attribute, "memberOf") {
		return false
	}
	var within func(dn string, depth int) bool
	within = func(dn string, depth int) bool {
		for i := range l.entries {
			group := &l.entries[i]
			if depth > 0 && l.has(group, "member", dn) && (sameDN(group.dn, want) || within(group.dn, depth-1)) {
				return true
			}
		}
		return false
	}
	return within(e.dn, 8)
}

func substrings(value string, parts []*ber.Packet) bool {
	for _, part := range parts {
		want := strings.ToLower(raw(part))
		at := strings.Index(value, want)
		switch {
		case at < 0, part.Tag == ldap.FilterSubstringsInitial && at != 0:
			return false
		case part.Tag == ldap.FilterSubstringsFinal:
			return strings.HasSuffix(value, want)
		}
		value = value[at+len(want):]
	}
	return true
}

func raw(p *ber.Packet) string {
	if s, ok := p.Value.(string); ok && s != "" {
		return s
	}
	return p.Data.String()
}

// bind proves a name and password.
func (d *door) bind(w *gldap.ResponseWriter, r *gldap.Request) {
	response := r.NewBindResponse(gldap.WithResponseCode(gldap.ResultInvalidCredentials))
	defer func() { _ = w.Write(response) }() // the client has gone
	m, err := r.GetSimpleBindMessage()
	if err != nil {
		response.SetResultCode(gldap.ResultAuthMethodNotSupported)
		return
	}
	l, t := d.ldap, d.talk(r.ConnectionID())
	l.mu.Lock()
	l.binds = append(l.binds, m.UserName)
	l.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	t.boundAs, t.mayNot = "", false
	if m.UserName == "" && m.Password == "" {
		response.SetResultCode(gldap.ResultSuccess)
		return
	}
	if !t.encrypted {
		response.SetResultCode(gldap.ResultConfidentialityRequired)
		response.SetDiagnosticMessage("confidentiality required")
		return
	}
	if m.Password == "" {
		response.SetResultCode(gldap.ResultUnwillingToPerform)
		response.SetDiagnosticMessage("unauthenticated bind (DN with no password) disallowed")
		return
	}
	e := l.find(m.UserName)
	if e == nil || e.password == "" || e.password != string(m.Password) {
		return
	}
	policy := -1
	switch e.state {
	case "locked":
		policy = gldap.BeheraAccountLocked
	case "expired":
		policy = gldap.BeheraPasswordExpired
	case "mustchange":
		policy = gldap.BeheraChangeAfterReset
		t.mayNot = true
	case "disabled":
		response.SetDiagnosticMessage("80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 533, v2580")
		return
	}
	if policy >= 0 && slices.ContainsFunc(m.Controls, func(c gldap.Control) bool {
		return c.GetControlType() == gldap.ControlTypeBeheraPasswordPolicy
	}) {
		if control, err := gldap.NewControlBeheraPasswordPolicy(gldap.WithErrorCode(uint(policy))); err == nil {
			response.SetControls(control)
		}
	}
	if e.state == "locked" || e.state == "expired" {
		return
	}
	t.boundAs = e.dn
	response.SetResultCode(gldap.ResultSuccess)
}

// search answers with what the filter finds, for those who are bound.
func (d *door) search(w *gldap.ResponseWriter, r *gldap.Request) {
	response := r.NewSearchDoneResponse(gldap.WithResponseCode(gldap.ResultNoSuchObject))
	defer func() { _ = w.Write(response) }() // the client has gone
	m, err := r.GetSearchMessage()
	if err != nil {
		response.SetResultCode(gldap.ResultProtocolError)
		return
	}
	l, t := d.ldap, d.talk(r.ConnectionID())
	l.mu.Lock()
	l.searches = append(l.searches, m.Filter)
	l.mu.Unlock()
	d.mu.Lock()
	bound, mayNot := t.boundAs, t.mayNot
	d.mu.Unlock()
	switch {
	case m.BaseDN == "" && m.Scope == gldap.BaseObject:
		root := r.NewSearchResponseEntry("", gldap.WithAttributes(map[string][]string{
			"namingContexts": {l.o.BaseDN}, "supportedExtension": {string(gldap.ExtendedOperationStartTLS)},
			"supportedControl": {gldap.ControlTypePaging, gldap.ControlTypeBeheraPasswordPolicy}, "supportedLDAPVersion": {"3"},
		}))
		_ = w.Write(root) // the client has gone
		response.SetResultCode(gldap.ResultSuccess)
		return
	case bound == "":
		return // an anonymous reader does not even learn that the base exists
	case mayNot:
		response.SetResultCode(gldap.ResultInsufficientAccessRights)
		response.SetDiagnosticMessage("Operations are restricted to bind/unbind/abandon/StartTLS/modify password")
		return
	}
	filter, err := ldap.CompileFilter(m.Filter)
	if err != nil {
		response.SetResultCode(gldap.ResultProtocolError)
		return
	}
	if l.find(m.BaseDN) == nil {
		return
	}
	var found []*entry
	for i := range l.entries {
		if e := &l.entries[i]; inScope(m.BaseDN, e.dn, m.Scope) && l.matches(e, filter) {
			found = append(found, e)
		}
	}
	page, code := l.limit(m, found, response)
	for _, e := range page {
		_ = w.Write(r.NewSearchResponseEntry(e.dn, gldap.WithAttributes(e.attributes(m)))) // the client has gone
	}
	response.SetResultCode(code)
}

// limit cuts a result to a page or to the size limits. The cookie of a page is where the next begins.
func (l *LDAP) limit(m *gldap.SearchMessage, found []*entry, response *gldap.SearchResponseDone) ([]*entry, int) {
	for _, c := range m.Controls {
		page, ok := c.(*gldap.ControlPaging)
		if !ok || page.PagingSize == 0 {
			continue
		}
		from, _ := strconv.Atoi(string(page.Cookie)) // an empty cookie is the beginning
		from = min(from, len(found))
		to := min(from+int(page.PagingSize), len(found))
		answer, err := gldap.NewControlPaging(uint32(len(found)))
		if err == nil {
			if to < len(found) {
				answer.SetCookie([]byte(strconv.Itoa(to)))
			}
			response.SetControls(answer)
		}
		return found[from:to], gldap.ResultSuccess
	}
	limit := l.o.SizeLimit
	if m.SizeLimit > 0 && int(m.SizeLimit) < limit {
		limit = int(m.SizeLimit)
	}
	if len(found) > limit {
		return found[:limit], gldap.ResultSizeLimitExceeded
	}
	return found, gldap.ResultSuccess
}

// attributes are those that were asked for.
func (e *entry) attributes(m *gldap.SearchMessage) map[string][]string {
	wanted := map[string]bool{}
	for _, a := range m.Attributes {
		wanted[strings.ToLower(a)] = true
	}
	all := len(wanted) == 0 || wanted["*"]
	chosen := map[string][]string{}
	for key, values := range e.values {
		hidden := slices.Contains(operational, key)
		if wanted[key] || all && !hidden || wanted["+"] && hidden {
			chosen[e.names[key]] = values
		}
	}
	return chosen
}

// startTLS turns the connection into an encrypted one.
func (d *door) startTLS(w *gldap.ResponseWriter, r *gldap.Request) {
	response := r.NewExtendedResponse(gldap.WithResponseCode(gldap.ResultSuccess))
	response.SetResponseName(gldap.ExtendedOperationStartTLS)
	if d.secure {
		response.SetResultCode(gldap.ResultOperationsError)
		_ = w.Write(response) // the client has gone
		return
	}
	if err := w.Write(response); err != nil {
		return
	}
	if err := r.StartTLS(d.tls); err != nil {
		return
	}
	t := d.talk(r.ConnectionID())
	d.mu.Lock()
	defer d.mu.Unlock()
	t.encrypted = true
}

// other refuses everything that changes anything.
func (d *door) other(w *gldap.ResponseWriter, r *gldap.Request) {
	_ = w.Write(r.NewResponse(gldap.WithResponseCode(gldap.ResultUnwillingToPerform))) // the client has gone
}
