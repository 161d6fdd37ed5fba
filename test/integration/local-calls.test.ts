import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { TsstackError } from '../../src/model/errors.ts';
import { connectControl } from '../../src/rpc/client.ts';
import { addServices, serve, serveControl, type RunningServer } from '../../src/rpc/server.ts';
import type { ControlHandlers } from '../../src/rpc/service-types.ts';
import { controlHandlers } from '../support/control-handlers.ts';

const call = Buffer.from('/tsstack.v1.Control/Open');

function frame(type: number, payload = Buffer.alloc(0), length = payload.length): Buffer {
  const header = Buffer.alloc(5);
  header[0] = type;
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, payload]);
}

describe('the unix socket of a daemon', () => {
  let directory: string;
  let path: string;
  let server: RunningServer;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-local-'));
    path = join(directory, 'sock');
  });
  afterEach(async () => {
    await server.stop(0);
    rmSync(directory, { recursive: true });
  });

  async function start(handlers: Partial<ControlHandlers>): Promise<void> {
    server = await serve(`unix://${path}`, [serveControl(controlHandlers(handlers))]);
  }

  /** A caller that says what it likes, and all that it hears until the other side ends the connection. */
  async function say(...words: readonly (string | Buffer)[]): Promise<{ socket: Socket; heard: Promise<string> }> {
    const socket = connect({ path, allowHalfOpen: true });
    await once(socket, 'connect');
    for (const word of words) socket.write(word);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    const heard = once(socket, 'close').then(() => Buffer.concat(chunks).toString('latin1'));
    socket.once('end', () => socket.end());
    return { socket, heard };
  }

  it('is called by gRPC when the daemon there knows nothing else', async () => {
    const old = new Server();
    addServices(
      old,
      [serveControl(controlHandlers({ removeStack: () => Promise.resolve({ steps: [], warnings: [] }) }))],
      () => ({
        kind: 'local',
      }),
    );
    await new Promise<void>((resolve, reject) =>
      old.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      ),
    );
    server = { address: '', stop: () => Promise.resolve(old.forceShutdown()) };
    const control = await connectControl(`unix://${path}`);
    assert.deepEqual(await control.removeStack({ stack: 'a' }), { steps: [], warnings: [] });
    control.close();
  });

  it('tells callers of unknown methods what to do', async () => {
    await start({});
    const { heard } = await say('TSSTACK/1\n', frame(0, Buffer.from('/tsstack.v9.Control/Fly')), frame(2));
    assert.match(await heard, /^TSSTACK\/1\n.*"code":"unsupported".*knows no such method.*start it anew/s);
  });

  it('whose daemon ends in the middle of a call has the caller told what that means', async () => {
    const dying = createServer((socket) => {
      socket.write('TSSTACK/1\n');
      socket.once('data', () => socket.destroy());
    });
    await once(dying.listen(path), 'listening');
    server = { address: `unix://${path}`, stop: () => new Promise((resolve) => void dying.close(() => resolve())) };
    const control = await connectControl(`unix://${path}`);
    const said = (error: TsstackError): boolean =>
      /ended in the middle/.test(error.message) && /containers run on/.test(error.hint ?? '') && error.retryable;
    await assert.rejects(control.removeStack({ stack: 'a' }), said);
    control.close();
  });

  it('gives callers up that break the rules, and serves the others', async () => {
    const told: string[] = [];
    await start({
      open: async (stream, { signal }) => {
        signal.addEventListener('abort', () => told.push('gone'));
        for await (const message of stream) told.push(message.content ?? '');
      },
      removeStack: () => Promise.resolve({ steps: [], warnings: [] }),
    });
    const rudeness: readonly (readonly (string | Buffer)[])[] = [
      ['TSSTACK/9\n', frame(0, call)],
      ['T'],
      ['TSSTACK/1\n', frame(9, call)],
      ['TSSTACK/1\n', frame(0, call, 0xffff_ffff)],
      ['TSSTACK/1\n', frame(0, call), frame(7)],
      ['TSSTACK/1\n', frame(0, call), frame(1, Buffer.from([0xff, 0xff, 0xff]))],
      ['TSSTACK/1\n', frame(0, call), frame(1, Buffer.alloc(3), 17 * 1024 * 1024)],
      ['TSSTACK/1\n', frame(0, call), frame(1, Buffer.alloc(3), 100)],
    ];
    for (const words of rudeness) {
      const { socket, heard } = await say(...words);
      socket.end();
      await heard;
    }
    assert.ok(told.includes('gone'));
    assert.ok(!told.some((word) => word !== 'gone'), told.join());
    const control = await connectControl(`unix://${path}`);
    assert.deepEqual(await control.removeStack({ stack: 'a' }), { steps: [], warnings: [] });
    control.close();
  });

  it('sees a caller go while its handler does nothing', async () => {
    const gone = Promise.withResolvers<void>();
    await start({
      open: async (_stream, { signal }) => {
        signal.addEventListener('abort', () => gone.resolve());
        await gone.promise;
      },
    });
    const { socket } = await say('TSSTACK/1\n', frame(0, call), frame(1));
    socket.destroy();
    await gone.promise;
  });

  it('has a caller wait whose messages nobody takes', async () => {
    const begun = Promise.withResolvers<void>();
    const mayTake = Promise.withResolvers<void>();
    let taken = 0;
    await start({
      open: async (stream) => {
        begun.resolve();
        await mayTake.promise;
        for await (const message of stream) taken += message.content === 'stdin' ? message.stdin.length : 0;
      },
    });
    const control = await connectControl(`unix://${path}`);
    const stream = control.open();
    const chunk = Buffer.alloc(64 * 1024);
    const count = 200;
    let written = 0;
    const writing = (async () => {
      for (; written < count; written += 1) await stream.write({ content: 'stdin', stdin: chunk });
      stream.end();
    })();
    await begun.promise;
    const early = await Promise.race([
      writing.then(() => 'all'),
      connectControl(`unix://${path}`).then(() => 'others'),
    ]);
    assert.equal(early, 'others');
    assert.ok(written < count / 2, `${written} chunks were taken from a caller whom nobody reads`);
    mayTake.resolve();
    await writing;
    for await (const message of stream) assert.fail(`nothing is said, but ${message.content} came`);
    assert.equal(taken, count * chunk.length);
    control.close();
  });
});
