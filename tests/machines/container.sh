#!/bin/sh
# container.sh FOLDER COMMAND...: runs COMMAND as process 1 of a container that is this machine's own file system.
#
# As `docker run --read-only --user 12345` with one volume, and no systemd: namespaces of its own for processes, mounts,
# users, network (loopback alone), host name and shared memory; every file read-only but below /mnt, which is FOLDER;
# a user without an entry in /etc/passwd and without rights; no HOME, no /run, no /dev/shm but for 64 kB. Root starts it.
# A second command of the same container: `container.sh --in PROCESS COMMAND...`, PROCESS being its first as seen here.
set -e
if [ "$1" = --in ]; then
    process=$2; shift 2; cd /
    exec nsenter -t "$process" -U -m -p -n -i -u --preserve-credentials --wd=/proc/"$process"/cwd -- \
        env -i PATH="$PATH" LFR_HOME=/mnt/home LFR_CACHE="$LFR_CACHE" LFR_WORKERS=1 "$@"
fi
if [ "$1" != --inside ]; then
    exec unshare -m -p -n -i -u --fork --kill-child --propagation private "$0" --inside "$@"
fi
shift
mount --bind "$1" /mnt; shift
mount -o remount,bind,ro /
mount -t proc -o hidepid=invisible none /proc
mount -t tmpfs -o ro,size=4k none /run
mount -t tmpfs -o ro,size=4k none /sys/fs/cgroup 2>/dev/null || true
mount -t tmpfs -o size=64k,mode=1777 none /dev/shm
ip link set lo up
hostname container
cd /mnt
exec unshare -U --map-user=12345 --map-group=12345 -- \
    env -i PATH="$PATH" LFR_HOME=/mnt/home LFR_CACHE="$LFR_CACHE" LFR_WORKERS=1 "$@"
