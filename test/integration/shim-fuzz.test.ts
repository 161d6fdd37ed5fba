import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { encodeFrame, frameTypes } from '../../agents/host/native/shim-frames.ts';
import { eventually, processOf, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';

/** A longer run, or another one: TSSTACK_FUZZ_MS, TSSTACK_FUZZ_SEED. */
const durationMs = Number(process.env['TSSTACK_FUZZ_MS'] ?? 4000);
const firstSeed = Number(process.env['TSSTACK_FUZZ_SEED'] ?? 1);

/** Ignores the polite signal, reads its input, and writes to both streams for a while before it fails. */
const script =
  'trap "" TERM; cat & i=0; while [ $i -lt 30 ]; do echo line $i; echo error >&2; i=$((i+1)); sleep 0.01; done; exit 1';
const commands = ['cat', 'yes | head -c 3000000', 'exit 3', 'sleep 0.01 & echo x', 'sleep 100'];

/** The same numbers for the same seed (the linear congruential generator of the C standard's example). */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) & 0x7fffffff;
    return (this.#state >>> 8) % limit;
  }
  oneOf<T>(values: readonly T[]): T {
    return values[this.below(values.length)] ?? assert.fail();
  }
  once(in_: number): boolean {
    return this.below(in_) === 0;
  }
}

function makeRequest(random: Random): Readonly<Record<string, unknown>> {
  const process = { ...processOf(random.oneOf(commands)), terminal: random.once(4) };
  const timeoutMs = random.once(3) ? random.below(50) : null;
  // What ends the container is rare.
  if (random.once(60)) return random.oneOf([{ op: 'stop', graceMs: random.below(3) - 1 }, { op: 'kill' }]);
  return random.oneOf<Readonly<Record<string, unknown>>>([
    { op: 'state' },
    { op: 'subscribe' },
    { op: 'start' },
    { op: 'signal', signal: random.below(70) },
    { op: 'signal', signal: 'KILL' },
    { op: 'restart', graceMs: random.below(5) },
    { op: 'pause' },
    { op: 'resume' },
    { op: 'resize', rows: random.below(100), columns: random.below(70_000) },
    { op: 'stats' },
    { op: 'pids' },
    { op: 'update', restart: { policy: random.oneOf(['no', 'always', 'on-failure']), backoffInitialMs: 1 } },
    { op: 'update', resources: { memory: { limit: 100_000_000 } } },
    { op: 'attach', stdin: random.once(2), output: random.once(2) },
    { op: 'exec', process, stdin: random.once(2), detach: random.once(4), timeoutMs, privileged: false },
    { op: 'exec', process: { args: 7 } },
  ]);
}

/** Mostly a valid frame, now and then with a wrong byte or cut short. */
function makeFrame(random: Random, seq: number): Buffer {
  const kind = random.below(10);
  let frame = encodeFrame(frameTypes.stdinClose, Buffer.alloc(0));
  if (kind < 7) frame = encodeFrame(frameTypes.request, Buffer.from(JSON.stringify({ seq, ...makeRequest(random) })));
  else if (kind < 9) frame = encodeFrame(frameTypes.stdin, Buffer.alloc(random.below(100_000), 'A'));
  if (random.once(30)) frame[random.below(frame.length)] = random.below(256);
  return random.once(30) ? frame.subarray(0, random.below(frame.length)) : frame;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One client that sends what it likes, may not read, and goes when it likes. */
async function beHostile(random: Random, container: LabContainer): Promise<Socket> {
  const socket = connect(container.socketPath);
  socket.on('error', () => undefined); // the shim may hang up
  if (random.once(2)) socket.resume();
  for (let seq = random.below(12); seq > 0; seq -= 1) {
    socket.write(makeFrame(random, seq));
    if (random.once(3)) await pause(random.below(6));
  }
  if (random.once(3)) await pause(random.below(40));
  if (random.once(2)) socket.destroy();
  return socket;
}

describe('shim: fuzzed', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('serves whatever clients may do, and ends when asked', async function () {
    this.timeout(durationMs + 60_000);
    const random = new Random(firstSeed);
    const isOver = AbortSignal.timeout(durationMs);
    while (!isOver.aborted) {
      const { container, control, state } = await lab.create(script, {
        shim: { stdin: true, restart: { policy: 'always', backoffInitialMs: 5, backoffCapMs: 20 } },
        process: { terminal: random.once(3) },
      });
      const clients: Socket[] = [];
      while (!isOver.aborted && container.isListening) clients.push(await beHostile(random, container));
      await control.request({ op: 'kill' }).catch(() => undefined); // it may have ended before
      // Those that do not read keep a shim for 5 s: long enough for once.
      if (!isOver.aborted) for (const client of clients) client.destroy();
      await eventually('the shim ends', () => !existsSync(`/proc/${state.shimPid}/exe`));
      assert.equal(container.state.phase, 'exited', `TSSTACK_FUZZ_SEED=${firstSeed}`);
      const closed = clients.filter((client) => !client.closed).map((client) => once(client.destroy(), 'close'));
      await Promise.all(closed);
    }
  });
});
