#!/usr/bin/env bash
# selinux.sh: labels of SELinux, enforced by Debian's kernel with a policy of a few lines (selinux-policy.cil): the box alone, then stacks.
# By hand, as root, after a build; takes about two minutes. Needs qemu-system-x86 and secilc. Each step is printed; stops at the first thing
# that does not hold.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ "${1:-}" != inside ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  secilc -M true -o "$work/policy" -f /dev/null "$here/selinux-policy.cil"
  archive=$("$root/bin/node" "$here/busybox-archive.ts")
  "$here/vm-run" --cpus 1 --own-clock --timeout 1800 --kernel-options 'security=selinux selinux=1 enforcing=0' -- "$0" inside "$work/policy" "$archive"
  exit
fi

policy=$2 archive=$3
file=system_u:object_r:container_file_t
step() { echo "[$SECONDS s] $*"; }
fail() { echo "does not hold: $*" >&2; dmesg | grep 'avc: ' | tail -n 5 >&2; exit 1; }
equal() { [ "$1" = "$2" ] || fail "$3: expected $2, found $1"; }
# refused WHY COMMAND…: it fails, and says so.
refused() {
  local why=$1 said
  shift
  said=$("$@" 2>&1) && fail "this is allowed: $*"
  grep -q "$why" <<<"$said" || fail "$* said $said"
}

mount -t selinuxfs selinuxfs /sys/fs/selinux
# The kernel takes a policy in one piece.
dd if="$policy" of=/sys/fs/selinux/load bs=1M status=none
echo 1 >/sys/fs/selinux/enforce
step 'the policy is in force'

# The box: a bundle whose root has a label that containers may read.
bundle=/run/bundle
mkdir -p $bundle /run/root /run/host
echo of-the-host >/run/host/file
mount -t tmpfs tmpfs /run/root
chcon "$file:s0" /run/root
mkdir -p /run/root/{bin,proc,tmp,host}
busybox cp /bin/busybox /run/root/bin/
chcon -R "$file:s0" /run/root
box_runs() { # PROCESS LABEL, MOUNT LABEL, COMMAND
  cat >$bundle/config.json <<J
{
  "ociVersion": "1.2.0",
  "process": { "user": { "uid": 0, "gid": 0 }, "args": ["/bin/busybox", "sh", "-c", "$3"], "cwd": "/", "noNewPrivileges": true, "selinuxLabel": "$1" },
  "root": { "path": "/run/root" },
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"] },
    { "destination": "/host", "type": "bind", "source": "/run/host", "options": ["bind"] }
  ],
  "linux": { "namespaces": [{ "type": "mount" }, { "type": "pid" }], "mountLabel": "$2" }
}
J
  "$root/native/build/tsstack-box" --root /run/boxes run --bundle $bundle test
}
label=system_u:system_r:container_t:s0:c1
equal "$(box_runs '' '' 'busybox cat /proc/self/attr/current /host/file' | tr -d '\0')" 'system_u:system_r:kernel_t:s0-s0:c1,c2of-the-host' 'a process without a label'
equal "$(box_runs $label "$file:s0:c1" 'busybox cat /proc/self/attr/current' | tr -d '\0')" $label 'the label of the process'
equal "$(box_runs $label "$file:s0:c1" 'echo text >/tmp/file; busybox cat /tmp/file')" text 'a file system with the label of mounts'
refused 'Permission denied' box_runs $label "$file:s0:c2" 'echo text >/tmp/file && busybox cat /tmp/file'
refused 'Permission denied' box_runs $label "$file:s0:c1" 'busybox cat /host/file'
refused 'process.selinuxLabel: the policy of this host does not know' box_runs system_u:system_r:nothing_t:s0 "$file:s0" true
refused 'Invalid argument' box_runs $label system_u:object_r:nothing_t:s0 true
step 'the box gives processes and mounts their labels, and says which ones the policy does not know'

export TSSTACK_DATA_ROOT=/run/tsstack-data TSSTACK_RUN_ROOT=/run/tsstack-test TSSTACK_HOST=unix:///run/tsstack-test/tsstack.sock
tsstack() { "$root/node_modules/node/bin/node" --disable-warning=ExperimentalWarning -- "$root/dist/cli/main.cjs" --progress plain "$@"; }
stack() { tsstack -f /run/stack.yml "$@"; }
mkdir -p /run/{shared,private,apart}
for directory in shared private apart; do echo "$directory" >/run/$directory/file; done
echo secret >/run/secret
cat >/run/stack.yml <<'Y'
name: labels
x-one: &one
  image: busybox:test
  init: true
  command: sleep 100000
  stop_grace_period: 1s
services:
  without:
    <<: *one
    volumes: ["/run/apart:/apart"]
  confined:
    <<: *one
    security_opt: ["label=type:container_t", "label=level:s0:c1"]
    volumes: ["/run/apart:/apart", "/run/shared:/shared:z", "/run/private:/private:Z", "data:/data"]
    secrets: [word]
    ipc: shareable
  other:
    <<: *one
    security_opt: ["label=type:spare_t", "label=level:s0:c2"]
    volumes: ["/run/shared:/shared", "/run/private:/private", "data:/data"]
  disabled:
    <<: *one
    security_opt: ["label=disable"]
    volumes: ["/run/apart:/apart"]
volumes:
  data:
secrets:
  word: { file: /run/secret }
Y
tsstack daemon >/run/daemon.out 2>&1 &
for _ in $(seq 300); do [ -S /run/tsstack-test/tsstack.sock ] && break; sleep 1; done
tsstack load -i "$archive"
stack up -d || { cat /run/daemon.out; fail 'the stack does not come up'; }
stack ps
step 'the stack runs'

pid_of() { sed 's/.*"pid":\([0-9]*\).*/\1/' "/run/tsstack-test/containers/$(stack ps -q "$1" | cut -c1-12)/state.json"; }
within() { local service=$1; shift; stack exec -T "$service" "$@"; }
for expected in 'without system_u:system_r:kernel_t:s0-s0:c1,c2' 'disabled system_u:system_r:kernel_t:s0-s0:c1,c2' 'confined system_u:system_r:container_t:s0:c1' 'other system_u:system_r:spare_t:s0:c2'; do
  service=${expected%% *}
  equal "$(tr -d '\0' <"/proc/$(pid_of "$service")/attr/current")" "${expected#* }" "the label of $service"
  equal "$(within "$service" cat /proc/self/attr/current | tr -d '\0')" "${expected#* }" "the label of exec in $service"
done
equal "$(stat -c %C "/proc/$(pid_of confined)/root/bin/busybox")" "$file:s0:c1" 'the label of the root file system'
step 'what is started in a container and what is executed there have the label that the file says'

for path in /apart/file; do
  equal "$(within without cat $path)" apart "$path without a label"
  equal "$(within disabled cat $path)" apart "$path with label=disable"
  refused 'Permission denied' within confined cat $path
done
equal "$(within confined sh -c 'cat /shared/file /private/file /run/secrets/word; grep -c localhost /etc/hosts; echo x >/data/x; echo y >/dev/shm/y; echo z >/etc/z; cat /data/x /dev/shm/y /etc/z' | tr '\n' ' ')" \
  'shared private secret 2 x y z ' 'what is the container'"'"'s own'
equal "$(within other sh -c 'echo y >/data/y; cat /shared/file /data/y' | tr '\n' ' ')" 'shared y ' 'what is shared'
# What a container makes has its level, in a shared directory, too.
for path in /private/file /data/x; do refused 'Permission denied' within other cat $path; done
equal "$(stat -c %C /run/shared/file /run/private/file /run/apart/file | tr '\n' ' ')" "$file:s0 $file:s0:c1 system_u:object_r:host_file_t:s0 " 'labels of binds'
step 'a confined container reaches its own and shared files, and nothing else of the host'

sed 's/container_t/nothing_t/; s/^name: labels/name: unknown/' /run/stack.yml >/run/unknown.yml
refused 'the policy of this host does not know' tsstack -f /run/unknown.yml up -d confined
tsstack -f /run/unknown.yml down
cat >/run/system.yml <<'Y'
name: system
services:
  one: { image: "busybox:test", command: sleep 100000, volumes: ["/etc:/x:z"] }
Y
refused 'belongs to the system' tsstack -f /run/system.yml up -d
tsstack -f /run/system.yml down
stack down -v
step 'everything held'
