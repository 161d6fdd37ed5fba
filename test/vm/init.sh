#!/bin/busybox sh
# PID 1 of the test machine's initial RAM disk: loads the modules, lays a throw-away overlay over the outer machine's root file system,
# mounts what a running Linux has (one unified cgroup hierarchy), runs the job in it and powers off.
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs dev /dev
while read -r module; do $bb insmod "/modules/$module" 2>/dev/null; done </modules.order

share() { $bb mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,$3" "$1" "$2"; }
share outer /lower ro,cache=loose
share job /job ro
$bb mount -t tmpfs -o size=80% writes /writes
$bb mkdir /writes/upper /writes/work
$bb mount -t overlay -o lowerdir=/lower,upperdir=/writes/upper,workdir=/writes/work root /root

for directory in proc sys dev; do $bb mount -o move "/$directory" "/root/$directory"; done
$bb mkdir -p /root/dev/pts /root/dev/shm
$bb mount -t devpts -o ptmxmode=0666 devpts /root/dev/pts
for directory in dev/shm run; do $bb mount -t tmpfs tmpfs "/root/$directory"; done
$bb mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
$bb ip link set lo up
$bb cp /job/job.sh /root/run/job.sh

# The new root becomes the root of the mount namespace, as on a machine that has booted: with a mere chroot, whoever enters the namespace
# of a container would find the RAM disk there.
cd /root || exit
$bb mount -o move . /

echo '=== job starts'
$bb chroot . /bin/bash /run/job.sh
echo "=== job ended with $?"
$bb sync
echo o >proc/sysrq-trigger
$bb sleep 30
