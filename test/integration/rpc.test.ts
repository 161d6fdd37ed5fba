import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TsstackError } from '../../src/model/errors.ts';
import { connectControl, connectDispatcher } from '../../src/rpc/client.ts';
import { makeClient } from '../../src/rpc/client/make-client.ts';
import { openChannel } from '../../src/rpc/client/open-channel.ts';
import { controlMethods } from '../../src/rpc/generated/contract.ts';
import type { Frame, WatchResponse } from '../../src/rpc/messages.ts';
import { serve, serveControl, type RunningServer } from '../../src/rpc/server.ts';
import type { ControlClient, ControlHandlers } from '../../src/rpc/service-types.ts';
import { controlHandlers } from '../support/control-handlers.ts';

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** Opens a client of what was served at the address. */
type Connect = (address: string) => Promise<ControlClient>;

const byGrpc: Connect = async (address) => makeClient(await openChannel(address, {}), controlMethods);

for (const [name, connect] of [
  ['local calls', connectControl],
  ['gRPC', byGrpc],
] as const)
  describe(`${name} at the unix socket of a daemon`, () => callsAreWhatTheyShallBe(connect));

function callsAreWhatTheyShallBe(connect: Connect): void {
  let directory: string;
  let address: string;
  let server: RunningServer | undefined;
  let client: ControlClient | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-rpc-'));
    address = `unix://${join(directory, 'sock')}`;
  });
  afterEach(async () => {
    client?.close();
    await server?.stop(0);
    client = server = undefined;
    rmSync(directory, { recursive: true });
  });

  async function start(handlers: Partial<ControlHandlers>): Promise<ControlClient> {
    server = await serve(address, [serveControl(controlHandlers(handlers))]);
    client = await connect(address);
    return client;
  }

  it('carries an error with code, hint and text in any script', async () => {
    const control = await start({
      removeStack: ({ stack }) =>
        Promise.reject(
          new TsstackError('not-found', `remove stack ${stack}: kein Stapel „${stack}“ 🚫`, { hint: 'see `ls`' }),
        ),
    });
    await assert.rejects(control.removeStack({ stack: 'x' }), (error) => {
      assert.ok(error instanceof TsstackError);
      assert.equal(error.code, 'not-found');
      assert.equal(error.message, 'remove stack x: kein Stapel „x“ 🚫');
      assert.equal(error.hint, 'see `ls`');
      return true;
    });
  });

  it('ends a unary call at its deadline and by its signal', async () => {
    const told = Promise.withResolvers<void>();
    const control = await start({
      listObjects: (_request, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            told.resolve();
            resolve({ objects: [], stale: '', leader: '' });
          });
        }),
    });
    await assert.rejects(control.listObjects({}, { deadlineMs: 50 }), { code: 'timeout' });
    const controller = new AbortController();
    const call = control.listObjects({}, { signal: controller.signal });
    controller.abort();
    await assert.rejects(call, { code: 'canceled' });
    await told.promise;
  });

  it('streams until the server is done, and tells the server when the client leaves', async () => {
    let left: (() => void) | undefined;
    const hasLeft = new Promise<void>((resolve) => (left = resolve));
    const control = await start({
      async *watch({ stack }, { signal }): AsyncIterable<WatchResponse> {
        yield { objects: [], synced: true, stale: '' };
        if (stack === 'short') return;
        if (stack === 'broken') throw new TsstackError('conflict', 'no more');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        left?.();
      },
    });
    assert.equal((await collect(control.watch({ stack: 'short' }))).length, 1);
    await assert.rejects(collect(control.watch({ stack: 'broken' })), { code: 'conflict', message: 'no more' });
    for await (const message of control.watch({ stack: 'long' })) {
      assert.equal(message.synced, true);
      break;
    }
    await hasLeft;
  });

  it('moves 200 MB of frames with backpressure', async () => {
    const chunk = Buffer.alloc(512 * 1024, 'x');
    const count = 400;
    let ahead = 0;
    let received = 0;
    let maxAhead = 0;
    const control = await start({
      async open(stream): Promise<void> {
        for await (const frame of stream) assert.equal(frame.content, 'open');
        for (let index = 0; index < count; index++) {
          await stream.write({ content: 'stdout', stdout: chunk });
          maxAhead = Math.max(maxAhead, ++ahead - received);
        }
        await stream.write({ content: 'exit', exit: { code: 0 } });
      },
    });
    const stream = control.open();
    await stream.write({ content: 'open', open: { kind: 'logs', taskId: 't', nodeId: '', arguments: '{}' } });
    stream.end();
    let bytes = 0;
    let last: Frame | undefined;
    for await (const frame of stream) {
      last = frame;
      received++;
      if (frame.content === 'stdout') bytes += frame.stdout.length;
    }
    assert.equal(bytes, count * chunk.length);
    assert.deepEqual(last, { content: 'exit', exit: { code: 0 } });
    assert.ok(maxAhead < 100, `${maxAhead} frames were buffered`);
  });

  it('makes the socket with mode 0660 and leaves no other file', async () => {
    await start({});
    const status = statSync(join(directory, 'sock'));
    assert.equal(status.mode & 0o777, 0o660);
    assert.deepEqual(readdirSync(directory), ['sock']);
    await server?.stop(0);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('replaces a stale socket and refuses a live one', async () => {
    const path = join(directory, 'sock');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    assert.ok(statSync(path).isSocket());
    await assert.rejects(connectControl(address), { code: 'unavailable' });
    await start({});
    await assert.rejects(serve(address, []), { code: 'exists' });
    await assert.rejects(serve(`unix://${directory}/${'x'.repeat(110)}`, []), { code: 'invalid' });
  });

  it('tells at once that nobody serves', async () => {
    await assert.rejects(connectControl(address), { code: 'unavailable', retryable: true });
    writeFileSync(join(directory, 'sock'), '');
    await assert.rejects(connectControl(address), { code: 'unavailable' });
    const mute = createServer((socket) => void setTimeout(() => socket.destroy(), 300));
    await new Promise<void>((resolve) => mute.listen(join(directory, 'mute'), resolve));
    await assert.rejects(connectControl(`unix://${join(directory, 'mute')}`, { connectTimeoutMs: 100 }), {
      code: 'timeout',
    });
    await new Promise((resolve) => mute.close(resolve));
  });

  it('fails calls under way when the server goes', async () => {
    const control = await start({
      watch: async function* (): AsyncIterable<WatchResponse> {
        yield { objects: [], synced: true, stale: '' };
        await new Promise(() => undefined);
      },
    });
    await assert.rejects(
      async () => {
        for await (const message of control.watch({})) {
          assert.equal(message.synced, true);
          void server?.stop(0);
        }
      },
      { code: 'unavailable' },
    );
  });
}

describe('a method that the other side does not know', () => {
  it('is named, with what to do', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tsstack-rpc-'));
    const server = await serve(`unix://${join(directory, 'sock')}`, [serveControl(controlHandlers({}))]);
    const client = await connectDispatcher(server.address);
    await assert.rejects(collect(client.report()), {
      code: 'unsupported',
      message: /Dispatcher\/Report/,
      hint: 'the other side is of another version: update the older of the two',
    });
    client.close();
    await server.stop(0);
    rmSync(directory, { recursive: true });
  });
});
