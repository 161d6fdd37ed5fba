import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readKernelFeatures } from '../../../../../agents/host/facts/kernel-features.ts';

describe('features of the kernel', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tsstack-kernel-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(path: string, content: string | Buffer): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const read = (): ReturnType<typeof readKernelFeatures> => readKernelFeatures('6.1.0-42', root);

  it('are not known where nothing tells of them', () => {
    assert.deepEqual([...new Set(Object.values(read()))], ['unknown']);
  });

  it('are what is loaded, what can be loaded and what is built in', () => {
    mkdirSync(join(root, 'sys/module/vxlan'), { recursive: true });
    write('lib/modules/6.1.0-42/modules.builtin', 'kernel/net/netfilter/nf_tables.ko\n');
    write(
      'lib/modules/6.1.0-42/modules.dep',
      'kernel/drivers/net/wireguard/wireguard.ko.xz: kernel/lib/crypto/libblake2s.ko.xz\nkernel/net/ip_vs_rr.ko:\n',
    );
    const found = read();
    assert.deepEqual([found.vxlan, found.nftables, found.wireguard], ['available', 'available', 'available']);
    assert.deepEqual([found.ipvs, found['ipsec-esp']], ['missing', 'missing']);
  });

  it('are told by the build options of a kernel without modules, where =m is of no use', () => {
    write(
      'proc/config.gz',
      gzipSync('CONFIG_VXLAN=y\n# CONFIG_WIREGUARD is not set\nCONFIG_IP_VS=m\nCONFIG_IP_VS_RR=y\n'),
    );
    const found = read();
    assert.deepEqual([found.vxlan, found.wireguard, found.ipvs], ['available', 'missing', 'missing']);
  });

  it('are told by the configuration beside the kernel where there is no other', () => {
    write('boot/config-6.1.0-42', 'CONFIG_INET_ESP=y\n');
    assert.deepEqual([read()['ipsec-esp'], read().overlayfs], ['available', 'missing']);
  });
});
