import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { encodeFrame, frameTypes } from '../../agents/host/native/shim-frames.ts';
import { eventually, processOf, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';
import { findLeftovers, readDescriptors } from '../support/shim-leftovers.ts';

/** As many events as the shim takes from the kernel at once (LOOP_EVENTS). */
const atOnce = 64;

const request = (body: object): Buffer =>
  encodeFrame(frameTypes.request, Buffer.from(JSON.stringify({ seq: 1, ...body })));
const input = encodeFrame(frameTypes.stdin, Buffer.from('to all who are attached\n'));
const inputClose = encodeFrame(frameTypes.stdinClose, Buffer.alloc(0));

/** What clients say; each is cut off at every byte. */
const conversations: Readonly<Record<string, Buffer>> = {
  attach: Buffer.concat([request({ op: 'subscribe' }), request({ op: 'attach', stdin: true }), input, input]),
  exec: Buffer.concat([request({ op: 'exec', process: processOf(['cat']), stdin: true }), input, inputClose]),
  restart: Buffer.concat([request({ op: 'restart', graceMs: 0 }), request({ op: 'attach' }), request({ op: 'stop?' })]),
};

/** Ways to go: with what has come read or not, and with only one direction closed at first. */
const ends: Readonly<Record<string, (socket: Socket) => void>> = {
  'hangs up': (socket) => socket.destroy(),
  'hangs up without having read': (socket) => socket.pause().destroy(),
  'says no more and reads on': (socket) => socket.end(),
};

const write = (socket: Socket, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => socket.write(bytes, () => resolve()));

describe('shim: clients that go at any byte, many in one round', () => {
  let lab: ShimLab;
  let container: LabContainer;
  let shimPid: number;
  before(async () => {
    lab = new ShimLab();
    const { control, ...started } = await lab.run(['cat'], { shim: { stdin: true } });
    control.close();
    ({
      container,
      state: { shimPid },
    } = started);
  });
  after(() => lab.dispose());

  /** A connection that the shim has taken. */
  async function join(): Promise<Socket> {
    const socket = connect(container.socketPath);
    socket.on('error', () => undefined); // the shim may hang up
    socket.write(request({ op: 'state' }));
    await once(socket, 'data');
    return socket;
  }

  /** One client for each piece; all of them speak and go while the shim looks away, so that it learns of all at once. */
  async function goAtOnce(pieces: readonly Buffer[], leave: (socket: Socket) => void): Promise<void> {
    const sockets = await Promise.all(pieces.map(join));
    const closed = sockets.map((socket) => once(socket, 'close'));
    process.kill(shimPid, 'SIGSTOP');
    try {
      await Promise.all(sockets.map((socket, i) => write(socket, pieces[i] ?? assert.fail())));
      sockets.forEach(leave);
    } finally {
      process.kill(shimPid, 'SIGCONT');
    }
    // Those that have closed one direction only are let go when what they asked for is done.
    await join().then((socket) => socket.destroy());
    sockets.forEach((socket) => socket.destroy());
    await Promise.all(closed);
  }

  for (const [name, conversation] of Object.entries(conversations))
    for (const [way, leave] of Object.entries(ends))
      it(`serves others when a client that wants to ${name} ${way}`, async () => {
        const cuts = Array.from(conversation, (_, i) => conversation.subarray(0, i + 1));
        while (cuts.length > 0) await goAtOnce(cuts.splice(0, atOnce), leave);
        const control = await container.connect();
        await control.request({ op: 'restart', graceMs: 0 });
        control.close();
      });

  it('keeps nothing of them, and ends when asked', async () => {
    const fresh = await lab.run(['cat'], { shim: { stdin: true } });
    fresh.control.close();
    await eventually(
      'nothing of theirs is left',
      () => readDescriptors(shimPid).length === readDescriptors(fresh.state.shimPid).length,
    );
    const control = await container.connect();
    await control.request({ op: 'kill' });
    control.close();
    await eventually('the shim ends', () => !existsSync(`/proc/${shimPid}/exe`));
    assert.equal(container.state.phase, 'exited');
    const others = await fresh.container.connect();
    await others.request({ op: 'kill' });
    others.close();
    await eventually('the other one, too', () => findLeftovers(lab, container).length === 0);
  });
});
