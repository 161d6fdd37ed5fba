# wire-watch.sh: for scripts that have sourced machines.sh: what somebody sees who listens at the cable of a machine.
# shellcheck shell=bash
# shellcheck disable=SC2154 # $shared is of machines.sh

# listen HOST: from now on, until `listened`.
listen() {
  : >"$shared/wire.log"
  tcpdump -i "vm-$1" --immediate-mode -U -w "$shared/wire" 2>>"$shared/wire.log" &
  listener=$!
  await "tcpdump at the cable of $1" grep -q '^tcpdump: listening' "$shared/wire.log"
}
listened() {
  kill -INT $listener
  wait $listener
}

# seen FILTER: how many packets that tcpdump's FILTER takes.
seen() { tcpdump -n -r "$shared/wire" "$1" 2>/dev/null | wc -l; }
# reads TEXT: is it there in clear?
reads() { grep -qaF "$1" "$shared/wire"; }
# What hosts of a cluster say to each other besides what their containers do.
others='not arp and not icmp and not icmp6 and not ip6 and not tcp port 2377'
# The numbers of the keys that packets from an address were encrypted with.
keys_from() { tcpdump -n -r "$shared/wire" "esp and src host $1" 2>/dev/null | grep -o 'spi=0x[0-9a-f]*' | sort -u | wc -l; }
