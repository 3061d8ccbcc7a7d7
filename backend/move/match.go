package move

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/gatehouse/backend/db"
	"example.org/gatehouse/backend/directory"
	"example.org/gatehouse/backend/event"
	"example.org/gatehouse/backend/mdm"
)

// How we know whose phone a record is, or whose it may be.
const (
	Chosen      = "chosen"       // somebody said so
	ByAddress   = "address"      // the list has the address that the person signs in with
	ByManaged   = "managed"      // it has their Managed Apple Account
	ByAccount   = "account"      // its account is what their address begins with
	ByName      = "name"         // one person alone has this name
	ByDomain    = "domain"       // an address of ours, of somebody who was never here
	BySameName  = "same_name"    // several people have this name
	ByBeginning = "beginning"    // an address elsewhere begins like theirs
	ByAlike     = "similar_name" // the names are alike
)

// sure is from how many per cent on a person is taken without asking.
const sure = 80

var confidence = map[string]int{
	Chosen: 100, ByAddress: 100, ByManaged: 98, ByAccount: 90, ByName: 85, ByDomain: 85, ByBeginning: 65, ByAlike: 60, BySameName: 50,
}

// someone is a person that we know.
type someone struct {
	identifier, name string
	local, password  bool // has an account here; with a password
	phones           int
}

// people are those that we know: with an account here, or with a phone.
type people struct {
	all       map[string]*someone
	managed   map[string]string
	local     map[string][]string // by what their address begins with
	name      map[string][]string
	word      map[string][]string // by the words of their names
	domains   []string
	directory bool // there are more people than we know
}

func (a *Assistant) people(tx *db.Tx) (*people, error) {
	now, err := a.Settings.In(tx)
	if err != nil {
		return nil, err
	}
	accounts, err := a.Directory.In(tx)
	if err != nil {
		return nil, err
	}
	owners, err := mdm.Owners(tx)
	if err != nil {
		return nil, err
	}
	p := &people{
		all: map[string]*someone{}, managed: map[string]string{}, local: map[string][]string{}, name: map[string][]string{}, word: map[string][]string{},
		domains: now.Domains, directory: now.Directory.Enabled,
	}
	for _, account := range accounts {
		p.all[account.Identifier] = &someone{
			identifier: account.Identifier, name: account.Name, local: account.Source == directory.FromLocal, password: account.HasPassword,
		}
		if account.ManagedAccount != "" {
			p.managed[account.ManagedAccount] = account.Identifier
		}
	}
	for _, o := range owners {
		s := p.all[o.Person]
		if s == nil {
			s = &someone{identifier: o.Person, name: o.Name}
			p.all[o.Person] = s
		}
		s.phones = o.Phones
	}
	for _, s := range p.all {
		begin, _, _ := strings.Cut(s.identifier, "@")
		p.local[begin] = append(p.local[begin], s.identifier)
		words := nameWords(s.name)
		if len(words) == 0 {
			continue
		}
		p.name[strings.Join(words, " ")] = append(p.name[strings.Join(words, " ")], s.identifier)
		for _, w := range words {
			p.word[w] = append(p.word[w], s.identifier)
		}
	}
	return p, nil
}

// nameWords are the words of a name in an order of their own: "Ruiz, Anna" is "Anna Ruiz".
func nameWords(name string) []string {
	words := strings.FieldsFunc(db.Fold(name), func(r rune) bool { return r == ' ' || r == ',' || r == '.' || r == '-' })
	slices.Sort(words)
	return slices.Compact(words)
}

// match looks for the person of a record. Who is not sure enough is a guess.
func (p *people) match(r *Record) {
	who, how := p.find(r)
	r.Person, r.How, r.Guess, r.Guessed, r.Sure = "", "", "", "", confidence[how]
	if r.Sure >= sure {
		r.Person, r.How = who, how
	} else {
		r.Guess, r.Guessed = who, how
	}
}

func (p *people) find(r *Record) (who, how string) {
	for _, written := range []string{r.Email, r.Account} {
		if who, how := p.byAddress(written); who != "" {
			return who, how
		}
	}
	if begin, err := directory.Fold(r.Account); err == nil && !strings.Contains(begin, "@") && len(p.local[begin]) == 1 {
		return p.local[begin][0], ByAccount
	}
	named := p.name[strings.Join(nameWords(r.Full), " ")]
	if len(named) == 1 {
		return named[0], ByName
	}
	address, err := directory.Fold(r.Email)
	if err == nil && p.ours(address) {
		return address, ByDomain
	}
	begin, _, elsewhere := strings.Cut(address, "@")
	switch alike := p.alike(r.Full); {
	case elsewhere && len(p.local[begin]) == 1:
		return p.local[begin][0], ByBeginning
	case len(named) > 1:
		slices.Sort(named)
		return named[0], BySameName
	case alike != "":
		return alike, ByAlike
	}
	return "", ""
}

func (p *people) byAddress(written string) (who, how string) {
	address, err := directory.Fold(written)
	switch {
	case err != nil || !strings.Contains(address, "@"):
		return "", ""
	case p.all[address] != nil:
		return address, ByAddress
	case p.managed[address] != "":
		return p.managed[address], ByManaged
	}
	return "", ""
}

// ours says whether an address is one that could sign in here.
func (p *people) ours(address string) bool {
	begin, domain, ok := strings.Cut(address, "@")
	return ok && begin != "" && slices.Contains(p.domains, domain)
}

// alike is the one person whose name has all the words of another, or the other way round; two words at least.
func (p *people) alike(name string) string {
	words := nameWords(name)
	found := ""
	for _, w := range words {
		for _, id := range p.word[w] {
			theirs := nameWords(p.all[id].name)
			if min(len(words), len(theirs)) < 2 || !within(words, theirs) && !within(theirs, words) || id == found {
				continue
			}
			if found != "" {
				return ""
			}
			found = id
		}
	}
	return found
}

func within(few, many []string) bool {
	for _, w := range few {
		if !slices.Contains(many, w) {
			return false
		}
	}
	return true
}

// Match says whose phones records are; without anybody it looks again, and takes nothing for sure that is not.
func (a *Assistant) Match(ctx context.Context, person string, ids ...string) error {
	if person != "" {
		var err error
		if person, err = directory.Fold(person); err != nil {
			return fmt.Errorf("say whose phone it is: %w", err)
		}
	}
	return a.rematch(ctx, ids, func(_ *people, r *Record) {
		r.Person, r.How, r.Guess, r.Guessed, r.Sure = person, Chosen, "", "", confidence[Chosen]
		if person == "" {
			r.How, r.Sure = "", 0
		}
	})
}

// Accept takes for sure what was a guess.
func (a *Assistant) Accept(ctx context.Context, ids ...string) error {
	return a.rematch(ctx, ids, func(_ *people, r *Record) {
		if r.Guess != "" {
			r.Person, r.How, r.Guess, r.Guessed, r.Sure = r.Guess, Chosen, "", "", confidence[Chosen]
		}
	})
}

// Look looks again for the people of records that are of nobody yet: some may have come since. It says how many it found.
func (a *Assistant) Look(ctx context.Context) (int, error) {
	var ids []string
	err := a.DB.View(ctx, func(tx *db.Tx) error {
		ids = nil
		all, err := records(tx)
		for _, r := range all {
			if r.Person == "" {
				ids = append(ids, r.ID)
			}
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("look for people: %w", err)
	}
	found := map[string]bool{} // it may be looked twice
	err = a.rematch(ctx, ids, func(p *people, r *Record) {
		if r.Person == "" {
			p.match(r)
			found[r.ID] = r.Person != ""
		}
	})
	count := 0
	for _, ok := range found {
		if ok {
			count++
		}
	}
	return count, err
}

func (a *Assistant) rematch(ctx context.Context, ids []string, change func(*people, *Record)) error {
	err := a.DB.Update(ctx, func(tx *db.Tx) error {
		p, err := a.people(tx)
		if err != nil {
			return err
		}
		for _, id := range ids {
			r, err := record(tx, id)
			if err != nil {
				return err
			}
			was := r
			if change(p, &r); r == was {
				continue
			}
			if r.Person != was.Person {
				r.InvitedAt, r.RemindedAt, r.Enrollment = time.Time{}, time.Time{}, ""
			}
			if err := save(tx, r); err != nil {
				return err
			}
			if r.Person == was.Person || r.Person == "" {
				continue
			}
			if err := a.Events.Add(tx, event.Event{Kind: Matched, Person: r.Person}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("say whose phone it is: %w", err)
	}
	return nil
}
