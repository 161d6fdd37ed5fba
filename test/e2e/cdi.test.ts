import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost } from '../support/test-host.ts';

const sleeper = 'image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 1s';

const stack = `
name: cdi
services:
  named: { ${sleeper}, devices: ["acme.test/null=one", "/dev/zero:/dev/own-zero"], environment: { ACME: of the file } }
  all: { ${sleeper}, gpus: all }
  two: { ${sleeper}, gpus: [{ driver: acme, count: 2, capabilities: [utility] }] }
  picked: { ${sleeper}, deploy: { resources: { reservations: { devices: [{ capabilities: [gpu], device_ids: ["10"] }] } } } }
  whole: { ${sleeper}, deploy: { resources: { reservations: { devices: [{ capabilities: [any], driver: cdi, device_ids: ["acme.test/gpu=2"] }] } } } }
  plain: { ${sleeper} }
`;

/** Devices that are /dev/null by another name; \`hook\` writes to that file when the container is made. */
const nullSpec = (library: string, hook: string): string => `
cdiVersion: "0.6.0"
kind: acme.test/null
containerEdits:
  env: [ACME_COMMON=once]
  additionalGids: [4711]
devices:
  - name: one
    annotations: { acme.test/note: the first }
    containerEdits:
      env: [ACME=of the device]
      deviceNodes: [{ path: /dev/acme/one, hostPath: /dev/null, permissions: r, fileMode: 0o640, gid: 4711 }]
      mounts: [{ hostPath: ${library}, containerPath: /usr/lib/acme.txt, options: [ro, nosuid, nodev] }]
      hooks: [{ hookName: createRuntime, path: /bin/sh, args: [sh, -c, "cat > ${hook}"] }]
`;

const gpu = (name: string): object => ({
  name,
  containerEdits: { env: [`GPU_${name}=here`], deviceNodes: [{ path: `/dev/gpu${name}`, hostPath: '/dev/null' }] },
});

describe('devices that vendors have described', () => {
  const host = new TestHost();
  let file: string;
  let hookOutput: string;

  before(async () => {
    const library = host.write('library.txt', 'of the vendor\n');
    hookOutput = host.write('hook.json', '');
    host.write('cdi-low/null.yaml', nullSpec(library, hookOutput));
    const gpus = { cdiVersion: '0.5.0', kind: 'acme.test/gpu', devices: ['10', '2', '1'].map(gpu) };
    host.write('cdi-low/gpu.json', JSON.stringify(gpus));
    host.write('cdi-high/broken.json', '{ "cdiVersion": "9", "kind": "acme.test/broken", "devices": [], "more": 1 }');
    const env = { TSSTACK_CDI_DIRECTORIES: `${host.directory}/cdi-low:${host.directory}/cdi-high` };
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive], { env });
    file = host.write('stack.yml', stack);
    await host.ok(['-f', file, 'up', '-d', '--wait']);
  });
  after(() => host.stop());

  const exec = async (service: string, command: string): Promise<string> =>
    (await host.ok(['-f', file, 'exec', '-T', service, 'sh', '-c', command])).stdout;

  it('are given by their names, with all that they need', async () => {
    assert.equal(
      await exec('named', 'stat -c "%F %t:%T %a %g" /dev/acme/one'),
      'character special file 1:3 640 4711\n',
    );
    assert.equal(
      await exec('named', 'cat /dev/acme/one; cat /usr/lib/acme.txt; echo "$ACME $ACME_COMMON"; id -G'),
      'of the vendor\nof the device once\n0 4711\n',
    );
    assert.equal(await exec('named', 'test -c /dev/own-zero && echo there'), 'there\n');
    assert.match(await exec('named', '(echo x > /usr/lib/acme.txt) 2>&1; true'), /Read-only/);
  });

  it('run their hooks with the state of the container', async () => {
    const state = JSON.parse(readFileSync(hookOutput, 'utf8')) as { readonly id: string; readonly status: string };
    const row = (await host.ps(file)).find(({ Service }) => Service === 'named');
    assert.ok(state.id.startsWith(row?.ID ?? 'none'));
    assert.equal(state.status, 'creating');
  });

  it('are given by what they can do: all, so many, or chosen ones', async () => {
    const list = 'ls /dev | grep gpu | tr "\\n" " "; env | grep -c GPU_';
    assert.equal(await exec('all', list), 'gpu1 gpu10 gpu2 3\n');
    assert.equal(await exec('two', list), 'gpu1 gpu2 2\n');
    assert.equal(await exec('picked', list), 'gpu10 1\n');
    assert.equal(await exec('whole', list), 'gpu2 1\n');
    assert.equal(await exec('plain', `${list} || true`), '0\n');
  });

  it('are errors where the host does not have them', async () => {
    const refuse = (attributes: string): Promise<string> => host.refusal(`${sleeper}, ${attributes}`);
    assert.match(
      await refuse('devices: ["acme.test/null=two"]'),
      /this host has no CDI device acme\.test\/null=two[^]*looked in .*cdi-low and .*cdi-high/,
    );
    assert.match(await refuse('devices: ["acme.test/broken=one"]'), /broken\.json is no CDI spec: .*more/);
    assert.match(await refuse('gpus: [{ count: 4 }]'), /4 devices of acme\.test\/gpu are asked for, this host has 3/);
    assert.match(await refuse('gpus: [{ driver: nvidia }]'), /this host has no CDI spec for nvidia gpu/);
    assert.match(await refuse('devices: ["own/thing"]'), /bad\.yml:3:[^]*neither an absolute path nor a CDI name/);
  });
});
