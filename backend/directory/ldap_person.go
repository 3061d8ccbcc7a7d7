package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"example.org/gatehouse/backend/settings"
)

// Filters that find a person in OpenLDAP and in Active Directory. The second is tried when the first finds nobody and
// the address is of one of our domains: many directories know people by their short names alone.
const (
	byIdentifier = `(|(mail={{identifier}})(userPrincipalName={{identifier}})(uid={{identifier}})(sAMAccountName={{identifier}}))`
	byName       = `(|(uid={{name}})(sAMAccountName={{name}}))`
)

// inChain is Active Directory's matching rule that follows nested groups (LDAP_MATCHING_RULE_IN_CHAIN).
const inChain = "1.2.840.113556.1.4.1941"

// How far we follow groups in groups where the server does not.
const (
	maxGroupDepth = 10
	maxGroups     = 200
)

// attributes that are read of a person, beside the one with the Managed Apple Account.
var attributes = []string{"mail", "uid", "userPrincipalName", "sAMAccountName", "displayName", "cn", "memberOf"}

// signIn finds a person in the directory and lets the directory check the password. Once somebody is found, a wrong try
// comes with that person's identifier: a person has one count, under however many names.
func (d *Directory) signIn(ctx context.Context, s settings.Settings, who, password string) (Person, error) {
	v, leave, err := d.open(ctx, s.Directory)
	if err != nil {
		return Person{}, d.unavailable(ctx, err)
	}
	defer leave()

	entry, err := v.find(who, s)
	if err != nil {
		var w *wrong
		if !errors.As(err, &w) {
			return Person{}, d.unavailable(ctx, err)
		}
		_ = v.bind("cn="+rand.Text()+","+s.Directory.BaseDN, password) // as for somebody who exists
		return Person{}, w
	}
	person := personOf(entry, who, s)
	if person.Identifier != who {
		done, err := d.enter(ctx, person.Identifier)
		if err != nil {
			return Person{}, err
		}
		defer done()
	}
	if err := v.bind(entry.DN, password); err != nil {
		if told(err) {
			return Person{Identifier: person.Identifier}, err
		}
		return Person{}, d.unavailable(ctx, err)
	}
	// Only now the group, so that a wrong password costs the same for everybody.
	if err := d.readAgain(ctx, v); err != nil {
		return Person{}, d.unavailable(ctx, err)
	}
	person, err = v.placed(entry, person, s)
	if errors.Is(err, ErrNotAllowed) {
		return Person{}, err
	}
	if err != nil {
		return Person{}, d.unavailable(ctx, err)
	}
	return person, nil
}

// enter takes the turn of somebody who was found under another name than what was typed, if there is no lock on it.
func (d *Directory) enter(ctx context.Context, who string) (done func(), err error) {
	key := sha256.Sum256([]byte(who))
	if done, err = d.turns.take(ctx, key); err != nil {
		return nil, err
	}
	k, err := d.look(ctx, who, key)
	if err == nil && !k.lockedUntil.IsZero() {
		err = d.locked(k.lockedUntil)
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// told says whether an answer is for the person, and not a failure.
func told(err error) bool {
	var w *wrong
	return errors.As(err, &w) || errors.Is(err, ErrPasswordExpired) || errors.Is(err, ErrDisabled)
}

// unavailable logs why the directory could not be asked; the person only hears that it could not.
func (d *Directory) unavailable(ctx context.Context, err error) error {
	if errors.Is(err, ErrBusy) {
		return err
	}
	d.log.ErrorContext(ctx, "directory cannot be asked", "err", err)
	return ErrUnavailable
}

func personOf(entry *ldap.Entry, who string, s settings.Settings) Person {
	p := Person{Identifier: who, Source: FromLDAP, Name: entry.GetEqualFoldAttributeValue("displayName")}
	if p.Name == "" {
		p.Name = entry.GetEqualFoldAttributeValue("cn")
	}
	// However somebody signs in, by a short name or at another of our domains, it is the one person of that address.
	if mail, err := Fold(entry.GetEqualFoldAttributeValue("mail")); err == nil {
		if _, domain := split(mail); slices.Contains(s.Domains, domain) || !strings.Contains(who, "@") {
			p.Identifier = mail
		}
	}
	if a := accountAttribute(s); a != "" {
		if account, err := Fold(entry.GetEqualFoldAttributeValue(a)); err == nil {
			p.ManagedAccount = account
		}
	}
	return p
}

// accountAttribute names the attribute that holds the Managed Apple Account; empty when there is none.
func accountAttribute(s settings.Settings) string {
	if s.ManagedAccount.Rule == settings.RuleAttribute && s.ManagedAccount.Attribute != "" {
		return s.ManagedAccount.Attribute
	}
	return s.Directory.ManagedAccountAttribute
}

// find searches for exactly one person.
func (v *visit) find(who string, s settings.Settings) (*ldap.Entry, error) {
	filter := s.Directory.UserFilter
	if filter == "" {
		filter = byIdentifier
	}
	entry, err := v.one(filter, who, s)
	var w *wrong
	_, domain := split(who)
	if errors.As(err, &w) && w.reason == notFound && s.Directory.UserFilter == "" && slices.Contains(s.Domains, domain) {
		return v.one(byName, who, s)
	}
	return entry, err
}

func (v *visit) one(filter, who string, s settings.Settings) (*ldap.Entry, error) {
	want := attributes
	if a := accountAttribute(s); a != "" {
		want = append(slices.Clone(want), a)
	}
	found, err := v.Search(ldap.NewSearchRequest(s.Directory.BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases,
		2, int(answerTimeout.Seconds()), false, fillFilter(filter, who), want, nil))
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return nil, &wrong{ambiguous, false}
	case err != nil:
		return nil, fmt.Errorf("search the directory: %w", err)
	case len(found.Entries) == 0: // references to other servers are not entries; they are not followed
		return nil, &wrong{notFound, false}
	case len(found.Entries) > 1:
		return nil, &wrong{ambiguous, false}
	}
	return found.Entries[0], nil
}

// fillFilter puts an identifier into a filter so that it stays a value.
func fillFilter(filter, who string) string {
	name, _ := split(who)
	return strings.NewReplacer(
		"{{identifier}}", ldap.EscapeFilter(who), "{{name}}", ldap.EscapeFilter(name),
		"%s", ldap.EscapeFilter(who), // as other programs write it
	).Replace(filter)
}

// adCode is Active Directory's reason for refusing a bind: "… AcceptSecurityContext error, data 533, v4563".
var adCode = regexp.MustCompile(`\bdata ([0-9a-fA-F]{3,8})\b`)

// bind signs in as somebody. Its errors are a wrong, ErrPasswordExpired or ErrDisabled; any other is a failure.
func (v *visit) bind(dn, password string) error {
	if password == "" || strings.ContainsRune(password, 0) {
		return &wrong{wrongPassword, true} // many servers take an empty one for "anonymous" and say yes
	}
	result, err := v.SimpleBind(ldap.NewSimpleBindRequest(dn, password, []ldap.Control{ldap.NewControlBeheraPasswordPolicy()}))
	policy := int8(-1)
	if result != nil {
		for _, c := range result.Controls {
			if p, ok := c.(*ldap.ControlBeheraPasswordPolicy); ok {
				policy = p.Error
			}
		}
	}
	switch {
	case err == nil && policy == ldap.BeheraChangeAfterReset:
		return ErrPasswordExpired // OpenLDAP lets the bind succeed and refuses all else
	case err == nil:
		return nil
	case policy == ldap.BeheraPasswordExpired:
		return ErrPasswordExpired
	case policy == ldap.BeheraAccountLocked:
		return &wrong{lockedThere, true} // said before the password was looked at: not for the person
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials):
		return refusal(err)
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultInappropriateAuthentication,
		ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultConstraintViolation):
		return &wrong{refusedThere, true}
	default:
		return fmt.Errorf("sign in to the directory: %w", err)
	}
}

// refusal reads Active Directory's reason. 775 (locked) and 52e are said without a look at the password.
func refusal(err error) error {
	code := ""
	if m := adCode.FindStringSubmatch(err.Error()); m != nil {
		code = strings.ToLower(m[1])
	}
	switch code {
	case "532", "773":
		return ErrPasswordExpired
	case "533", "701", "530", "531":
		return ErrDisabled
	case "775":
		return &wrong{lockedThere, true}
	default:
		return &wrong{wrongPassword, true}
	}
}

// member says whether a person is in a group, directly or through other groups.
func (v *visit) member(entry *ldap.Entry, group string) (bool, error) {
	dn, memberOf, uid := entry.DN, entry.GetEqualFoldAttributeValues("memberOf"), entry.GetEqualFoldAttributeValue("uid")
	if slices.ContainsFunc(memberOf, func(g string) bool { return sameDN(g, group) }) {
		return true, nil
	}
	direct, err := v.exists(group, memberFilter(dn, uid))
	if err != nil || direct {
		return direct, err
	}
	chained, err := v.exists(dn, "(memberOf:"+inChain+":="+ldap.EscapeFilter(group)+")")
	if err != nil || chained {
		return chained, err
	}
	return v.climb(dn, group)
}

func memberFilter(dn, uid string) string {
	f := "(member=" + ldap.EscapeFilter(dn) + ")(uniqueMember=" + ldap.EscapeFilter(dn) + ")"
	if uid != "" {
		f += "(memberUid=" + ldap.EscapeFilter(uid) + ")"
	}
	return "(|" + f + ")"
}

// climb follows groups in groups upwards, for servers that do not do so by themselves.
func (v *visit) climb(dn, target string) (bool, error) {
	seen := map[string]bool{}
	level := []string{dn}
	for range maxGroupDepth {
		var above []string
		for _, below := range level {
			for _, base := range v.groupBases(target) {
				groups, err := v.groupsOf(base, below)
				if err != nil {
					return false, err
				}
				for _, g := range groups {
					if sameDN(g, target) {
						return true, nil
					}
					if key := strings.ToLower(g); !seen[key] && len(seen) < maxGroups {
						seen[key] = true
						above = append(above, g)
					}
				}
			}
		}
		if level = above; len(level) == 0 {
			return false, nil
		}
	}
	return false, nil
}

// groupBases is where groups are looked for: beside the one that counts, and where the people are.
func (v *visit) groupBases(group string) []string {
	bases := []string{v.conf.BaseDN}
	if dn, err := ldap.ParseDN(group); err == nil && len(dn.RDNs) > 1 {
		beside := (&ldap.DN{RDNs: dn.RDNs[1:]})
		base, err := ldap.ParseDN(v.conf.BaseDN)
		if err != nil || (!base.EqualFold(beside) && !base.AncestorOfFold(beside)) {
			bases = append(bases, beside.String())
		}
	}
	return bases
}

// groupsOf asks once for the groups that somebody is in: several may be looked for in one visit.
func (v *visit) groupsOf(base, dn string) ([]string, error) {
	key := base + "\n" + dn
	if known, ok := v.above[key]; ok {
		return known, nil
	}
	found, err := v.Search(ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases,
		maxGroups, int(answerTimeout.Seconds()), false, memberFilter(dn, ""), []string{"1.1"}, nil))
	if err != nil && !ldap.IsErrorAnyOf(err, ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultNoSuchObject) {
		return nil, fmt.Errorf("search groups: %w", err)
	}
	var groups []string
	if found != nil {
		for _, e := range found.Entries {
			groups = append(groups, e.DN)
		}
	}
	if v.above == nil {
		v.above = map[string][]string{}
	}
	v.above[key] = groups
	return groups, nil
}

// exists says whether the entry matches the filter. One that is not there does not.
func (v *visit) exists(dn, filter string) (bool, error) {
	found, err := v.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases,
		1, int(answerTimeout.Seconds()), false, filter, []string{"1.1"}, nil))
	if ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInappropriateMatching) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up a group: %w", err)
	}
	return len(found.Entries) > 0, nil
}

func sameDN(a, b string) bool {
	x, errX := ldap.ParseDN(a)
	y, errY := ldap.ParseDN(b)
	return errX == nil && errY == nil && x.EqualFold(y)
}
