import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { encodeFrame, frameTypes } from '../../agents/host/native/shim-frames.ts';
import { calmMs } from '../support/calm-time.ts';
import { eventually, processOf, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';
import { readDescriptors } from '../support/shim-leftovers.ts';
import { until } from '../support/test-host.ts';

const ticksPerSecond = 50;
const request = (body: object): Buffer =>
  encodeFrame(frameTypes.request, Buffer.from(JSON.stringify({ seq: 1, ...body })));

/** What clients may do to a shim. Each gets a connection of its own and must not end by itself. */
const attacks: Readonly<Record<string, (socket: Socket) => void>> = {
  'random bytes': (socket) => socket.write(randomBytes(100_000)),
  'half a header': (socket) => socket.write(Buffer.from([1, 0, 0])),
  'half a frame': (socket) => socket.write(encodeFrame(frameTypes.request, Buffer.alloc(1000)).subarray(0, 500)),
  'a length of four gigabytes': (socket) => socket.write(Buffer.from([255, 255, 255, 255, 1, 0, 0, 0])),
  'the longest frame, over and over, and no reading': (socket) => {
    socket.pause();
    for (let i = 0; i < 16; i += 1) socket.write(encodeFrame(frameTypes.request, Buffer.alloc(1024 * 1024, '[')));
  },
  'ten thousand questions, and no reading': (socket) => {
    socket.pause();
    socket.write(Buffer.concat(Array<Buffer>(10_000).fill(request({ op: 'state' }))));
  },
  'a subscription and an attachment that are never read': (socket) => {
    socket.pause();
    socket.write(Buffer.concat([request({ op: 'subscribe' }), request({ op: 'attach', output: true })]));
  },
  'megabytes for a program that never reads': (socket) => {
    socket.write(request({ op: 'attach', stdin: true, output: false }));
    for (let i = 0; i < 64; i += 1) socket.write(encodeFrame(frameTypes.stdin, Buffer.alloc(512 * 1024, 'x')));
  },
  'an exec of something that never reads, and never ends': (socket) => {
    const process = { args: ['sleep', '1000'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
    socket.write(request({ op: 'exec', process, stdin: true }));
    for (let i = 0; i < 64; i += 1) socket.write(encodeFrame(frameTypes.stdin, Buffer.alloc(512 * 1024, 'x')));
  },
  'an exec whose output is never read': (socket) => {
    socket.pause();
    const process = { args: ['yes'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
    socket.write(request({ op: 'exec', process }));
  },
  'deep nesting': (socket) => socket.write(encodeFrame(frameTypes.request, Buffer.alloc(500_000, '{"a":'))),
};

describe('shim: attacked by clients', () => {
  let lab: ShimLab;
  let container: LabContainer;
  let shimPid: number;
  before(async () => {
    lab = new ShimLab();
    const script = `n=0; while :; do n=$((n + 1)); echo $n; usleep ${1e6 / ticksPerSecond}; done`;
    const { control, ...started } = await lab.run(script, { shim: { stdin: true } });
    control.close();
    ({
      container,
      state: { shimPid },
    } = started);
    await eventually('it ticks', () => existsSync(container.logPath) && container.log.endsWith('\n'));
  });
  after(() => lab.dispose());

  const lastTick = (): number => Number((container.logLines.at(-1) ?? '').split(' ')[2]);

  /** The container goes on, everything it says is in the log, and others are served; all within moments. */
  async function assertServes(): Promise<void> {
    const begun = calmMs();
    const tick = lastTick();
    await eventually('the container goes on', () => lastTick() > tick + 10);
    const control = await container.connect();
    await control.request({ op: 'stats' });
    control.close();
    const numbers = container.logLines.map((line) => Number(line.split(' ')[2]));
    assert.equal(
      numbers.findIndex((number, i) => number !== i + 1),
      -1,
    );
    assert.ok(calmMs() - begun < 5000);
  }

  for (const [name, attack] of Object.entries(attacks)) {
    it(`serves container, log and others during: ${name}`, async () => {
      const sockets = Array.from({ length: 4 }, () => connect(container.socketPath));
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      for (const socket of sockets) {
        socket.on('error', () => undefined); // the shim may hang up at any time
        attack(socket);
      }
      await assertServes();
      for (const socket of sockets) socket.destroy();
    });
  }

  it('keeps no descriptor that a client passes', async () => {
    const script = [
      'import os, socket, sys',
      's = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])',
      'null = os.open("/dev/zero", os.O_RDONLY)',
      'body = b\'{"seq":1,"op":"state"}\'',
      'frame = len(body).to_bytes(4, "little") + bytes([1, 0, 0, 0]) + body',
      'for i in range(50): socket.send_fds(s, [frame], [null] * 100)',
      's.recv(100); print("sent", flush=True); sys.stdin.read()',
    ].join('\n');
    const python = spawn('python3', ['-c', script, container.socketPath], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(python.stdout, 'data');
    await assertServes();
    assert.deepEqual(
      readDescriptors(shimPid).filter((name) => name.includes('/dev/zero')),
      [],
    );
    python.stdin.end();
    await once(python, 'close');
  });

  it('is as it was before when they have gone', async () => {
    const fresh = await lab.run('sleep 100', { shim: { stdin: true } });
    fresh.control.close();
    const count = (pid: number): number => readDescriptors(pid).length;
    // Nobody is connected to either of them.
    await eventually('nothing of theirs is left', () => count(shimPid) === count(fresh.state.shimPid));
  });
});

describe('shim: attacked by its container', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('gives up on a process that is stopped before it gets to its program', async () => {
    const { container, control } = await lab.run('while :; do kill -STOP -1; done 2>/dev/null');
    /** Why a process did not start, or null; it may be quicker than who wants to stop it. */
    const attempt = async (): Promise<string | null> => {
      const connection = await container.connect();
      const problem = await connection.request({ op: 'exec', process: processOf(['true']) }).then(() => null, String);
      connection.close();
      return problem;
    };
    assert.match(
      (await until(attempt, (problem) => problem !== null)) ?? '',
      /start the program in the container: Connection timed out/,
    );
    await control.request({ op: 'kill' });
    control.close();
  });
});
