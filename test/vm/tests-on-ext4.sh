#!/usr/bin/env bash
# tests-on-ext4.sh ROOT TEST…: runs test files on an ext4, which can map ids; the machine's own file systems cannot, on this kernel.
# Runs inside the machine of vm-run.
set -euo pipefail
root=$1
shift
truncate -s 2G /run/disk.img
mkfs.ext4 -q /run/disk.img
mkdir /run/disk
mount -o loop /run/disk.img /run/disk
# The images are those that the outer machine has made.
export TSSTACK_TEST_CACHE=${TSSTACK_TEST_CACHE:-${TMPDIR:-/tmp}/tsstack-test-cache}
export TMPDIR=/run/disk
export NODE_OPTIONS=--require=$root/test/vm/emulated-processor.cjs
cd "$root"
for test in "$@"; do
  unshare --net --mount --propagation private bash -c 'ip link set lo up && exec "$@"' bash \
    bin/node --disable-warning=ExperimentalWarning node_modules/mocha/bin/mocha.js --timeout 500000 --exit "$test"
done
