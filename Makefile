# Gatehouse. `make` says what there is to make; `make run` and `make test` bring along what they need.
# Each target is a few commands that can be typed by hand as well, on Windows too: CONTRIBUTING.md lists them.

export PATH := $(CURDIR)/.tools/bin:$(PATH)

TOOL    := go tool -modfile=build/tools/go.mod
TAGS    := desktop,production
ifeq ($(shell uname),Linux)
TAGS    := $(TAGS),webkit2_41
endif
VERSION := $(shell sed -n 's/.*"productVersion": "\(.*\)".*/\1/p' wails.json)
COMMIT  := $(shell git rev-parse --short HEAD 2>/dev/null)
LDFLAGS := -s -w -X example.org/gatehouse/app/cli.programVersion=$(VERSION) -X example.org/gatehouse/app/cli.programCommit=$(COMMIT)
SCREENS := $(shell find frontend/src frontend/public -type f 2>/dev/null) $(wildcard frontend/*.html frontend/*.json frontend/*.ts frontend/*.js)
DISPLAYS = $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname))

.DEFAULT_GOAL := help
.PHONY: help run test demo dev quick generate build dist fuzz bench load screens gatehoused window

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

run: ## the product: the desktop window, or without a display the server and the address of its screens
ifneq ($(DISPLAYS),)
	@build/setup.sh server window
	@$(MAKE) --no-print-directory window
	build/bin/Gatehouse
else
	@build/setup.sh server
	@$(MAKE) --no-print-directory gatehoused
	@echo "There is no display here: this is the server alone. Open the admin address below in a browser."
	build/bin/gatehoused serve
endif

test: ## all that must be green: format, lint, every test on both databases, screens, browser and window
	@build/setup.sh server window test
	@build/test.sh all

quick: ## what takes less than a minute: the tests of the server on SQLite, and those of the screens
	@build/setup.sh server
	@build/test.sh quick

demo: ## a throw-away server with forty simulated iPhones, and its screens
	@build/setup.sh server
	@$(MAKE) --no-print-directory gatehoused
	build/bin/gatehoused demo

dev: ## the desktop program, built anew at every change
	@build/setup.sh server window
	$(TOOL) wails dev -tags webkit2_41 -m -nosyncgomod -skipbindings

generate: frontend/node_modules/.package-lock.json ## the description of the API and the types made from it
	go test ./backend/admin -run TestPaperIsFresh -update
	npm --prefix frontend run generate

build: ## Gatehouse and gatehoused for this machine, in build/bin
	@build/setup.sh server window
	@$(MAKE) --no-print-directory window gatehoused

screens: frontend/dist/index.html

window: screens
	go build -tags $(TAGS) -ldflags "$(LDFLAGS)" -o build/bin/Gatehouse .

gatehoused: screens
	CGO_ENABLED=0 go build -ldflags "$(LDFLAGS)" -o build/bin/gatehoused ./app/gatehoused

dist: ## everything that can be built here: servers, and Windows programs with their installer
	@build/setup.sh server window dist
	@$(MAKE) --no-print-directory window gatehoused
	$(TOOL) wails build -platform windows/amd64,windows/arm64 -nsis -webview2 embed -m -nosyncgomod -s -skipbindings -ldflags "$(LDFLAGS)"
	for target in linux/amd64 linux/arm64 darwin/arm64 darwin/amd64 windows/amd64 windows/arm64; do \
	  os=$${target%/*} arch=$${target#*/}; suffix=$$([ $$os = windows ] && echo .exe || true); \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -ldflags "$(LDFLAGS)" -o build/bin/gatehoused-$$os-$$arch$$suffix ./app/gatehoused || exit 1; \
	done

fuzz: ## each fuzz target for a minute
	@build/setup.sh server
	@build/test.sh fuzz

bench: ## the benchmarks that hold our promises, as ratios
	@build/setup.sh server
	@build/test.sh bench

load: ## simulated phones against a server of your own: make load URL=https://127.0.0.1:8443
	@build/setup.sh server
	@$(MAKE) --no-print-directory gatehoused
	build/bin/gatehoused load --url $(or $(URL),https://127.0.0.1:8443) --phones $(or $(PHONES),100) --seconds $(or $(SECONDS),30)

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	npm --prefix frontend ci
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(SCREENS)
	npm --prefix frontend run build
	@touch $@
