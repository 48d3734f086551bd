#!/usr/bin/env bash
# A server on Node.js that the tests run against, into build/NAME: SAP's own CAP server (sap; under SAP's developer licence) and a
# centre for text messages (smsc). Installed for the tests, never shipped. Does nothing where the same versions are already there.
set -euo pipefail
cd "$(dirname "$0")/.."
project=tests/$1
target=build/$1

if ! command -v npm >/dev/null || [ "$(node --print 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  echo "The server $1, which the tests need, runs on Node.js 20 or later with npm; install it." >&2
  exit 1
fi
wanted=$(cat "$project/package.json" "$project/package-lock.json" <(node --version) | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$target/installed" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
rm -rf "$target"
mkdir -p "$target"
cp "$project/package.json" "$project/package-lock.json" "$project/.npmrc" "$target/"
system_certificates=/etc/ssl/certs/ca-certificates.crt  # Debian's: Node.js would trust only its own list
if [ -e "$system_certificates" ]; then export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$system_certificates}; fi
if [ -e /usr/include/node/node.h ]; then export npm_config_nodedir=/usr; fi  # SQLite is compiled against the headers that are here
npm ci --prefix "$target" --no-progress --loglevel error
echo "$wanted" > "$target/installed"
