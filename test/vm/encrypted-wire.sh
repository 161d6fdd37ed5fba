# encrypted-wire.sh: the part of three-hosts.sh that looks at an encrypted network from outside, while nothing else is on the wire.
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
networks:
  clear: { driver: overlay }
  secret: { driver: overlay, driver_opts: { encrypted: "" } }
Y
in_source() { on host1 "tsstack -f /run/shared/wire.yml exec -T source sh -c '$1'"; }
in_sink() { on host1 "tsstack -f /run/shared/wire.yml exec -T sink sh -c '$1'"; }

# send NETWORK: listens to a text that is sent on it.
send() {
  listen host1
  in_source "yes the-text-of-$1 | head -c 200000 | nc sink.wire_$1 7000"
  listened
}

look_at_both() {
  send clear
  reads the-text-of-clear && [ "$(seen 'udp port 4789')" -gt 4 ] && [ "$(seen esp)" = 0 ] || fail 'what is sent in clear is not seen so: who looks here sees nothing'
  step "clear: $(seen 'udp port 4789') packets of VXLAN, with the text that was sent"
  send secret
  reads the-text-of-secret && fail 'the text that was sent encrypted is on the wire'
  [ "$(seen "$others and not esp")" = 0 ] || { tcpdump -n -r "$shared/wire" "$others and not esp" >&2; fail 'there is something on the wire besides ESP'; }
  [ "$(seen esp)" -gt 4 ] || fail 'there is no ESP'
  step "encrypted: $(seen esp) packets of ESP and nothing else"
}

# What was not taken because no key was there, or was not the right one.
refused() { on_all 'awk "{ sum += \$2 } END { print sum }" /proc/net/xfrm_stat' host1 host2; }
keys() { on_all 'ip xfrm state | grep -o "rfc4106(gcm(aes)) 0x[0-9a-f]*"' host1 host2 | sort -u; }

rotate_under_load() {
  local refused_before keys_before sum count
  refused_before=$(refused)
  keys_before=$(keys)
  listen host1
  in_source 'ping -i 0.2 sink.wire_secret >/tmp/pings 2>&1 & (until [ -e /tmp/enough ]; do cat /bin/busybox; echo >>/tmp/sent; done | nc sink.wire_secret 7000; kill -INT $!; echo >/tmp/done) >/dev/null 2>&1 &'
  for _ in 1 2 3; do on host1 'until_it tsstack cluster key rotate'; done
  in_source 'touch /tmp/enough; until [ -e /tmp/done ]; do sleep 1; done'
  listened
  sum=$(in_sink 'tail -n 1 /tmp/sums')
  count=$(in_source 'wc -l </tmp/sent')
  [ "$sum" = "$(in_source "for i in \$(seq $count); do cat /bin/busybox; done | md5sum")" ] || fail "what arrived is not what was sent: $sum"
  in_source 'tail -n 2 /tmp/pings' | tee "$shared/pings"
  grep -q ' 0% packet loss' "$shared/pings" || fail 'packets were lost'
  [ "$(refused)" = "$refused_before" ] || fail "packets were refused: $refused_before, now $(refused)"
  [ -z "$(comm -12 <(echo "$keys_before") <(keys))" ] || fail 'keys of before are left'
  [ "$(keys_from 10.91.0.1)" -ge 4 ] || fail "host1 sent with $(keys_from 10.91.0.1) keys"
  [ "$(seen "$others and not esp")" = 0 ] || fail 'there is something on the wire besides ESP'
  step "three new keys under a transfer of $count times $(wc -c </bin/busybox) bytes: nothing is lost, nothing is in clear"
}

compare_speed() {
  in_source 'for i in 1 2 3; do for network in clear secret; do echo $network $({ time -p sh -c "head -c 5000000 /dev/zero | nc sink.wire_$network 7001" >/dev/null; } 2>&1 | grep real); done; done' |
    tee >(cat >&2) | awk '{ if (!least[$1] || $3 < least[$1]) least[$1] = $3 } END { printf "encrypted runs at %.2f of the speed in clear\n", least["clear"] / least["secret"] }'
}

on host1 'until_it tsstack -f /run/shared/wire.yml up -d; tsstack -f /run/shared/wire.yml ps'
look_at_both
rotate_under_load
compare_speed
on host1 'tsstack -f /run/shared/wire.yml down'
