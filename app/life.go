package app

import (
	"context"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/wailsapp/wails/v2/pkg/menu"
	"github.com/wailsapp/wails/v2/pkg/menu/keys"
	native "github.com/wailsapp/wails/v2/pkg/runtime"
)

// serve runs the server beside the window, and asks what to do when it cannot. It is called once Wails is ready.
func (w *window) serve(ctx, shown context.Context) {
	w.mu.Lock()
	w.shown = shown
	w.mu.Unlock()
	if w.trouble != nil {
		w.say(native.ErrorDialog, "shell.cannot_start", w.trouble.Error())
		w.quit()
		return
	}
	w.serving.Go(func() {
		for {
			err := w.server.run(ctx)
			if err == nil || ctx.Err() != nil {
				return
			}
			w.log.ErrorContext(ctx, "server stopped", "err", err)
			if !w.ask("shell.stopped", err.Error()) {
				w.quit()
				return
			}
		}
	})
}

// beforeClose decides what a wish to close means. The close button hides the window, since phones want the server; the
// menu, the end of the session and macOS's own Quit mean it.
func (w *window) beforeClose(context.Context) (prevent bool) {
	w.remember()
	if w.quitting.Load() {
		return false
	}
	if w.signalled() {
		go w.endRegardless()
		return false
	}
	if runtime.GOOS == "darwin" { // only Quit comes here: the close button hides
		return !w.mayQuit()
	}
	if !w.memory.look().Told {
		w.say(native.InfoDialog, "shell.goes_on", "")
		w.memory.change(func(l *look) { l.Told = true })
	}
	native.WindowHide(w.context())
	return true
}

// signalled reports whether we were told to end. Wails asks beforeClose for a signal as it does for the close button, and
// its own ear may have been the first.
func (w *window) signalled() bool {
	select {
	case <-w.signals:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// endRegardless ends the program in order when GTK does not: it waits for a dialog that is open, the system does not.
func (w *window) endRegardless() {
	<-time.After(3 * time.Second)
	w.log.Warn("a dialog is open: ending without the window")
	if err := w.end(); err != nil {
		w.log.Error("stop the server", "err", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// mayQuit asks the person, if phones would notice.
func (w *window) mayQuit() bool {
	return w.trouble != nil || w.server.attached || w.ask("shell.quit", "")
}

// quit ends the program without a question.
func (w *window) quit() {
	w.quitting.Store(true)
	native.Quit(w.context())
}

// show brings the window back; another start of the program comes here.
func (w *window) show() {
	native.WindowShow(w.context())
	native.WindowUnminimise(w.context())
}

// remember keeps size and place of mind for the next time.
func (w *window) remember() {
	ctx := w.context()
	maximised := native.WindowIsMaximised(ctx)
	width, height := native.WindowGetSize(ctx)
	w.memory.change(func(l *look) {
		l.Maximised = maximised
		if !maximised && width >= minWidth && height >= minHeight {
			l.Width, l.Height = width, height
		}
	})
}

// say shows a native dialog and waits until it was read. What is in the way comes below the sentence of the key.
func (w *window) say(kind native.DialogType, key, reason string) {
	language := w.memory.look().Language
	_, err := native.MessageDialog(w.context(), native.MessageDialogOptions{
		Type: kind, Title: w.words.in(language, key+".title"), Message: below(w.words.in(language, key), reason),
	})
	if err != nil {
		w.log.Warn("show a dialog", "dialog", key, "err", err)
	}
}

// ask shows a question that "yes" agrees to.
func (w *window) ask(key, reason string) bool {
	language := w.memory.look().Language
	yes, no := w.words.in(language, key+".yes"), w.words.in(language, "shell.cancel")
	answer, err := native.MessageDialog(w.context(), native.MessageDialogOptions{
		Type: native.QuestionDialog, Title: w.words.in(language, key+".title"), Message: below(w.words.in(language, key), reason),
		Buttons: []string{yes, no}, DefaultButton: yes, CancelButton: no,
	})
	if err != nil {
		w.log.Warn("show a dialog", "dialog", key, "err", err)
	}
	return answer == yes || answer == "Yes" // Windows and Linux have their own buttons and answer in English
}

func below(sentence, reason string) string {
	if reason != "" {
		sentence += "\n\n" + reason
	}
	if runtime.GOOS == "linux" {
		return strings.ReplaceAll(sentence, "%", "%%") // Wails hands it to GTK as a format
	}
	return sentence
}

// menu is short: all the work is in the screens. macOS wants its three menus, or copying by keyboard does not work.
func (w *window) menu(language string) *menu.Menu {
	bar := menu.NewMenu()
	var own *menu.Menu
	if runtime.GOOS == "darwin" {
		bar.Append(menu.AppMenu())
		own = bar.AddSubmenu(w.words.in(language, "shell.menu.file"))
	} else {
		own = bar.AddSubmenu(title)
	}
	own.AddText(w.words.in(language, "shell.menu.data"), nil, func(*menu.CallbackData) { w.revealOrLog(w.data) })
	own.AddText(w.words.in(language, "shell.menu.log"), nil, func(*menu.CallbackData) { w.revealOrLog(logFile(w.data)) })
	if runtime.GOOS == "darwin" {
		bar.Append(menu.EditMenu())
		bar.Append(menu.WindowMenu())
		return bar
	}
	own.AddSeparator()
	own.AddText(w.words.in(language, "shell.menu.close"), keys.CmdOrCtrl("w"), func(*menu.CallbackData) { go w.beforeClose(w.context()) })
	own.AddText(w.words.in(language, "shell.menu.quit"), keys.CmdOrCtrl("q"), func(*menu.CallbackData) {
		go func() { // a dialog must not wait for the menu that opened it
			if w.mayQuit() {
				w.quit()
			}
		}()
	})
	return bar
}
