# encrypted-wire.sh: the part of three-hosts.sh that looks at an encrypted network from outside, while nothing else is on the wire. host1 and
# host2 have WireGuard, host3 has not.
# shellcheck shell=bash
# shellcheck disable=SC2154 # what is not assigned here is of those who source this
. "$here/wire-watch.sh"
cat >"$shared/wire.yml" <<'Y'
name: wire
services:
  sink:
    image: busybox:test
    init: true
    command: [sh, -c, 'nc -ll -p 7001 -e dd of=/dev/null bs=64k & exec nc -ll -p 7000 -e sh -c "md5sum >>/tmp/sums"']
    stop_grace_period: 1s
    networks: [clear, secret]
    deploy: { placement: { constraints: [node.hostname == host2] } }
  source:
    image: busybox:test
    init: true
    command: sleep 100000
    stop_grace_period: 1s
    networks: [clear, secret]
    deploy: { placement: { constraints: [node.hostname == host1] } }
  old:
    image: busybox:test
    init: true
    command: [sh, -c, 'nc -ll -p 7001 -e dd of=/dev/null bs=64k & exec nc -ll -p 7000 -e sh -c "md5sum >>/tmp/sums"']
    stop_grace_period: 1s
    networks: [secret]
    deploy: { placement: { constraints: [node.hostname == host3] } }
networks:
  clear: { driver: overlay }
  secret: { driver: overlay, driver_opts: { encrypted: "" } }
Y
in_source() { on host1 "tsstack -f /run/shared/wire.yml exec -T source sh -c '$1'"; }
in_old() { on host1 "tsstack -f /run/shared/wire.yml exec -T old sh -c '$1'"; }

# send NETWORK SERVICE: listens to a text that is sent on it.
send() {
  listen host1
  in_source "yes the-text-of-$1 | head -c 200000 | nc $2.wire_$1 7000"
  listened
}
# none FILTER: nothing of that was seen.
none() { [ "$(seen "$others and $1")" = 0 ] || { tcpdump -n -r "$shared/wire" "$others and $1" >&2; fail "there is something on the wire besides what is encrypted: $1"; }; }
encryption_of() { on host1 "tsstack node inspect $1" | sed -n 's/^    "encryption": "\(.*\)".*/\1/p'; }

# Each has had an answer of the other; until then what it sends goes by ESP.
sends_by_wireguard() { [ "$(on "$1" 'ip route show table $(ip rule | sed -n "s/.*dport 4792 lookup \([0-9]*\).*/\1/p") | grep -c tswg- || true')" = 1 ]; }

look_at_both() {
  local name
  send clear sink
  reads the-text-of-clear && [ "$(seen 'udp port 4789')" -gt 4 ] && [ "$(seen esp)" = 0 ] || fail 'what is sent in clear is not seen so: who looks here sees nothing'
  step "clear: $(seen 'udp port 4789') packets of VXLAN, with the text that was sent"
  [ "$(encryption_of 'host1 host2 host3' | tr '\n' ' ')" = 'wireguard wireguard ipsec ' ] || fail "hosts encrypt by $(encryption_of 'host1 host2 host3')"
  for name in host1 host2; do await "$name sends by WireGuard" sends_by_wireguard "$name"; done
  send secret sink
  reads the-text-of-secret && fail 'the text that was sent encrypted is on the wire'
  none 'host 10.91.0.2 and not udp port 4793'
  [ "$(seen 'udp port 4793 and host 10.91.0.2')" -gt 4 ] || fail 'there is no WireGuard'
  step "encrypted: $(seen 'udp port 4793') packets of WireGuard and nothing else"
  send secret old
  reads the-text-of-secret && fail 'the text that was sent encrypted is on the wire'
  none 'host 10.91.0.3 and not esp'
  [ "$(seen 'esp and host 10.91.0.3')" -gt 4 ] || fail 'there is no ESP'
  step "encrypted, to a host without WireGuard: $(seen esp) packets of ESP and nothing else"
}

# What was not taken because no key was there, or was not the right one.
refused() { on_all 'awk "{ sum += \$2 } END { print sum }" /proc/net/xfrm_stat' host1 host3; }
keys() { on_all 'ip xfrm state | grep -o "rfc4106(gcm(aes)) 0x[0-9a-f]*"' host1 host3 | sort -u; }

rotate_under_load() {
  local refused_before keys_before sum count
  refused_before=$(refused)
  keys_before=$(keys)
  listen host1
  in_source 'for name in sink old; do ping -i 0.2 $name.wire_secret >/tmp/pings.$name 2>&1 & pids="$pids $!"; done; (until [ -e /tmp/enough ]; do cat /bin/busybox; echo >>/tmp/sent; done | nc old.wire_secret 7000; kill -INT $pids; echo >/tmp/done) >/dev/null 2>&1 &'
  for _ in 1 2 3; do on host1 'until_it tsstack cluster key rotate'; done
  in_source 'touch /tmp/enough; until [ -e /tmp/done ]; do sleep 1; done'
  listened
  sum=$(in_old 'tail -n 1 /tmp/sums')
  count=$(in_source 'wc -l </tmp/sent')
  [ "$sum" = "$(in_source "for i in \$(seq $count); do cat /bin/busybox; done | md5sum")" ] || fail "what arrived is not what was sent: $sum"
  in_source 'tail -n 2 /tmp/pings.*' | tee "$shared/pings"
  [ "$(grep -c ' 0% packet loss' "$shared/pings")" = 2 ] || fail 'packets were lost'
  [ "$(refused)" = "$refused_before" ] || fail "packets were refused: $refused_before, now $(refused)"
  [ -z "$(comm -12 <(echo "$keys_before") <(keys))" ] || fail 'keys of before are left'
  [ "$(keys_from 10.91.0.1)" -ge 4 ] || fail "host1 sent with $(keys_from 10.91.0.1) keys"
  none 'not esp and not udp port 4793'
  step "three new keys under a transfer of $count times $(wc -c </bin/busybox) bytes: nothing is lost, nothing is in clear"
}

compare_speed() {
  in_source 'for i in 1 2 3; do for way in sink.wire_clear sink.wire_secret old.wire_secret; do echo $way $({ time -p sh -c "head -c 5000000 /dev/zero | nc $way 7001" >/dev/null; } 2>&1 | grep real); done; done' |
    tee >(cat >&2) | awk '{ if (!least[$1] || $3 < least[$1]) least[$1] = $3 } END { for (way in least) printf "%s runs at %.2f of the speed in clear\n", way, least["sink.wire_clear"] / least[way] }'
}

on host1 'until_it tsstack -f /run/shared/wire.yml up -d; tsstack -f /run/shared/wire.yml ps'
look_at_both
rotate_under_load
compare_speed
on host1 'tsstack -f /run/shared/wire.yml down'
[ -z "$(on_all 'ip link show type wireguard; ip rule | grep ipproto || true; ip xfrm policy' "${hosts[@]}")" ] || fail 'something of what was encrypted is left'
step 'nothing of it is left on any host'
