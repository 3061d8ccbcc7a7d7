// Package key finds the sealing key of a data folder: the 32 bytes that the secrets in its database are sealed with.
//
// The window keeps it in the system's keychain; a server without a window keeps it in the file "key" of the data folder,
// readable by its owner alone. Window and command line may work on the same folder, so both look in both places: the file
// "key-in-keychain" says that the key of this folder is in the keychain, and under which name.
//
// # Traps
//
//   - A lost key cannot be replaced: what was sealed with it is gone. Nothing here makes a new key for a folder that had one.
//   - The name in the keychain is random and not the folder's path, so that a folder can be moved.
package key

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/zalando/go-keyring"
)

// Size is the length of a key in bytes.
const Size = 32

// service is what the keychain's own program shows for our entries.
const service = "Gatehouse"

// ErrLost says that the folder's key is not where it was put. The words around it say where that is.
var ErrLost = errors.New("the sealing key is not there")

// Key is a sealing key and where it is kept. It prints as "[key]".
type Key struct {
	bytes      []byte
	inKeychain bool
	problem    error
}

// Bytes is the key itself.
func (k Key) Bytes() []byte { return k.bytes }

// InKeychain reports whether the system's keychain keeps the key; if not, a file in the data folder does.
func (k Key) InKeychain() bool { return k.inKeychain }

// Problem is why a new key went to the file although the keychain was asked for; nil otherwise.
func (k Key) Problem() error { return k.problem }

func (Key) String() string         { return "[key]" }
func (Key) GoString() string       { return "[key]" }
func (Key) LogValue() slog.Value   { return slog.StringValue("[key]") }
func keyFile(data string) string   { return filepath.Join(data, "key") }
func entryFile(data string) string { return filepath.Join(data, "key-in-keychain") }

// databaseFile is where a server keeps its database unless it was told of another.
func databaseFile(data string) string { return filepath.Join(data, "gatehouse.db") }

// Open finds the key of a data folder, and makes one for a folder that has none yet. A new key goes to the keychain when
// keychain is true and there is one, else to the file.
func Open(data string, keychain bool) (Key, error) {
	_, missing := os.Stat(databaseFile(data)) // looked at first: whoever makes both at this moment makes the key before it
	k, err := read(data)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if missing == nil {
		return Key{}, fmt.Errorf("%w: there is a database in %s, so put back its key, %s", ErrLost, data, keyFile(data))
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return Key{}, fmt.Errorf("make the data folder: %w", err)
	}
	fresh := make([]byte, Size)
	if _, err := rand.Read(fresh); err != nil {
		return Key{}, fmt.Errorf("make a sealing key: %w", err)
	}
	var problem error
	if keychain {
		if problem = keepInKeychain(data, fresh); problem == nil {
			return read(data)
		}
	}
	if err := place(keyFile(data), hex.EncodeToString(fresh)+"\n"); err != nil {
		return Key{}, fmt.Errorf("keep the sealing key: %w", err)
	}
	k, err = read(data) // not the one just made: another process may have been first
	k.problem = problem
	return k, err
}

// read finds a key that was kept before; fs.ErrNotExist means that the folder never had one.
func read(data string) (Key, error) {
	text, err := os.ReadFile(keyFile(data))
	if err == nil {
		b, err := decode(string(text))
		if err != nil {
			return Key{}, fmt.Errorf("read the sealing key %s: %w", keyFile(data), err)
		}
		return Key{bytes: b}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Key{}, fmt.Errorf("read the sealing key: %w", err)
	}
	entry, err := os.ReadFile(entryFile(data))
	if err != nil {
		return Key{}, fmt.Errorf("read the sealing key: %w", err)
	}
	name := strings.TrimSpace(string(entry))
	secret, err := keyring.Get(service, name)
	if err != nil {
		return Key{}, fmt.Errorf("%w: the keychain of this user should have it under %s, %s: %w", ErrLost, service, name, err)
	}
	b, err := decode(secret)
	if err != nil {
		return Key{}, fmt.Errorf("read the sealing key from the keychain, %s, %s: %w", service, name, err)
	}
	return Key{bytes: b, inKeychain: true}, nil
}

// keepInKeychain stores the key, looks whether it is really there, and only then says so in the folder.
func keepInKeychain(data string, fresh []byte) error {
	name := "data folder " + strings.ToLower(rand.Text())
	if err := keyring.Set(service, name, hex.EncodeToString(fresh)); err != nil {
		return fmt.Errorf("ask the keychain: %w", err)
	}
	if _, err := keyring.Get(service, name); err != nil {
		return fmt.Errorf("read back from the keychain: %w", err)
	}
	if err := place(entryFile(data), name+"\n"); err != nil {
		return fmt.Errorf("note the keychain's entry: %w", err)
	}
	return nil
}

func decode(text string) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != Size {
		return nil, fmt.Errorf("it should be %d hexadecimal digits and nothing else", 2*Size)
	}
	return b, nil
}

// place writes a file that is complete the moment it has its name, and leaves one that is already there alone.
func place(path, content string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // after the link it is a second name, before it rubbish
	if _, err := f.WriteString(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
