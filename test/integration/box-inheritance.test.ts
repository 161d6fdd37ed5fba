import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { BoxLab, type BoxSpec } from '../support/box-lab.ts';
import type { ProgramResult } from '../support/run-program.ts';

const probe = join(import.meta.dirname, '../support/process-probe.py');
/** Executes the rest of the command line with much that a container must not get. */
const leaving = ['python3', probe, 'leave'];

/** What a process of a container finds, whoever its caller was. */
const clean = {
  fds: [0, 1, 2],
  env: { HOME: '/', PATH: '/usr/bin', LANG: 'C' },
  cwd: '/',
  umask: 0o22,
  blocked: 0,
  ignored: 0,
  ambient: 0,
  inheritable: 0,
  parentDeathSignal: 0,
  subreaper: 0,
  keepCapabilities: 0,
  secureBits: 0,
  dumpable: 1,
  leadsSession: true,
  groups: [],
};

/** Python from the host, and nothing else of it. */
function withPython(spec: BoxSpec): void {
  spec.process.args = ['/usr/bin/python3', '/probe.py', 'look'];
  spec.process.env = ['PATH=/usr/bin', 'LANG=C'];
  spec.mounts.push({ destination: '/usr', type: 'bind', source: '/usr', options: ['bind', 'ro'] });
  spec.mounts.push({ destination: '/probe.py', type: 'bind', source: probe, options: ['bind', 'ro'] });
}

describe('tsstack-box: what a container inherits', () => {
  let lab: BoxLab;

  before(() => {
    lab = new BoxLab();
  });
  after(async () => {
    await lab.dispose();
  });
  afterEach('leaves no cgroup and no record', () => {
    assert.deepEqual([...lab.leftRecords(), ...lab.leftCgroups()], []);
  });

  function bundle(change: (spec: BoxSpec) => void): string {
    const path = lab.bundle('', (spec) => {
      withPython(spec);
      change(spec);
    });
    for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(path, 'rootfs', name));
    mkdirSync(join(path, 'rootfs/usr'));
    return path;
  }
  function found(stdout: string): Record<string, unknown> {
    return JSON.parse(stdout) as Record<string, unknown>;
  }
  /** All but what is looked at apart. */
  function common(all: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.keys(clean).map((name) => [name, all[name]]));
  }

  it('much, where nothing takes it away', async () => {
    const { stdout, stderr, code } = await lab.runUnder(leaving, 'python3', probe, 'look');
    assert.equal(code, 0, stderr);
    const all = found(stdout);
    const same = Object.entries(clean).filter(([name, value]) => JSON.stringify(all[name]) === JSON.stringify(value));
    // An exec sets these.
    assert.deepEqual(
      same.map(([name]) => name),
      ['keepCapabilities', 'dumpable'],
      stdout,
    );
    assert.equal(all['keyring'], 'tsstack-probe');
  });

  it('nothing, in its first process', async () => {
    const id = lab.newId();
    const { stdout, stderr } = await lab.boxUnder(
      leaving,
      'run',
      '--bundle',
      bundle(() => undefined),
      id,
    );
    const all = found(stdout || stderr);
    assert.deepEqual(common(all), clean);
    assert.equal(all['keyring'], id);
  });

  it('nothing, in a process that enters it', async () => {
    const id = lab.newId();
    const stays = bundle((spec) => void (spec.process.args = ['/bin/sleep', '1000']));
    await lab.quiet('create', '--bundle', stays, id);
    await lab.quiet('start', id);
    const { stdout, stderr } = await lab.boxUnder(leaving, 'exec', id, '/usr/bin/python3', '/probe.py', 'look');
    const all = found(stdout || stderr);
    assert.deepEqual(common(all), clean);
    assert.notEqual(all['keyring'], 'tsstack-probe');
    assert.equal((await lab.box('delete', '--force', id)).code, 0);
  });

  it('descriptors that the caller says it may keep', async () => {
    const keep = (count: number): Promise<ProgramResult> => {
      const options = ['--preserve-fds', String(count), '--bundle', bundle(() => undefined)];
      return lab.boxUnder(leaving, 'run', ...options, lab.newId());
    };
    const { stdout, stderr } = await keep(3);
    assert.deepEqual(found(stdout || stderr)['fds'], [0, 1, 2, 3, 4, 5]);
    // In place of those that are not open the container would get some of ours, which lead to the host.
    const tooMany = await keep(18);
    assert.equal(tooMany.code, 1);
    assert.match(tooMany.stderr, /--preserve-fds: descriptor 6: Bad file descriptor/);
  });
});
