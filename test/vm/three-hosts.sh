#!/usr/bin/env bash
# three-hosts.sh: three hosts with kernels of their own on one bridge become a cluster. What an encrypted network carries is looked at on the
# wire, a stack runs on all hosts, one loses its power and comes back, one is cut off for a while, and in the end all lose their power at
# once. By hand, as root, after a build: machines without hardware help take six to ten minutes for this on two cores, by how busy these
# are, which is too long for `npm test` (its hosts are network namespaces, see TestCluster). Needs qemu-system-x86, tcpdump and curl.
set -euo pipefail
for tool in qemu-system-x86_64 tcpdump curl; do command -v $tool >/dev/null || { echo "three-hosts: there is no $tool here" >&2; exit 1; }; done
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

# Containers of web that run, as HOST ID, sorted, and their hosts alone.
running() {
  on host1 'tsstack -f /run/shared/stack.yml ps --format json web' | grep '"State":"running"' | sed 's/.*"ID":"\([^"]*\)".*"Node":"\([^"]*\)".*/\2 \1/' | sort
}
places() { running | cut -d ' ' -f 1; }
web_runs_on() { [ "$(places | tr '\n' ' ')" = "$* " ]; }
state_of() { on host1 "tsstack node ls --filter name=$1 --format json" | sed 's/.*"State":"\([^"]*\)".*/\1/'; }
is() { [ "$(state_of "$1")" = "$2" ]; }

# Answers of a host's published port, as this side of the bridge sees them: HOST OF THE CONTAINER, ADDRESS OF THE CLIENT.
ask() { for _ in 1 2 3 4 5 6 7 8 9; do curl -s --max-time 60 "http://10.91.0.$1:8080/cgi-bin/who"; done | tr -d '[]' | sed 's/::ffff://' | sort -u; }
# Each host answers with all containers: what is not its own came through the overlay network.
check_ports() { # HOSTNUMBER…
  local expected number answered
  expected=$(places | sort -u | sed 's/$/ 10.91.0.100/')
  for number in "$@"; do
    answered=$(ask "$number")
    [ "$answered" = "$expected" ] || fail "host$number answered $answered instead of $expected"
  done
}

start_stack() {
  cat >"$shared/stack.yml" <<'Y'
name: three
services:
  web:
    image: busybox:test
    init: true
    restart: always
    hostname: "{{.Node.Hostname}}"
    command: [sh, -c, 'mkdir -p /www/cgi-bin; printf "#!/bin/sh\necho; echo \$$(hostname) \$$REMOTE_ADDR\n" >/www/cgi-bin/who; chmod +x /www/cgi-bin/who; exec httpd -f -p 80 -h /www']
    stop_grace_period: 1s
    ports: ["8080:80"]
    deploy: { replicas: 3, endpoint_mode: vip }
  echo:
    image: busybox:test
    init: true
    restart: always
    command: nc -ll -p 7 -e cat
    stop_grace_period: 1s
    deploy: { endpoint_mode: vip, placement: { constraints: [node.hostname == host2] } }
  client:
    image: busybox:test
    init: true
    restart: always
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

# Which hosts that are left have what host3 had is not said: on a busy machine one of them may be late, too, and come back without its containers.
web_runs_elsewhere() {
  local found
  found=$(places)
  [ "$(wc -l <<<"$found")" = 3 ] && ! grep -q host3 <<<"$found"
}
web_runs_on_host3() { places | grep host3 >/dev/null; }
shows_loss() {
  is host3 down || fail 'node ls does not say that host3 is down'
  on host1 'tsstack node ls; tsstack -f /run/shared/stack.yml ps -a; tsstack service ps three_web' | tee "$shared/log"
  grep -q 'three-web.* host3 .*Unknown since' "$shared/log" || fail 'ps does not say that nothing is heard of the container on host3'
  check_ports 1 2
}

lose_power() {
  cut_power host3
  step 'host3 has no power any more'
  await 'what ran on host3 runs elsewhere' web_runs_elsewhere
  step 'what ran there runs elsewhere'
  shows_loss
}
come_back() {
  start_machine host3 3
  await_machine host3
  await 'host3 is ready' is host3 ready
  step 'host3 has its power again'
  await 'host3 has ended what was replaced' is_idle host3
  web_runs_elsewhere || fail "web runs on $(places)"
  on host1 'until_it tsstack service rebalance three_web'
  await 'a container on host3 again' web_runs_on_host3
  check_ports 1 2 3
}

lose_cable() {
  local found
  ip link set vm-host3 down
  step "host3's cable is out"
  await 'what ran on host3 runs elsewhere' web_runs_elsewhere
  step 'what ran there runs elsewhere'
  shows_loss
  # Nobody tells host3 what goes on: it serves on, and leads two of three to where it gets no answer.
  found=$(on host3 'for i in 1 2 3; do curl -s --max-time 10 http://127.0.0.1:8080/cgi-bin/who || true; done | cut -d" " -f1')
  [ "$found" = host3 ] || fail "host3, which is alone, answered itself with: $found"
}
heal_cable() { # ID
  ip link set vm-host3 up
  await 'host3 is ready' is host3 ready
  await 'host3 has ended what was replaced' has_ended host3 "$1"
  [ "$(places | wc -l)" = 3 ] || fail "web runs on $(places)"
  check_ports 1 2 3
}
# All at once, a moment after a command has ended: what had not reached a disk by then is lost, and what the command has changed is not.
lose_all_power() {
  local name
  on host1 'tsstack service scale --detach three_web=4'
  for name in "${hosts[@]}"; do cut_power "$name"; done
  step 'no host has power any more'
  for name in "${hosts[@]}"; do start_machine "$name" "${name#host}"; done
  for name in "${hosts[@]}"; do await_machine "$name"; done
  for name in "${hosts[@]}"; do await "$name is ready" is "$name" ready; done
  step 'all hosts are ready'
  await 'what was asked for last' all_run
  on host1 'tsstack node ls; tsstack -f /run/shared/stack.yml ps -a; tsstack cluster status'
  check_ports 1 2 3
}
all_run() { [ "$(on host1 "tsstack -f /run/shared/stack.yml ps --format '{{.Service}} {{.State}}'" | sort | tr '\n' ',')" = 'client running,echo running,web running,web running,web running,web running,' ]; }

# What holds containers on a host: all of them, or that of one.
shims() { on "$1" "pgrep -af '^tsstack-shim --config .*/${2:-}' || [ \$? = 1 ]"; }
has_ended() { # HOST ID
  local found
  found=$(shims "$@") && [ -z "$found" ]
}
is_idle() { has_ended "$1" ''; }

make_bridge
compile_ahead "$archive"
step 'what the machines will run is compiled'
echo wireguard >"$shared/host3.without"
for number in 1 2 3; do start_machine "host$number" $number; done
for name in "${hosts[@]}"; do await_machine "$name"; done
step 'three hosts are up'
form_cluster
step 'they are a cluster'
. "$here/encrypted-wire.sh"
start_stack
step 'one container runs on each'
check_ports 1 2 3
step "every host answers at the published port with all of them, and they see the client's address"
check_names
step 'names lead to the virtual address and to all containers; connections to it reach the containers on other hosts'
open_connection
lose_power
come_back
step 'host3 is back and runs its part'
replaced=$(running | sed -n 's/^host3 //p')
[ -n "$(shims host3 "$replaced")" ] || fail "nothing holds $replaced on host3"
lose_cable
step 'host3, which is alone, serves on by itself'
heal_cable "$replaced"
step "host3's cable is in again, and what was replaced has ended"
check_connection
lose_all_power
step 'all run what was asked for last'
on host1 'tsstack -f /run/shared/stack.yml down'
for name in "${hosts[@]}"; do is_idle "$name" || fail "there is something left on $name"; done
step 'everything held'
