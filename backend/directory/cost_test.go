//go:build !race

package directory

import (
	"testing"

	"github.com/alexedwards/argon2id"
)

func TestPasswordsCost(t *testing.T) {
	t.Parallel()
	want := argon2id.Params{Memory: 64 * 1024, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	if realCost != want {
		t.Errorf("a password costs %+v, want %+v", realCost, want)
	}
	params, _, _, err := argon2id.DecodeHash(hashOfNobody(&realCost))
	if err != nil {
		t.Fatal(err)
	}
	if *params != want {
		t.Errorf("the hash of nobody costs %+v, those of people %+v", *params, want)
	}
}
