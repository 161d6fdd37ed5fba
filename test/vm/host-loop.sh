#!/usr/bin/env bash
# host-loop.sh ROOT NAME: a host of three-hosts.sh, inside the machine of vm-run. Runs a daemon, and what is written for it to /run/shared.
set -euo pipefail
root=$1 name=$2
export TSSTACK_DATA_ROOT=/run/tsstack-data TSSTACK_RUN_ROOT=/run/tsstack-test TSSTACK_HOST=unix:///run/tsstack-test/tsstack.sock
tsstack() { "$root/node_modules/node/bin/node" --disable-warning=ExperimentalWarning -- "$root/dist/cli/main.cjs" --progress plain "$@"; }
export root
export -f tsstack

tsstack daemon >/run/daemon.out 2>&1 &
# The first answer takes longer than a user waits: everything is read from the other machine for the first time.
until [ -S /run/tsstack-test/tsstack.sock ]; do sleep 1; done
until tsstack info >/dev/null 2>&1; do sleep 3; done
touch "/run/shared/$name.ready"
for ((number = 1; ; number++)); do
  until [ -e "/run/shared/$name.$number.sh" ]; do sleep 0.2; done
  code=0
  bash "/run/shared/$name.$number.sh" >"/run/shared/$name.$number.out" 2>&1 || code=$?
  echo "$code" >"/run/shared/$name.$number.new"
  mv "/run/shared/$name.$number.new" "/run/shared/$name.$number.code"
done
