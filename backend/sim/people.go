package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// citizen is somebody who owns a phone.
type citizen struct {
	given, surname, login, language string
}

func (c citizen) name() string { return c.given + " " + c.surname }

// names are people as a mid-sized European firm has them, each with the language of the phone.
var someNames = []citizen{
	{given: "Anna", surname: "Bergmann", language: "de"},
	{given: "Jana", surname: "Nováková", language: "cs"},
	{given: "Łukasz", surname: "Żółć", language: "pl"},
	{given: "Zeynep", surname: "Işık", language: "tr"},
	{given: "Søren", surname: "Kjær", language: "da"},
	{given: "Åsa", surname: "Lindqvist", language: "sv"},
	{given: "François", surname: "Lefèvre", language: "fr"},
	{given: "Chiara", surname: "D’Angelo", language: "it"},
	{given: "Miguel", surname: "Núñez", language: "es"},
	{given: "Inês", surname: "Gonçalves", language: "pt-PT"},
	{given: "Oliver", surname: "Wright", language: "en-GB"},
	{given: "Grace", surname: "O’Brien", language: "en-IE"},
	{given: "Mehmet", surname: "Öztürk", language: "de"},
	{given: "Amina", surname: "Haddad", language: "ar"},
	{given: "Noa", surname: "Peretz", language: "he"},
	{given: "Dmytro", surname: "Kovalenko", language: "uk"},
	{given: "Li", surname: "Wei", language: "zh-Hans"},
	{given: "Haruka", surname: "Sato", language: "ja"},
	{given: "Minjun", surname: "Kim", language: "ko"},
	{given: "Priya", surname: "Raghunathan", language: "en-IN"},
	{given: "Maximilian", surname: "von Hohenberg-Lauterbach", language: "de"},
	{given: "Jo", surname: "Ek", language: "sv"},
	{given: "Elif", surname: "Şahin", language: "tr"},
	{given: "Katarzyna", surname: "Wiśniewska", language: "pl"},
	{given: "Tobias", surname: "Müller", language: "de"},
	{given: "Marie", surname: "Dupont", language: "fr"},
	{given: "Liam", surname: "Murphy", language: "en-IE"},
	{given: "Sofía", surname: "García", language: "es"},
	{given: "Petr", surname: "Dvořák", language: "cs"},
	{given: "Ingrid", surname: "Haugen", language: "nb"},
	{given: "Timo", surname: "Mäkinen", language: "fi"},
	{given: "Eszter", surname: "Szabó", language: "hu"},
	{given: "Andrei", surname: "Ionescu", language: "ro"},
	{given: "Eleni", surname: "Papadopoulou", language: "el"},
	{given: "Daan", surname: "de Vries", language: "nl"},
	{given: "Emma", surname: "Janssens", language: "nl-BE"},
	{given: "Luca", surname: "Rossi", language: "it"},
	{given: "Hannah", surname: "Schäfer", language: "de"},
	{given: "Samuel", surname: "Osei", language: "en"},
	{given: "Fatou", surname: "Diallo", language: "fr"},
}

// citizens draws n people. The first forty are all different; after them first names and surnames mix.
func citizens(rng *rand.Rand, n int) []citizen {
	order := rng.Perm(len(someNames))
	taken := map[string]int{}
	all := make([]citizen, 0, n)
	for i := range n {
		c := someNames[order[i%len(order)]]
		if i >= len(order) {
			c.surname = someNames[rng.IntN(len(someNames))].surname
		}
		c.login = ascii(c.given) + "." + ascii(c.surname)
		if taken[c.login]++; taken[c.login] > 1 {
			c.login = fmt.Sprintf("%s%d", c.login, taken[c.login])
		}
		all = append(all, c)
	}
	return all
}

// ascii is how a firm makes a login of a name.
func ascii(s string) string {
	s = strings.NewReplacer("ł", "l", "Ł", "L", "ø", "o", "ı", "i", "æ", "ae", "ß", "ss").Replace(s)
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	if err != nil {
		plain = s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, plain)
}

// model is a device as it is sold, with the systems it runs.
type model struct {
	product string
	share   int
}

var models = []model{
	{"iPhone17,2", 5},
	{"iPhone17,1", 5},
	{"iPhone17,3", 9},
	{"iPhone17,4", 3},
	{"iPhone17,5", 4},
	{"iPhone16,1", 4},
	{"iPhone16,2", 4},
	{"iPhone15,4", 6},
	{"iPhone15,5", 3},
	{"iPhone15,2", 3},
	{"iPhone15,3", 3},
	{"iPad16,3", 2},
	{"iPad14,8", 2},
	{"iPad15,7", 3},
}

// systems are releases with their builds, newest first.
var systems = []struct{ version, build string }{
	{"26.1", "23B85"}, {"26.0.1", "23A355"}, {"18.7.2", "22H124"}, {"18.6.2", "22G100"}, {"18.5", "22F76"}, {"18.2.1", "22C161"},
}

// device draws a model and a system: most phones are up to date, some are not.
func device(rng *rand.Rand) (product, version, build string) {
	total := 0
	for _, m := range models {
		total += m.share
	}
	lot := rng.IntN(total)
	for _, m := range models {
		if lot -= m.share; lot < 0 {
			product = m.product
			break
		}
	}
	s := systems[min(int(rng.ExpFloat64()*1.2), len(systems)-1)]
	return product, s.version, s.build
}

// Entry is what a list says of somebody and a phone that exist on paper only.
type Entry struct {
	Identifier, Name, Product, Version, Build string
}

// Register draws n entries, the same ones for the same seed.
func Register(seed uint64, domain string, n int) []Entry {
	rng := rand.New(rand.NewPCG(seed, 0x4e47))
	all := make([]Entry, 0, n)
	for _, c := range citizens(rng, n) {
		e := Entry{Identifier: c.login + "@" + domain, Name: c.name()}
		e.Product, e.Version, e.Build = device(rng)
		all = append(all, e)
	}
	return all
}
