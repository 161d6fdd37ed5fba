import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { calmMs } from '../support/calm-time.ts';
import { eventually, ShimLab } from '../support/shim-lab.ts';

describe('shim: the log', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('has a time, the stream and the text of every line', async () => {
    const { container, control } = await lab.run('echo one; echo two >&2; echo; printf three');
    await control.closed;
    const lines = container.log.split('\n');
    assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout F one$/);
    assert.deepEqual(container.logLines.toSorted(), ['stderr F two', 'stdout F ', 'stdout F one', 'stdout F three']);
    const [first = ''] = lines;
    assert.ok(Math.abs(Date.parse(first.slice(0, 30)) - Date.now()) < 10_000);
  });

  it('joins pieces of a line and splits lines of more than 16 KiB', async () => {
    const script =
      'printf a; sleep 0.1; echo b; head -c 16384 /dev/zero | tr "\\0" x; echo; head -c 40000 /dev/zero | tr "\\0" y; echo';
    const { container, control } = await lab.run(script);
    await control.closed;
    const shape = container.logLines.map((line) => `${line.slice(0, 9)}${line.length - 9}`);
    assert.deepEqual(shape, ['stdout F 2', 'stdout F 16384', 'stdout P 16384', 'stdout P 16384', 'stdout F 7232']);
  });

  it('loses nothing of two million lines, in order, over many rotations', async () => {
    const { container, control } = await lab.run('seq 1 2000000', {
      shim: { log: { path: join(lab.directory, 'many.log'), maxBytes: 1_000_000, maxFiles: 1000, driver: 'file' } },
    });
    await control.closed;
    assert.equal(container.state.exitCode, 0);
    const path = join(lab.directory, 'many.log');
    let number = 200;
    while (!existsSync(`${path}.${number}`)) number -= 1;
    let next = 1;
    for (; number >= 0; number -= 1) {
      const file = number === 0 ? path : `${path}.${number}`;
      if (number > 0) {
        const { size } = statSync(file);
        assert.ok(size >= 1_000_000 && size < 1_000_100, `${file} has ${size} bytes`);
      }
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        if (line === '') continue;
        if (line.slice(41 - 1) !== String(next)) assert.equal(line.slice(40), String(next));
        next += 1;
      }
    }
    assert.equal(next, 2_000_001);
  });

  it('keeps as many files as it may', async () => {
    const path = join(lab.directory, 'few.log');
    const { control } = await lab.run('seq 1 100000', {
      shim: { log: { path, maxBytes: 100_000, maxFiles: 2, driver: 'file' } },
    });
    await control.closed;
    assert.ok(readFileSync(path, 'utf8').endsWith(' 100000\n'));
    assert.deepEqual([existsSync(`${path}.1`), existsSync(`${path}.2`)], [true, false]);
    const alone = join(lab.directory, 'alone.log');
    const other = await lab.run('seq 1 100000', {
      shim: { log: { path: alone, maxBytes: 100_000, maxFiles: 1, driver: 'file' } },
    });
    await other.control.closed;
    assert.deepEqual([statSync(alone).size <= 100_100, existsSync(`${alone}.1`)], [true, false]);
  });

  it('goes on in the same file after a restart, and keeps a cut line apart', async () => {
    const { container, control } = await lab.run('printf half; sleep 0.05; exit 1', {
      shim: { restart: { policy: 'on-failure', maxRetries: 1, backoffInitialMs: 10 } },
    });
    await control.closed;
    assert.deepEqual(container.logLines, ['stdout F half', 'stdout F half']);
  });

  it('writes nothing with the driver none', async () => {
    const { container, control } = await lab.run('echo x', { shim: { log: { driver: 'none' } } });
    await control.closed;
    assert.equal(existsSync(container.logPath), false);
  });

  it('makes the container wait while the disk is full, and loses nothing', async () => {
    const disk = join(lab.directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      const path = join(disk, 'current.log');
      const { container, control, state } = await lab.run('seq 1 400000; echo done >&2', {
        shim: { log: { path, maxBytes: 0, maxFiles: 1, driver: 'file' } },
      });
      await eventually('the disk is full', () => statSync(path).size > 1_040_000);
      // Requests are answered all the while.
      assert.equal(((await control.request({ op: 'state' }))['state'] as { phase: string }).phase, 'running');
      execFileSync('mount', ['-o', 'remount,size=64m', disk]);
      await control.closed;
      assert.equal(container.state.exitCode, 0);
      // What was in memory when the container ended is written by the shim before it ends itself.
      await eventually('the shim ends', () => !existsSync(`/proc/${state.shimPid}`));
      const lines = readFileSync(path, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.slice(31));
      const numbers = lines.filter((line) => line.startsWith('stdout')).map((line) => Number(line.slice(9)));
      assert.equal(numbers.length, 400_000);
      assert.equal(
        numbers.findIndex((number, i) => number !== i + 1),
        -1,
      );
      assert.ok(lines.includes('stderr F done'));
    } finally {
      execFileSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true });
    }
  });

  it('lets a stop come through while the disk is full', async () => {
    const disk = join(lab.directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      const path = join(disk, 'current.log');
      const { control } = await lab.run('yes', { shim: { log: { path, maxBytes: 0, maxFiles: 1, driver: 'file' } } });
      await eventually('the disk is full', () => statSync(path).size > 60_000);
      const begun = calmMs();
      await control.request({ op: 'stop', graceMs: 100 });
      assert.ok(calmMs() - begun < 2000);
    } finally {
      execFileSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true });
    }
  });

  it('restarts nothing while the disk is full, so that its memory stays bounded', async () => {
    const disk = join(lab.directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      const log = { path: join(disk, 'current.log'), maxBytes: 0, maxFiles: 1, driver: 'file' };
      const { container, control } = await lab.run('seq 1 9000; exit 1', {
        shim: { log, restart: { policy: 'on-failure', maxRetries: 1, backoffInitialMs: 1 } },
      });
      const { nextRestartAt } = await container.until(({ phase }) => phase === 'restarting');
      assert.ok(Date.parse(nextRestartAt ?? '') < Date.now() + 100);
      // Far longer than the backoff; the negative control is what follows when there is room.
      await new Promise((resolve) => setTimeout(resolve, 400));
      assert.deepEqual(container.phases, ['running', 'restarting']);
      execFileSync('mount', ['-o', 'remount,size=64m', disk]);
      await control.closed;
      assert.deepEqual(container.phases, ['running', 'restarting', 'running', 'exited']);
      assert.equal(readFileSync(log.path, 'utf8').split('\n').length, 18_001);
    } finally {
      execFileSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true });
    }
  });
});
