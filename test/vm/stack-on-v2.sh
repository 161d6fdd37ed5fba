#!/usr/bin/env bash
# stack-on-v2.sh ROOT ARCHIVE: what the end-to-end tests look at, in short, on a host with one unified cgroup tree.
# Runs inside the machine of vm-run; stops at the first thing that does not hold.
set -euo pipefail
root=$1 archive=$2
export TSSTACK_DATA_ROOT=/run/tsstack-data TSSTACK_RUN_ROOT=/run/tsstack-test TSSTACK_HOST=unix:///run/tsstack-test/tsstack.sock
cat >/tmp/stack.yml <<'Y'
name: v2
services:
  web:
    image: busybox:test
    init: true
    command: httpd -f -p 80 -h /etc
    stop_grace_period: 1s
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 50
    cpuset: "0"
    ports: ["8080:80"]
    restart: always
  client:
    image: busybox:test
    init: true
    command: sleep 100000
    stop_grace_period: 1s
    depends_on: [web]
    security_opt: [apparmor=unconfined]
  narrow:
    image: busybox:test
    command: sleep 100000
    stop_signal: KILL
    security_opt: [apparmor=tsstack-narrow]
Y
cat >/tmp/missing.yml <<'Y'
name: missing
services:
  web: { image: "busybox:test", command: sleep 100000, security_opt: [apparmor=tsstack-missing] }
Y
mount -t securityfs securityfs /sys/kernel/security
apparmor_parser -rK "$root/docs/apparmor/tsstack-default"
sed 's/tsstack-default/tsstack-narrow/g; s|^}|  deny /etc/passwd r,\n}|' "$root/docs/apparmor/tsstack-default" | apparmor_parser -rK
tsstack() { "$root/node_modules/node/bin/node" --disable-warning=ExperimentalWarning -- "$root/dist/cli/main.cjs" --progress plain "$@"; }
fail() { echo "does not hold: $*" >&2; cat /run/tsstack-data/daemon.log >&2; exit 1; }
equal() { [ "$1" = "$2" ] || fail "$3: expected $2, found $1"; }

# The emulated machine is slow: the daemon may take longer to start than a user's command waits.
"$root/node_modules/node/bin/node" --disable-warning=ExperimentalWarning -- "$root/dist/cli/main.cjs" daemon >/tmp/daemon.out 2>&1 &
daemon=$!
for _ in $(seq 120); do [ -S /run/tsstack-test/tsstack.sock ] && break; sleep 1; done
tsstack load -i "$archive"
tsstack -f /tmp/stack.yml up -d
equal "$(tsstack -f /tmp/stack.yml ps --format json | grep -c '"State":"running"')" 3 'running containers'

id=$(tsstack -f /tmp/stack.yml ps -q web)
pid=$(sed 's/.*"pid":\([0-9]*\).*/\1/' "/run/tsstack-test/containers/${id:0:12}/state.json")
cgroup=/sys/fs/cgroup$(sed 's/^0:://' "/proc/$pid/cgroup")
equal "$(cat "$cgroup/memory.max")" 67108864 memory.max
equal "$(cat "$cgroup/cpu.max")" '50000 100000' cpu.max
equal "$(cat "$cgroup/pids.max")" 50 pids.max
equal "$(cat "$cgroup/cpuset.cpus")" 0 cpuset.cpus

equal "$(tsstack -f /tmp/stack.yml exec -T client wget -qO- http://web/copied/from-image 2>/dev/null || echo none)" \
  "$(tsstack -f /tmp/stack.yml exec -T web cat /etc/copied/from-image 2>/dev/null || echo none)" 'the service by its name'
busybox wget -qO- http://127.0.0.1:8080/passwd | grep -q root || fail 'the published port'

# What is started in a container and what is executed there later, by whoever looks: the kernel, and the container itself.
pid_of() { sed 's/.*"pid":\([0-9]*\).*/\1/' "/run/tsstack-test/containers/$(tsstack -f /tmp/stack.yml ps -q "$1" | cut -c1-12)/state.json"; }
for expected in 'web tsstack-default (enforce)' 'client unconfined' 'narrow tsstack-narrow (enforce)'; do
  service=${expected%% *}
  equal "$(cat "/proc/$(pid_of "$service")/attr/apparmor/current")" "${expected#* }" "the profile of $service"
  equal "$(tsstack -f /tmp/stack.yml exec -T "$service" cat /proc/self/attr/apparmor/current)" "${expected#* }" "the profile of exec in $service"
done
tsstack -f /tmp/stack.yml exec -T web head -n 1 /etc/passwd | grep -q root || fail 'what the default profile allows'
refused=$(tsstack -f /tmp/stack.yml exec -T narrow head -n 1 /etc/passwd 2>&1) && fail "what the narrow profile denies: $refused"
grep -q 'Permission denied' <<<"$refused" || fail "the denial: $refused"
refused=$(tsstack -f /tmp/missing.yml up -d 2>&1) && fail 'a profile that is not loaded'
grep -q 'no profile tsstack-missing is loaded' <<<"$refused" || fail "the missing profile: $refused"
tsstack -f /tmp/missing.yml down

kill -9 $daemon
kill -9 "$pid"
"$root/node_modules/node/bin/node" --disable-warning=ExperimentalWarning -- "$root/dist/cli/main.cjs" daemon >/tmp/daemon.out 2>&1 &
for _ in $(seq 120); do tsstack info >/dev/null 2>&1 && break; sleep 1; done
equal "$(tsstack -f /tmp/stack.yml ps --format json | grep -c '"State":"running"')" 3 'running containers after kill -9 of daemon and container'
tsstack -f /tmp/stack.yml pause web
equal "$(sed -n 's/^frozen //p' "/sys/fs/cgroup$(sed 's/^0:://' "/proc/$(sed 's/.*"pid":\([0-9]*\).*/\1/' "/run/tsstack-test/containers/${id:0:12}/state.json")/cgroup")/cgroup.events")" 1 'the freezer'
tsstack -f /tmp/stack.yml unpause web
tsstack -f /tmp/stack.yml down
[ -z "$(find /sys/fs/cgroup -type d -path '*tsstack*' -name "${id:0:12}")" ] || fail 'the cgroup is still there'
echo 'everything held'
