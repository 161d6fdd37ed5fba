# machines.sh: for scripts to source that run as root in a network namespace of their own. Machines of vm-run as hosts of one network, each
# with a daemon and with a disk that survives its power; commands that run on them; and steps that are printed with the time since the start.
# shellcheck shell=bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
script=$(basename "$0" .sh)
shared=$(mktemp -d)
# Emulated machines that share two cores with others are as slow as they are: who waits longer than this waits for something that never comes.
patience=900
declare -A machines
# Hosts that wait for a processor for six seconds are lost to their manager, as they should be: these come before what else this machine does.
renice -n -5 -p $$ >/dev/null
[ ! -e /proc/self/autogroup ] || echo -5 >/proc/self/autogroup

end_machines() {
  local status=$? file
  [ $status = 0 ] || tail -n 15 "$shared"/*.console "$shared"/*.daemon >&2
  for file in "$shared"/*.pid; do [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null || true; done
  wait
  rm -rf "$shared"
}
trap end_machines EXIT

step() { echo "[$SECONDS s] $*"; }
fail() { echo "$script: $*" >&2; exit 1; }

# await WHAT COMMAND…: until it succeeds.
await() {
  local what=$1 end=$((SECONDS + patience))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || fail "not in time: $what"
    sleep 0.3
  done
}

# Machines have the address 10.91.0.NUMBER; this side of the bridge is 10.91.0.100, which is no host of theirs.
make_bridge() {
  ip link set lo up
  ip link add hosts type bridge
  ip address add 10.91.0.100/24 dev hosts
  ip link set hosts up
}

# start_machine NAME NUMBER: its kernel is without the module in $shared/NAME.without. Also that of one whose power was cut; `await_machine NAME` waits until its daemon answers.
start_machine() {
  local disk=$shared/$1.disk
  [ -e "$disk" ] || { truncate -s 1G "$disk"; mkfs.ext4 -q "$disk"; }
  rm -f "$shared/$1.ready"
  "$here/vm-run" --memory 1024 --cpus 1 --timeout 6000 --bridge hosts --address "10.91.0.$2/24" --name "$1" --share "$shared" --disk "$disk" \
    --pid-file "$shared/$1.pid" -- "$here/host-loop.sh" "$root" "$1" >>"$shared/$1.console" 2>&1 &
  machines[$1]=$!
}
await_machine() { await "$1 is up" test -e "$shared/$1.ready"; }

# cut_power NAME: what has not reached the disk is lost.
cut_power() {
  kill -9 "$(cat "$shared/$1.pid")"
  rm "$shared/$1.pid"
  wait "${machines[$1]}" || true
}

# begin HOST COMMAND: has it run there; `result HOST` waits for it, shows what it said, and fails if it did.
begin() {
  local number=$(($(cat "$shared/$1.count" 2>/dev/null || echo 0) + 1))
  echo $number >"$shared/$1.count"
  echo "set -euo pipefail; $2" >"$shared/$1.new"
  mv "$shared/$1.new" "$shared/$1.$number.sh"
}
result() {
  local base
  base=$shared/$1.$(cat "$shared/$1.count")
  await "$1: $(cat "$base.sh")" test -e "$base.code"
  cat "$base.out"
  [ "$(cat "$base.code")" = 0 ] || fail "this failed on $1: $(cat "$base.sh")"$'\n'"$(cat "$base.out")"
}
on() { begin "$1" "$2"; result "$1"; }

# on_all COMMAND HOST…: at the same time.
on_all() {
  local command=$1 name
  shift
  for name in "$@"; do begin "$name" "$command"; done
  for name in "$@"; do result "$name"; done
}

# The command line keeps the code that it has compiled beside itself: what is compiled here is not compiled by each slow machine.
compile_ahead() {
  local roots
  roots=$(mktemp -d)
  cat >"$roots/stack.yml" <<'Y'
name: ahead
services:
  none: { image: "busybox:test", scale: 0 }
Y
  (
    export TSSTACK_DATA_ROOT=$roots/data TSSTACK_RUN_ROOT=$roots/run TSSTACK_HOST=unix://$roots/run/tsstack.sock
    "$root/bin/tsstack" daemon >"$roots/daemon.out" 2>&1 &
    await 'a daemon on this side' test -S "$roots/run/tsstack.sock"
    "$root/bin/tsstack" load -i "$1"
    for verb in 'cluster init --advertise 10.91.0.100' 'node ls' "-f $roots/stack.yml up -d" "-f $roots/stack.yml ps" 'service ls' "-f $roots/stack.yml down"; do
      # shellcheck disable=SC2086 # a verb with its arguments
      "$root/bin/tsstack" $verb
    done
    kill $!
    wait $!
  ) >"$roots/out" 2>&1 || { cat "$roots/out" "$roots/daemon.out" >&2; fail 'compiling ahead'; }
  rm -rf "$roots"
}
