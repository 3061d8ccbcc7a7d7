package key

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/zalando/go-keyring"
)

func open(t *testing.T, data string, keychain bool) Key {
	t.Helper()
	k, err := Open(data, keychain)
	if err != nil {
		t.Fatalf("open the key of %s: %v", filepath.Base(data), err)
	}
	if len(k.Bytes()) != Size {
		t.Fatalf("got a key of %d bytes, want %d", len(k.Bytes()), Size)
	}
	return k
}

// The keychain is one for the whole process, so the tests of it run one after the other.
func TestKeyInTheKeychain(t *testing.T) {
	keyring.MockInit()
	home := t.TempDir()
	data := filepath.Join(home, "data")
	first := open(t, data, true)
	if !first.InKeychain() {
		t.Error("the window's key is not in the keychain")
	}
	if _, err := os.Stat(keyFile(data)); err == nil {
		t.Error("a key that is in the keychain is in a file too")
	}

	t.Run("the command line finds it", func(t *testing.T) {
		if again := open(t, data, false); !bytes.Equal(again.Bytes(), first.Bytes()) || !again.InKeychain() {
			t.Error("got another key, want the one the window made")
		}
	})
	t.Run("another folder has another", func(t *testing.T) {
		if other := open(t, t.TempDir(), true); bytes.Equal(other.Bytes(), first.Bytes()) {
			t.Error("two folders share a key")
		}
	})
	t.Run("a moved folder keeps its own", func(t *testing.T) {
		moved := filepath.Join(home, "elsewhere")
		if err := os.Rename(data, moved); err != nil {
			t.Fatal(err)
		}
		data = moved
		if again := open(t, moved, true); !bytes.Equal(again.Bytes(), first.Bytes()) {
			t.Error("got another key after the folder was moved")
		}
	})
	t.Run("a lost one is not replaced", func(t *testing.T) {
		if err := keyring.DeleteAll(service); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(data, true); !errors.Is(err, ErrLost) {
			t.Errorf("open a folder whose key left the keychain: got %v, want ErrLost", err)
		}
	})
	t.Run("without a keychain it is a file", func(t *testing.T) {
		none := errors.New("nobody provides org.freedesktop.secrets")
		keyring.MockInitWithError(none)
		data := t.TempDir()
		k := open(t, data, true)
		if k.InKeychain() || !errors.Is(k.Problem(), none) {
			t.Errorf("got in keychain %v, problem %v; want the file, and the keychain's reason", k.InKeychain(), k.Problem())
		}
		if again := open(t, data, true); !bytes.Equal(again.Bytes(), k.Bytes()) || again.Problem() != nil {
			t.Errorf("open again: another key, or the problem %v again", again.Problem())
		}
	})
}

func TestKeyInTheFile(t *testing.T) {
	data := filepath.Join(t.TempDir(), "not", "yet", "there")
	k := open(t, data, false)
	info, err := os.Stat(keyFile(data))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %o, want 600", info.Mode().Perm())
	}
	files, err := os.ReadDir(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Errorf("got %d files in the data folder, want the key alone", len(files))
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(shown, fmt.Sprintf("%x", k.Bytes()[:4])) {
		t.Errorf("the key prints itself: %s", shown)
	}
}

// The database beside it shows that there was a key: a new one would open nothing of it, and stand in the place of the old.
func TestLostKeyIsNotReplaced(t *testing.T) {
	keyring.MockInit()
	for _, keychain := range []bool{false, true} {
		data := t.TempDir()
		if err := os.WriteFile(filepath.Join(data, "gatehouse.db"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(data, keychain); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), filepath.Join(data, "key")) {
			t.Errorf("got %v, want ErrLost with the file's name", err)
		}
		if left, err := os.ReadDir(data); err != nil || len(left) != 1 {
			t.Errorf("the folder holds %v, %v; want the database alone", left, err)
		}
	}
}

func TestManyAtOnceAgreeOnOneKey(t *testing.T) {
	data := t.TempDir()
	keys := make([]Key, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = Open(data, false); err != nil {
				t.Errorf("open number %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i, k := range keys {
		if !bytes.Equal(k.Bytes(), keys[0].Bytes()) {
			t.Errorf("number %d got another key than number 0", i)
		}
	}
}

func TestDamagedKeyIsRefused(t *testing.T) {
	for _, content := range []string{"", "\n", "00ff", strings.Repeat("0", 63), strings.Repeat("g", 64), strings.Repeat("0", 66)} {
		data := t.TempDir()
		if err := os.WriteFile(keyFile(data), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(data, false); err == nil || !strings.Contains(err.Error(), "hexadecimal") {
			t.Errorf("open a key file of %d characters: got %v, want a refusal that says what should be there", len(content), err)
		}
		if left, _ := os.ReadFile(keyFile(data)); string(left) != content {
			t.Error("the damaged key file was written over")
		}
	}
}
