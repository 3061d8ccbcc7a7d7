package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"example.org/gatehouse/backend/settings"
)

// maxIdentifier is the longest address there can be (RFC 5321, 4.5.3.1.3).
const maxIdentifier = 254

// Fold brings what a person typed into the one form under which the person is known: no spaces around, small letters,
// composed characters, the domain in ASCII. It refuses what nobody has as an identifier, so that no control
// character, no direction mark and no markup goes any further.
func Fold(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	if s == "" || len(s) > maxIdentifier || !utf8.ValidString(s) {
		return "", ErrIdentifier
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == '<' || r == '>' }) {
		return "", ErrIdentifier
	}
	s = norm.NFC.String(strings.ToLower(norm.NFC.String(s)))
	if at := strings.LastIndex(s, "@"); at >= 0 {
		s = s[:at+1] + settings.ASCIIDomain(strings.TrimRight(s[at+1:], ". "))
	}
	return s, nil
}

// split cuts an identifier at its last @, as Apple's discovery does.
func split(identifier string) (name, domain string) {
	if at := strings.LastIndex(identifier, "@"); at >= 0 {
		return identifier[:at], identifier[at+1:]
	}
	return identifier, ""
}

// address says whether s can be a Managed Apple Account: a name, an @ and a domain.
func address(s string) bool {
	name, domain := split(s)
	return name != "" && domain != "" && len(s) <= maxIdentifier && !strings.ContainsAny(s, " <>\"")
}

// ManagedAccountFor is the Managed Apple Account that goes into the profile of p: the one set for the person, else
// the one that the rule makes. It is never empty without an error.
func ManagedAccountFor(s settings.Settings, p Person) (string, error) {
	account := p.ManagedAccount
	if account == "" {
		name, _ := split(p.Identifier)
		switch s.ManagedAccount.Rule {
		case settings.RuleSame:
			account = p.Identifier
		case settings.RuleDomain:
			account = name + "@" + s.ManagedAccount.Domain
		}
	}
	if !address(account) {
		return "", ErrNoManagedAccount
	}
	return account, nil
}
