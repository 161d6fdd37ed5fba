#!/usr/bin/env bash
# three-hosts.sh: three hosts with kernels of their own on one bridge. They become a cluster, a stack with a network and a published port runs on
# all of them, one loses its power, and what ran there runs elsewhere. By hand, as root, after a build: machines without hardware help need
# minutes to boot beside each other on two cores, and more where these are busy, which is too long for `npm test` (its hosts are network
# namespaces, see TestCluster).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ "${1:-}" = inside ] || { "$here/vm-run" --prepare; exec unshare --net -- "$0" inside; }

shared=$(mktemp -d)
archive=$("$root/bin/node" "$here/busybox-archive.ts")
jobs=()
finish() {
  local status=$?
  [ $status = 0 ] || tail -n 15 "$shared"/*.console
  for file in "$shared"/*.pid; do [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null || true; done
  for job in "${jobs[@]}"; do wait "$job" 2>/dev/null || true; done
  rm -rf "$shared"
}
trap finish EXIT

# await SECONDS FILE…: until all are there.
await() {
  local end=$((SECONDS + $1)) file
  shift
  for file in "$@"; do
    until [ -e "$file" ]; do
      [ $SECONDS -lt $end ] || { echo "three-hosts: nothing of $(basename "$file") in time" >&2; exit 1; }
      sleep 0.2
    done
  done
}

declare -A count
# begin HOST COMMAND: has it run there; `result HOST` waits for it, shows what it said, and fails if it did.
begin() {
  count[$1]=$((${count[$1]:-0} + 1))
  echo "set -euo pipefail; $2" >"$shared/$1.new"
  mv "$shared/$1.new" "$shared/$1.${count[$1]}.sh"
}
result() {
  local base="$shared/$1.${count[$1]}"
  await 300 "$base.code"
  cat "$base.out"
  [ "$(cat "$base.code")" = 0 ] || { echo "three-hosts: this failed on $1: $(cat "$base.sh")" >&2; exit 1; }
}
on() { begin "$1" "$2"; result "$1"; }
step() { echo "[$SECONDS s] $*"; }

ip link set lo up
ip link add hosts type bridge
ip link set hosts up
names=(host1 host2 host3)
for index in 0 1 2; do
  name=${names[index]}
  "$here/vm-run" --memory 1024 --timeout 1500 --bridge hosts --address "10.91.0.$((index + 1))/24" --name "$name" --share "$shared" \
    --pid-file "$shared/$name.pid" -- "$here/host-loop.sh" "$root" "$name" >"$shared/$name.console" 2>&1 &
  jobs+=($!)
done
await 600 "$shared"/host{1,2,3}.ready
step 'three hosts are up'

for name in "${names[@]}"; do begin "$name" "tsstack load -i $archive"; done
for name in "${names[@]}"; do result "$name"; done
token=$(on host1 'tsstack cluster init' | grep -o -- '--token [^ ]*' | head -n 1)
for name in host2 host3; do begin "$name" "tsstack cluster join $token 10.91.0.1"; done
for name in host2 host3; do result "$name"; done
step 'they are a cluster'

cat >"$shared/stack.yml" <<'Y'
name: three
services:
  web:
    image: busybox:test
    init: true
    command: sh -c "cat /proc/sys/kernel/hostname > /tmp/index.html; exec httpd -f -p 80 -h /tmp"
    stop_grace_period: 1s
    ports: ["8080:80"]
    deploy: { replicas: 3 }
Y
on host1 'tsstack -f /run/shared/stack.yml up -d'
on host1 'tsstack -f /run/shared/stack.yml ps'
hosts_of() { on host1 "tsstack -f /run/shared/stack.yml ps --format json" | grep '"State":"running"' | grep -o '"Node":"[^"]*"' | sort; }
[ "$(hosts_of | uniq | wc -l)" = 3 ] || { echo 'three-hosts: not one container on each host' >&2; exit 1; }
step 'one container runs on each'

# Each host answers at the port with all three containers: what is not its own came through the overlay network.
ask='for i in 1 2 3 4 5 6 7 8 9; do busybox wget -qO- -T 5 http://127.0.0.1:8080/; done | sort -u | wc -l'
for name in "${names[@]}"; do begin "$name" "$ask"; done
for name in "${names[@]}"; do
  [ "$(result "$name")" = 3 ] || { echo "three-hosts: $name does not reach all containers" >&2; exit 1; }
done
on host1 'tsstack -f /run/shared/stack.yml exec -T web sh -c "nslookup tasks.web 2>/dev/null | grep -c ^Address"'
step 'every host answers at the published port with all of them'

kill -9 "$(cat "$shared/host3.pid")"
lost=$SECONDS
step 'host3 has no power any more'
until hosts=$(hosts_of) && [ "$(wc -l <<<"$hosts")" = 3 ] && ! grep -q host3 <<<"$hosts"; do
  [ $SECONDS -lt $((lost + 120)) ] || { echo "three-hosts: not placed elsewhere: $hosts" >&2; exit 1; }
done
step "what ran there runs elsewhere, after $((SECONDS - lost)) s"
on host1 'tsstack node ls; tsstack -f /run/shared/stack.yml ps'
[ "$(on host2 "$ask")" = 3 ] || { echo 'three-hosts: host2 does not reach all containers' >&2; exit 1; }
on host1 'tsstack -f /run/shared/stack.yml down'
step 'everything held'
