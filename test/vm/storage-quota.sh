#!/usr/bin/env bash
# storage-quota.sh ROOT ARCHIVE: storage_opt.size on the file systems that have project quotas. Runs inside the machine of vm-run; stops
# at the first thing that does not hold.
set -euo pipefail
root=$1 archive=$2
cat >/tmp/stack.yml <<'Y'
name: quota
services:
  full:
    image: busybox:test
    init: true
    command: sleep 100000
    stop_grace_period: 1s
    storage_opt: { size: 8m }
  other:
    image: busybox:test
    init: true
    command: sleep 100000
    stop_grace_period: 1s
    storage_opt: { size: 1g }
Y
tsstack() { "$root/node_modules/node/bin/node" --disable-warning=ExperimentalWarning -- "$root/dist/cli/main.cjs" --progress plain "$@"; }
fail() { echo "does not hold: $*" >&2; cat /tmp/daemon.out >&2; exit 1; }

try() { # TYPE OPTION MKFS…
  local type=$1 option=$2 data=/mnt/$1 daemon whole
  shift 2
  mkdir -p "$data"
  truncate -s 400M "/run/$type.img"
  "$@" "/run/$type.img" >/dev/null 2>&1
  mount -o "loop,$option" "/run/$type.img" "$data"
  # The file system may be limited as a whole already: containers have projects of their own nevertheless, and that one stays.
  whole=$("$root/native/build/tsstack-layer" limit --lock "$data" --bytes 300000000 -- "$data")
  export TSSTACK_DATA_ROOT=$data/data TSSTACK_RUN_ROOT=/run/tsstack-$type TSSTACK_HOST=unix:///run/tsstack-$type/tsstack.sock
  tsstack daemon >/tmp/daemon.out 2>&1 &
  daemon=$!
  for _ in $(seq 120); do [ -S "/run/tsstack-$type/tsstack.sock" ] && break; sleep 1; done
  tsstack load -i "$archive"
  tsstack -f /tmp/stack.yml up -d
  said=$(tsstack -f /tmp/stack.yml exec -T full dd if=/dev/zero of=/big bs=1M count=20 2>&1) && fail "$type: 20 MB fit into 8 MB"
  echo "$said" | grep -qE 'No space left|quota exceeded' || fail "$type: $said"
  [ "$(tsstack -f /tmp/stack.yml exec -T full stat -c %s /big)" -le 8388608 ] || fail "$type: more than 8 MB were written"
  tsstack -f /tmp/stack.yml exec -T other dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null || fail "$type: the other one is limited as well"
  tsstack -f /tmp/stack.yml exec -T full rm /big
  tsstack -f /tmp/stack.yml restart -t 0 full
  tsstack -f /tmp/stack.yml exec -T full dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null && fail "$type: there is no limit after a restart"
  tsstack -f /tmp/stack.yml exec -T full dd if=/dev/zero of=/big bs=1M count=4 2>/dev/null || fail "$type: what was freed is not free"
  tsstack -f /tmp/stack.yml down -t 0
  [ "$type" != xfs ] || [ -z "$(xfs_quota -x -c 'report -p -n -N' "$data" | awk -v whole="#${whole//[^0-9]/}" '$1 != "#0" && $1 != whole && $4 > 0')" ] || fail "$type: a limit is left"
  # ext4 does not hold who may exceed limits.
  setpriv --bounding-set -sys_resource dd if=/dev/zero of="$data/big" bs=1M count=350 2>/dev/null && fail "$type: the limit of the whole is gone"
  rm "$data/big"
  kill "$daemon"
  echo "$type held"
}

try xfs pquota mkfs.xfs -q
try ext4 prjquota mkfs.ext4 -q -O project,quota -E quotatype=prjquota
echo 'everything held'
