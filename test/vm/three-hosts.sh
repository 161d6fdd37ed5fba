#!/usr/bin/env bash
# three-hosts.sh: three hosts with kernels of their own on one bridge become a cluster. A stack runs on all of them, one loses its power and
# comes back, what an encrypted network carries is looked at on the wire, and one is cut off for a while. By hand, as root, after a build:
# machines without hardware help take a quarter of an hour for this on two cores, and more where these are busy, which is too long for
# `npm test` (its hosts are network namespaces, see TestCluster). Needs qemu-system-x86 and tcpdump. Each step is printed.
set -euo pipefail
[ "${1:-}" = inside ] || { "$(dirname "$0")/vm-run" --prepare; exec unshare --net --mount --propagation private -- "$0" inside; }
# shellcheck source=test/vm/machines.sh
. "$(dirname "$0")/machines.sh"
archive=$("$root/bin/node" "$here/busybox-archive.ts")
hosts=(host1 host2 host3)

form_cluster() {
  local token
  on_all "until_it tsstack load -i $archive" "${hosts[@]}" >"$shared/log"
  token=$(on host1 'until_it tsstack cluster init' | grep -o -- '--token [^ ]*' | head -n 1)
  on_all "until_it tsstack cluster join $token 10.91.0.1" host2 host3
}

# Containers that run, as SERVICE HOST, sorted.
running() {
  on host1 'tsstack -f /run/shared/stack.yml ps --format json' | grep '"State":"running"' |
    sed 's/.*"Service":"\([^"]*\)".*/\1 &/; s/ .*"Node":"\([^"]*\)".*/ \1/' | sort
}
web_runs_on() { [ "$(running | sed -n 's/^web //p' | tr '\n' ' ')" = "$* " ]; }
state_of() { on host1 "tsstack node ls --filter name=$1 --format json" | sed 's/.*"State":"\([^"]*\)".*/\1/'; }
is() { [ "$(state_of "$1")" = "$2" ]; }

# Answers of a host's published port, as this side of the bridge sees them: HOST OF THE CONTAINER, ADDRESS OF THE CLIENT.
ask() { for _ in 1 2 3 4 5 6 7 8 9; do curl -s --max-time 60 "http://10.91.0.$1:8080/cgi-bin/who"; done | tr -d '[]' | sed 's/::ffff://' | sort -u; }
# Each host answers with all containers: what is not its own came through the overlay network.
check_ports() { # EXPECTED HOSTNUMBER…
  local expected=$1 number
  shift
  for number in "$@"; do
    [ "$(ask "$number")" = "$expected" ] || fail "host$number answered $(ask "$number") instead of $expected"
  done
}

start_stack() {
  cat >"$shared/stack.yml" <<'Y'
name: three
services:
  web:
    image: busybox:test
    init: true
    hostname: "{{.Node.Hostname}}"
    command: [sh, -c, 'mkdir -p /www/cgi-bin; printf "#!/bin/sh\necho; echo \$$(hostname) \$$REMOTE_ADDR\n" >/www/cgi-bin/who; chmod +x /www/cgi-bin/who; exec httpd -f -p 80 -h /www']
    stop_grace_period: 1s
    ports: ["8080:80"]
    deploy: { replicas: 3, endpoint_mode: vip }
  echo:
    image: busybox:test
    init: true
    command: nc -ll -p 7 -e cat
    stop_grace_period: 1s
    deploy: { endpoint_mode: vip, placement: { constraints: [node.hostname == host2] } }
  client:
    image: busybox:test
    init: true
    command: sleep 100000
    stop_grace_period: 1s
    deploy: { placement: { constraints: [node.hostname == host1] } }
Y
  on host1 'until_it tsstack -f /run/shared/stack.yml up -d; tsstack -f /run/shared/stack.yml ps'
  web_runs_on host1 host2 host3 || fail 'not one container on each host'
}

in_client() { on host1 "tsstack -f /run/shared/stack.yml exec -T client sh -c '$1'"; }

check_names() {
  local found
  found=$(in_client 'nslookup web 2>/dev/null | grep -c "^Address.*172"; nslookup tasks.web 2>/dev/null | grep -c "^Address.*172"; for i in 1 2 3 4 5 6; do wget -qO- http://web/cgi-bin/who; done | cut -d" " -f1 | sort -u' | tr '\n' ' ')
  [ "$found" = '1 3 host1 host2 host3 ' ] || fail "addresses of web, of tasks.web, and the containers at the one of web are $found"
}

# One connection to a container on another host, through the virtual address of its service, with a line each second until /tmp/enough is there.
open_connection() {
  in_client '(n=0; until [ -e /tmp/enough ]; do n=$((n + 1)); echo $n; sleep 1; done | nc echo 7 >/tmp/echoed; echo ended >>/tmp/echoed) >/dev/null 2>&1 &'
}
check_connection() {
  local lines
  lines=$(in_client 'touch /tmp/enough; until grep -q ended /tmp/echoed; do sleep 1; done; cat /tmp/echoed')
  [ "$(sed '$d' <<<"$lines")" = "$(seq $(($(wc -l <<<"$lines") - 1)))" ] || fail "the connection lost lines: $lines"
  echo "$(($(wc -l <<<"$lines") - 1)) lines came back, each once and in their order"
}

answers_of_all=$'host1 10.91.0.100\nhost2 10.91.0.100\nhost3 10.91.0.100'
answers_of_two=$'host1 10.91.0.100\nhost2 10.91.0.100'

lose_power() {
  cut_power host3
  step 'host3 has no power any more'
  await 'what ran on host3 runs elsewhere' web_runs_elsewhere
  step 'what ran there runs elsewhere'
  on host1 'tsstack node ls; tsstack -f /run/shared/stack.yml ps -a; tsstack service ps three_web'
  is host3 down || fail 'node ls does not say that host3 is down'
  check_ports "$answers_of_two" 1 2
}
web_runs_elsewhere() { web_runs_on host1 host1 host2 || web_runs_on host1 host2 host2; }

come_back() {
  start_machine host3 3
  await_machine host3
  await 'host3 is ready' is host3 ready
  on host1 'until_it tsstack service rebalance three_web'
  await 'a container on host3 again' web_runs_on host1 host2 host3
  check_ports "$answers_of_all" 1 2 3
}

lose_cable() {
  ip link set vm-host3 down
  await 'what ran on host3 runs elsewhere' web_runs_elsewhere
  is host3 down || fail 'node ls does not say that host3 is down'
  on host1 'tsstack node ls; tsstack -f /run/shared/stack.yml ps -a'
  check_ports "$answers_of_two" 1 2
  # Nobody tells host3 what goes on: it serves on, and leads two of three to where it gets no answer.
  [ "$(on host3 'for i in 1 2 3; do busybox wget -qO- -T 20 http://127.0.0.1:8080/cgi-bin/who 2>/dev/null || true; done | cut -d" " -f1')" = host3 ] || fail 'host3 does not serve by itself'
}
heal_cable() {
  ip link set vm-host3 up
  await 'host3 is ready' is host3 ready
  await 'one of each slot is left' web_runs_elsewhere
  await 'host3 has ended what was replaced' is_idle host3
  check_ports "$answers_of_two" 1 2 3
}
is_idle() { [ -z "$(on "$1" 'busybox pidof tsstack-shim || true')" ]; }

make_bridge
compile_ahead "$archive"
step 'what the machines will run is compiled'
for number in 1 2 3; do start_machine "host$number" $number; done
for name in "${hosts[@]}"; do await_machine "$name"; done
step 'three hosts are up'
form_cluster
step 'they are a cluster'
. "$here/encrypted-wire.sh"
start_stack
step 'one container runs on each'
check_ports "$answers_of_all" 1 2 3
step "every host answers at the published port with all of them, and they see the client's address"
check_names
step 'names lead to the virtual address and to all containers; connections to it reach the containers on other hosts'
open_connection
lose_power
come_back
step 'host3 is back and runs its part'
lose_cable
step "host3's cable is out, and what ran there runs elsewhere; host3 serves on by itself"
heal_cable
step "host3's cable is in again, and what was replaced has ended"
check_connection
on host1 'tsstack -f /run/shared/stack.yml down'
for name in "${hosts[@]}"; do is_idle "$name" || fail "there is something left on $name"; done
step 'everything held'
