#!/usr/bin/env bash
# Everything that must hold before a change lands: format, lint, types, layers, tests. Called by `make test` and so by .ci/run.
# As root it installs the Debian packages that the tests need; elsewhere it says clearly which are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

packages=(chromium dovecot-imapd dovecot-pop3d fonts-liberation kannel openjdk-17-jre-headless postfix postgresql)
command -v npm >/dev/null || packages+=(nodejs npm libnode-dev g++ make)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=120 -qq update
    apt-get -o DPkg::Lock::Timeout=120 -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "The tests need these Debian packages, which are missing and may not be installed by this account: ${missing[*]}" >&2
    echo "Install them as root:  apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi

scripts/node.sh sap   # SAP's CAP server, for the tests of the OData source
scripts/node.sh smsc  # a centre for text messages, behind Kannel
export OMP_NUM_THREADS=1
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
if grep -n '://' requirements.lock; then echo "requirements.lock names a URL" >&2; exit 1; fi
$bin/mypy
$bin/lint-imports --no-cache | tail -n 4
$bin/python -m pytest "$@"
