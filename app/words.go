package app

import (
	"encoding/json"
	"io/fs"
	"strings"
)

// words are the sentences of menus and native dialogs. They stand with those of the screens, under keys that begin with
// "shell."; a language that lacks one speaks English there.
type words map[string]map[string]string

func readWords(files fs.FS) (words, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	w := words{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		var all map[string]any // sentences with plural forms are objects; ours have none
		if err := json.Unmarshal(text, &all); err != nil {
			return nil, err
		}
		own := map[string]string{}
		for key, sentence := range all {
			if s, ok := sentence.(string); ok && strings.HasPrefix(key, "shell.") {
				own[key] = s
			}
		}
		w[strings.TrimSuffix(name, ".json")] = own
	}
	return w, nil
}

// in gives the sentence of a key in a language, BCP 47.
func (w words) in(language, key string) string {
	base, _, _ := strings.Cut(language, "-")
	for _, tag := range []string{language, base, "en"} {
		if sentence, ok := w[tag][key]; ok {
			return sentence
		}
	}
	return key
}
