#!/usr/bin/env bash
# host-loop.sh ROOT NAME: a host of machines.sh, inside the machine of vm-run. Runs a daemon, and what is written for it to /run/shared.
set -euo pipefail
root=$1 name=$2
export TSSTACK_DATA_ROOT=/disk/data TSSTACK_RUN_ROOT=/run/tsstack-test TSSTACK_HOST=unix:///run/tsstack-test/tsstack.sock
tsstack() { "$root/node_modules/node/bin/node" --disable-warning=ExperimentalWarning --min-semi-space-size=16 -- "$root/dist/cli/main.cjs" --progress plain "$@"; }
# until_it COMMAND…: until it succeeds. What runs this slowly misses a deadline now and then; people would ask again, too.
until_it() { until "$@"; do read -rt 1 <>/run/nothing || true; done; }
export root
export -f tsstack until_it
mkfifo /run/nothing

# A kernel that lacks something.
[ ! -e "/run/shared/$name.without" ] || rmmod "$(cat "/run/shared/$name.without")"
tsstack daemon >>"/run/shared/$name.daemon" 2>&1 &
until_it test -S /run/tsstack-test/tsstack.sock
until_it tsstack info >/dev/null 2>&1
number=1
while [ -e "/run/shared/$name.$number.sh" ]; do number=$((number + 1)); done
touch "/run/shared/$name.ready"
while :; do
  until [ -e "/run/shared/$name.$number.sh" ]; do read -rt 0.2 <>/run/nothing || true; done
  code=0
  bash "/run/shared/$name.$number.sh" >"/run/shared/$name.$number.out" 2>&1 || code=$?
  echo "$code" >"/run/shared/$name.$number.done"
  mv "/run/shared/$name.$number.done" "/run/shared/$name.$number.code"
  number=$((number + 1))
done
