#!/bin/bash
# test.sh all|quick|fuzz|bench: the checks of this repository, one after the other. It stops at the first that fails.
#
# TEST_DATABASE_URL names a PostgreSQL whose user may create databases; without it "all" starts a private one on loopback
# from Debian's package, and ends it again. Everything it writes goes to a temporary folder and to build/bin, build/test.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.tools/bin:$PATH
tool() { go tool -modfile=build/tools/go.mod "$@"; }

work=$(mktemp -d)
chmod 755 "$work"
postgres=
finish() {
  local code=$?
  if [ -n "$postgres" ]; then
    kill -INT "$postgres" 2>/dev/null || true
    wait "$postgres" 2>/dev/null || true
  fi
  chmod -R u+w "$work"
  rm -rf "$work"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

# step NAME COMMAND...: runs it and says how long it took; the output of a quiet step shows only when it fails.
step() {
  local name=$1 begin=$SECONDS
  shift
  printf '== %s\n' "$name"
  "$@" || { printf '== %s: failed\n' "$name" >&2; exit 1; }
  printf '== %s: %d s\n' "$name" $((SECONDS - begin))
}

# start_postgres runs a server of our own in the temporary folder. It refuses to run as root, so root lends it a user.
start_postgres() {
  [ -z "${TEST_DATABASE_URL:-}" ] || return 0
  local bin as=() port
  bin=$(find /usr/lib/postgresql /opt/homebrew/opt -maxdepth 2 -name bin -path '*postgres*' 2>/dev/null | sort | tail -1)
  if [ -z "$bin" ]; then
    [ -z "${CI:-}" ] || { echo "PostgreSQL is missing"; return 1; }
    echo "no PostgreSQL here: SQLite alone is tested"
    return 0
  fi
  mkdir "$work/pg"
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$work/pg"
    as=(setpriv --reuid=postgres --regid=postgres --init-groups)
  fi
  "${as[@]}" env LC_ALL=C.UTF-8 "$bin/initdb" -D "$work/pg/data" -U gatehouse -E UTF8 --locale=C.UTF-8 -A trust --no-sync >"$work/initdb.log" 2>&1 ||
    { cat "$work/initdb.log"; return 1; }
  # The same port each time in the same folder: the address is among what go test asks before it tells a result again.
  port=$((20000 + $(printf '%s' "$PWD" | cksum | cut -d ' ' -f 1) % 10000))
  ! "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" || port=$((30000 + $$ % 2000))
  # shellcheck disable=SC2024 # the log is ours
  (cd "$work/pg" && exec "${as[@]}" "$bin/postgres" -D "$work/pg/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$work/pg" \
    -c fsync=off -c max_connections=300 -c timezone=UTC) >"$work/postgres.log" 2>&1 </dev/null &
  postgres=$!
  for _ in $(seq 200); do
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && break
    kill -0 "$postgres" 2>/dev/null || { cat "$work/postgres.log"; return 1; }
    sleep 0.1
  done
  export TEST_DATABASE_URL="postgres://gatehouse@127.0.0.1:$port/postgres?sslmode=disable"
}

screens() { make --no-print-directory screens; }
format() {
  local odd
  odd=$(tool golangci-lint fmt --diff) || true
  [ -z "$odd" ] || { printf '%s\n' "$odd" | head -60; echo "run: go tool -modfile=build/tools/go.mod golangci-lint fmt"; return 1; }
}
lint() { tool golangci-lint run --allow-parallel-runners --timeout 20m ./...; }
vet() {
  go vet ./... &&
    GOOS=windows CGO_ENABLED=0 go vet -tags desktop,production ./... &&
    GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go vet ./...
}
# A test that fails is tried once more, alone: a machine that was too busy for it must not hide what the others say. It is
# named at the end all the same, and wants mending.
# A race is told once more at the end, where it can be found; no process waits at its end for one. What the race detector
# checks of pointers besides is left out for SQLite, which was C and does little else.
server() {
  GORACE="log_path=$work/race atexit_sleep_ms=0" tool gotestsum --format pkgname-and-test-fails --hide-summary=skipped --rerun-fails=1 --rerun-fails-max-failures=3 \
    --packages=./... -- -race '-gcflags=modernc.org/...=-d=checkptr=0' -timeout 15m || { cat "$work"/race.* 2>/dev/null; return 1; }
}
oracle() { (cd backend/mdm/oracle && go vet ./... && go test ./...); }
# known_holes asks the database of known vulnerabilities where there is a copy of it; GOVULNDB=file:///FOLDER
known_holes() { tool govulncheck -db "$GOVULNDB" ./...; }
front_end() {
  npm --prefix frontend run --silent check &&
    (cd frontend && npx --no-install openapi-typescript src/backend/openapi.json -o "$work/generated.ts" >/dev/null) &&
    { cmp "$work/generated.ts" frontend/src/backend/generated.ts || { echo "the types are older than the API: make generate"; return 1; }; }
}
gatehoused() { make --no-print-directory gatehoused; }
browser() { GATEHOUSED=$PWD/build/bin/gatehoused npm --prefix frontend run --silent test:browser; }
window() {
  go build -tags desktop,production,webkit2_41,e2e -o build/bin/Gatehouse-e2e . &&
    GATEHOUSE_WINDOW=$PWD/build/bin/Gatehouse-e2e dbus-run-session -- xvfb-run -a -s "-screen 0 1400x1000x24" \
      go test -count=1 -tags e2e ./app/windowtest/
}

case ${1:-all} in
quick)
  # without the stories of the command line, each of which starts a server of its own
  go list ./... | grep -v /app/cli >"$work/packages"
  step "the server on SQLite" xargs <"$work/packages" env -u TEST_DATABASE_URL go test -short
  step "the screens" npm --prefix frontend run --silent test
  ;;
fuzz)
  grep -rnoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' backend | sed 's#/[^/]*:[0-9]*:func # #' | sort | while read -r dir target; do
    step "$target in $dir" go test "./$dir" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-60s}"
  done
  ;;
bench) step "promises" go test ./... -run '^$' -bench Promise -benchtime "${BENCHTIME:-2s}" ;;
all)
  step "screens" screens
  step "format" format
  step "lint" lint
  step "vet, also for Windows and macOS" vet
  step "PostgreSQL" start_postgres
  step "server, on both databases, with the race detector" server
  step "comparison with another server" oracle
  [ -z "${GOVULNDB:-}" ] || step "known vulnerabilities" known_holes
  step "front end" front_end
  step "gatehoused" gatehoused
  step "browser stories" browser
  if [ "$(uname)" = Linux ]; then step "window stories" window; fi
  printf '== all green after %d s\n' "$SECONDS"
  ;;
*) echo "all, quick, fuzz or bench" >&2; exit 2 ;;
esac
