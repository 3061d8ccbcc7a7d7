package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/DeRuina/timberjack"
	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/logger"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/options/mac"
	"github.com/wailsapp/wails/v2/pkg/options/windows"

	"example.org/gatehouse/app/cli"
	"example.org/gatehouse/app/key"
	"example.org/gatehouse/backend"
	"example.org/gatehouse/frontend"
)

const (
	title     = "Gatehouse"
	minWidth  = 900
	minHeight = 600
)

// window is the one window of the program and what stands behind it.
type window struct {
	data   string
	log    *slog.Logger
	words  words
	memory *memory
	server *server
	// trouble is why there is no server; the window then only says so.
	trouble error

	mu    sync.Mutex
	shown context.Context // guarded by mu; the key to Wails' runtime, which it gives us once the window is there

	saved    sync.Map // names of the files that the person saved, which may be revealed
	serving  sync.WaitGroup
	end      func() error // stops the server and gives the data folder back, once
	signals  chan os.Signal
	quitting atomic.Bool
}

// runWindow shows the window until the person quits.
func runWindow() error {
	data, err := dataFolder()
	if err != nil {
		return err
	}
	log, closeLog, err := openLog(data)
	if err != nil {
		return err
	}
	defer closeLog.Close()
	sentences, err := readWords(frontend.Words())
	if err != nil {
		return fmt.Errorf("read the words of the menus: %w", err)
	}
	if !frontend.Built() {
		return errors.New("the screens are not part of this build: run make build, or npm run build in frontend and build again")
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	w := &window{
		data: data, log: log, words: sentences, memory: recall(data, log), signals: make(chan os.Signal, 1),
	}
	signal.Notify(w.signals, os.Interrupt, syscall.SIGTERM) // Wails listens too; see beforeClose
	if w.server, w.trouble = w.openServer(ctx); w.trouble != nil {
		log.ErrorContext(ctx, "server cannot start", "err", w.trouble)
	}
	w.end = sync.OnceValue(func() error {
		stop()
		w.serving.Wait()
		if w.server == nil {
			return nil
		}
		return w.server.close()
	})
	return errors.Join(wails.Run(w.options(ctx)), w.end())
}

func dataFolder() (string, error) {
	if data := os.Getenv("GATEHOUSE_DATA"); data != "" {
		return data, nil
	}
	return backend.DefaultData()
}

func logFile(data string) string { return filepath.Join(data, "log", "gatehouse.log") }

// openLog writes to a file of the data folder, since nobody sees what a window prints, and to the terminal if there is one.
func openLog(data string) (*slog.Logger, io.Closer, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the data folder: %w", err)
	}
	file := &timberjack.Logger{Filename: logFile(data), MaxSize: 10, MaxBackups: 3} // MB
	return slog.New(slog.NewTextHandler(io.MultiWriter(file, os.Stderr), nil)), file, nil
}

func (w *window) openServer(ctx context.Context) (*server, error) {
	k, err := key.Open(w.data, true)
	if err != nil {
		return nil, err
	}
	if k.Problem() != nil {
		w.log.WarnContext(ctx, "no keychain here: the sealing key is in a file of the data folder", "err", k.Problem())
	}
	listen := os.Getenv("GATEHOUSE_LISTEN")
	if listen == "" {
		listen = ":8443"
	}
	version, commit := cli.Version()
	return openServer(ctx, backend.Config{
		Data: w.data, Database: os.Getenv("GATEHOUSE_DATABASE"), Key: k.Bytes(), Log: w.log, Screens: frontend.Dist(),
		Listen: listen, Admin: "127.0.0.1:0", // the command line finds the port in the data folder
		Version: version, Commit: commit,
	})
}

func (w *window) options(ctx context.Context) *options.App {
	at := w.memory.look()
	state := options.Normal
	if at.Maximised {
		state = options.Maximised
	}
	folder := sha256.Sum256([]byte(w.data))
	return &options.App{
		Title:            title,
		Width:            at.Width,
		Height:           at.Height,
		MinWidth:         minWidth,
		MinHeight:        minHeight,
		WindowStartState: state,
		BackgroundColour: background(at.Dark),
		// On macOS the close button hides the program, as people expect there; elsewhere beforeClose does it.
		HideWindowOnClose:  runtime.GOOS == "darwin",
		AssetServer:        &assetserver.Options{Assets: frontend.Dist(), Middleware: w.door},
		Menu:               w.menu(at.Language),
		Logger:             wailsLog{w.log},
		LogLevelProduction: logger.WARNING,
		OnStartup:          func(shown context.Context) { w.serve(ctx, shown) },
		OnBeforeClose:      w.beforeClose,
		SingleInstanceLock: &options.SingleInstanceLock{
			UniqueId:               "gatehouse-" + hex.EncodeToString(folder[:8]),
			OnSecondInstanceLaunch: func(options.SecondInstanceData) { w.show() },
		},
		Linux:   &linux.Options{Icon: icon, ProgramName: title, WebviewGpuPolicy: gpuPolicy},
		Mac:     &mac.Options{About: &mac.AboutInfo{Title: title, Message: w.words.in(at.Language, "shell.about"), Icon: icon}},
		Windows: &windows.Options{Theme: windows.SystemDefault},
	}
}

// context is what Wails' runtime wants with every call.
func (w *window) context() context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shown
}

// background is the colour of the empty page, so that nothing flashes before it is drawn: --canvas of the screens.
func background(dark bool) *options.RGBA {
	if dark {
		return options.NewRGB(0x1b, 0x1f, 0x23)
	}
	return options.NewRGB(0xff, 0xff, 0xff)
}

// wailsLog writes what Wails has to say into our log.
type wailsLog struct{ log *slog.Logger }

func (l wailsLog) Print(m string)   { l.log.Debug("wails", "says", m) }
func (l wailsLog) Trace(m string)   { l.log.Debug("wails", "says", m) }
func (l wailsLog) Debug(m string)   { l.log.Debug("wails", "says", m) }
func (l wailsLog) Info(m string)    { l.log.Info("wails", "says", m) }
func (l wailsLog) Warning(m string) { l.log.Warn("wails", "says", m) }
func (l wailsLog) Error(m string)   { l.log.Error("wails", "says", m) }
func (l wailsLog) Fatal(m string)   { l.log.Error("wails", "says", m); os.Exit(1) }
