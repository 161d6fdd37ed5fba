import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { NativeError } from '../../../../../agents/host/native/native-error.ts';
import { explainReservation, portWishes } from '../../../../../agents/host/networks/port-wishes.ts';
import { defaultDevice } from '../../../../../agents/host/networks/underlay-mtu.ts';

describe('port wishes', () => {
  it('ask for a port, a range, or any', () => {
    const base = { target: 80, protocol: 'tcp', hostIp: null } as const;
    assert.deepEqual(
      portWishes('web', [
        { ...base, published: { from: 8080, to: 8080 } },
        { ...base, published: { from: 8000, to: 8010 }, hostIp: '127.0.0.1' },
        { ...base, published: null },
      ]).map(({ hostIp, port, last }) => [hostIp, port, last]),
      [
        ['0.0.0.0', 8080, 8080],
        ['127.0.0.1', 8000, 8010],
        ['0.0.0.0', 0, 0],
      ],
    );
  });

  it('name the container of ours that holds a port', () => {
    const message = 'publish port 0.0.0.0:80/tcp: already in use by container abc';
    const error = new NativeError({ code: 'exists', message, errno: '', path: 'container abc' });
    const explained = explainReservation(error, [{ id: 'abc', owner: 'shop-web-1', address: '172.30.1.5', ports: [] }]);
    assert.match(String(explained), /in use by container shop-web-1$/);
  });

  it('leave other failures as they are', () => {
    const error = new NativeError({ code: 'network', message: 'no such address', errno: 'EADDRNOTAVAIL', path: '' });
    assert.equal(explainReservation(error, []), error);
  });
});

describe('underlay', () => {
  it('is the device of the default route with the lowest metric', () => {
    const text = `Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
wlan0 00000000 010200C0 0003 0 0 600 00000000 0 0 0
eth0 00000000 010200C0 0003 0 0 100 00000000 0 0 0
eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
`;
    assert.equal(defaultDevice(text), 'eth0');
    assert.equal(defaultDevice('Iface Destination\n'), null);
  });
});
