import assert from 'node:assert/strict';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { CdiRegistry } from '../../../../../agents/host/cdi/cdi-registry.ts';
import { requestedDevices } from '../../../../../agents/host/cdi/device-requests.ts';
import type { DeviceRequestSpec } from '../../../../../src/model/device-request-spec.ts';

const root = mkdtempSync(join(tmpdir(), 'tsstack-cdi-'));
let count = 0;

/** A registry of one directory for each list of specs, the last one first to be believed. */
function registry(...directories: readonly (readonly object[])[]): CdiRegistry {
  return new CdiRegistry(
    directories.map((specs) => {
      const directory = join(root, String(++count));
      mkdirSync(directory);
      for (const [index, spec] of specs.entries()) {
        writeFileSync(join(directory, `${index}.json`), JSON.stringify({ cdiVersion: '0.5.0', ...spec }));
      }
      return directory;
    }),
  );
}

const device = (name: string, ...env: string[]): object => ({ name, containerEdits: { env } });
const request = (change: Partial<DeviceRequestSpec> = {}): DeviceRequestSpec => ({
  driver: null,
  count: -1,
  ids: [],
  capabilities: ['gpu'],
  ...change,
});

describe('the registry of CDI devices', () => {
  after(() => rmSync(root, { recursive: true }));

  it('believes the later directory, and refuses two files of one that describe the same', () => {
    const low = { kind: 'a.test/x', devices: [device('1', 'FROM=low'), device('2', 'FROM=low')] };
    const high = { kind: 'a.test/x', devices: [device('1', 'FROM=high')] };
    const both = registry([low], [high]);
    assert.deepEqual(
      both.editsOf(['a.test/x=1', 'a.test/x=2']).map(({ env }) => env),
      [['FROM=high'], ['FROM=low']],
    );
    assert.throws(() => registry([low, high]).editsOf(['a.test/x=1']), /a\.test\/x=1 is in .*0\.json and in .*1\.json/);
  });

  it('edits once for all devices of a spec', () => {
    const spec = {
      kind: 'a.test/x',
      devices: [device('1', 'A=1'), device('2', 'A=2')],
      containerEdits: { env: ['ALL=1'] },
    };
    const edits = registry([spec]).editsOf(['a.test/x=1', 'a.test/x=2']);
    assert.deepEqual(
      edits.map(({ env }) => env),
      [['A=1'], ['A=2'], ['ALL=1']],
    );
  });

  it('says which file is no spec when a device is missing', () => {
    const broken = registry([{ kind: 'a.test/x', devices: [{ name: '1', containerEdits: { netDevices: [] } }] }]);
    assert.match(broken.describeSearch(), /0\.json is no CDI spec: devices\.0\.containerEdits: .*netDevices/);
    assert.throws(() => broken.editsOf(['a.test/x=1']), /this host has no CDI device a\.test\/x=1/);
    assert.deepEqual(new CdiRegistry([join(root, 'none')]).kinds, []);
  });

  it('finds the devices of a request', () => {
    const nvidia = { kind: 'nvidia.com/gpu', devices: ['1', '0', 'all'].map((name) => device(name)) };
    const amd = { kind: 'amd.com/gpu', devices: [device('0')] };
    assert.deepEqual(requestedDevices(request(), registry([nvidia])), ['nvidia.com/gpu=all']);
    assert.deepEqual(requestedDevices(request({ count: 1 }), registry([nvidia])), ['nvidia.com/gpu=0']);
    const both = registry([nvidia, amd]);
    assert.deepEqual(requestedDevices(request({ driver: 'amd' }), both), ['amd.com/gpu=0']);
    assert.deepEqual(requestedDevices(request({ driver: 'nvidia', count: null, ids: ['1'] }), both), [
      'nvidia.com/gpu=1',
    ]);
    assert.throws(() => requestedDevices(request(), both), /has nvidia\.com\/gpu and amd\.com\/gpu for gpu/);
    assert.throws(() => requestedDevices(request({ driver: 'amd', count: 2 }), both), /2 devices of amd\.com\/gpu/);
    assert.throws(() => requestedDevices(request({ capabilities: ['tpu'] }), both), /no CDI spec for tpu/);
  });
});
