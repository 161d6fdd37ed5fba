import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const module = join(import.meta.dirname, '../../src/daemon/cluster/local-address.ts');

/** What `defaultAddress` says on a host of its own, set up by these commands. */
function defaultAddressAfter(...commands: readonly string[]): string {
  const program = `import { defaultAddress } from ${JSON.stringify(module)};
    console.log(await defaultAddress().catch((error) => error.message));`;
  const shell = [...commands, `exec "${process.execPath}" --input-type=module --eval '${program}'`].join(' && ');
  return execFileSync('unshare', ['--net', 'sh', '-c', shell], { encoding: 'utf8' }).trim();
}

const addLink = (name: string, address: string): string =>
  `ip link add ${name} type bridge && ip addr add ${address} dev ${name} && ip link set ${name} up`;

describe('the address that a host advertises', () => {
  it('is that of the default route', () => {
    const route = 'ip route add default via 10.1.0.1';
    assert.equal(defaultAddressAfter(addLink('br1', '10.1.0.5/24'), addLink('br2', '10.2.0.5/24'), route), '10.1.0.5');
  });

  it('is the only one where there is no default route', () => {
    assert.equal(defaultAddressAfter(addLink('br1', '10.1.0.5/24')), '10.1.0.5');
  });

  it('is to be named where there is none, or no telling which', () => {
    assert.match(defaultAddressAfter('ip link set lo up'), /choose the address .*: this host has none$/);
    const several = defaultAddressAfter(addLink('br1', '10.1.0.5/24'), addLink('br2', '10.2.0.5/24'));
    assert.match(several, /this host has several: 10\.1\.0\.5, 10\.2\.0\.5$/);
  });
});
