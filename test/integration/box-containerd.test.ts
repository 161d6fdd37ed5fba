import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { Containerd } from '../support/engines/containerd.ts';
import type { ProgramResult } from '../support/run-program.ts';

const box = join(import.meta.dirname, '../../native/build/tsstack-box');
const image = 'docker.io/library/busybox:test';

describe('containerd over tsstack-box', () => {
  let containerd: Containerd;

  before(async () => {
    containerd = await Containerd.start((await busyboxImage()).dockerArchive);
  });
  after(async () => {
    await containerd.dispose();
  });
  afterEach('leaves no cgroup', () => {
    assert.deepEqual(containerd.leftovers(), []);
  });

  const run = (name: string, options: readonly string[], ...command: readonly string[]): Promise<ProgramResult> =>
    containerd.ctr(
      'run',
      '--runc-binary',
      box,
      '--cgroup',
      containerd.cgroup(name),
      ...options,
      image,
      name,
      ...command,
    );
  async function output(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await containerd.ctr(...args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  it('runs a container to its end', async () => {
    const { code, stdout, stderr } = await run('short', ['--rm'], 'sh', '-c', 'echo out; exit 3');
    assert.deepEqual([code, stdout], [3, 'out\n'], stderr);
    const missing = await run('missing', ['--rm'], 'nonesuch');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /exec "nonesuch": executable file not found/);
  });

  it('limits, enters, pauses and kills one that stays', async () => {
    const mounts = ['--mount', 'type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro'];
    const started = await run('long', ['--detach', '--memory-limit', String(32 << 20), ...mounts], 'sleep', '1000');
    assert.equal(started.code, 0, started.stderr);
    const limit = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true';
    assert.equal(await output('tasks', 'exec', '--exec-id', 'look', 'long', 'sh', '-c', limit), String(32 << 20));
    await output('tasks', 'pause', 'long');
    assert.match(await output('tasks', 'list'), /long +\d+ +PAUSED/);
    await output('tasks', 'resume', 'long');
    assert.match(await output('tasks', 'metrics', 'long'), /memory\.usage/);
    const removed = await containerd.ctr('tasks', 'delete', '--force', 'long');
    assert.match(removed.stderr, /exit code 137/);
    await output('containers', 'delete', 'long');
  });
});
