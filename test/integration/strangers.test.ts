import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeMessage } from '../../src/rpc/wire/encode.ts';
import { authorityMethods } from '../../src/rpc/generated/contract.ts';
import { connectAuthorityOf, connectDispatcherOf } from '../../src/rpc/secure-client.ts';
import { simulatedDescription } from '../../agents/simulated/simulated-agent.ts';
import { SecureManager } from '../support/secure-manager.ts';

const description = JSON.stringify(simulatedDescription);

/** Few of everything, so that a test needs no thousands of connections. */
const bounds = {
  connections: 20,
  connectionsOfAddress: 10,
  lifetimeMs: 60_000,
  arrivals: { burst: 60, perSecond: 1 },
  calls: { burst: 6, perSecond: 0.001 },
};

describe('a manager whose port strangers find', () => {
  let secure: SecureManager;
  const open: Socket[] = [];

  beforeEach(async () => {
    secure = await SecureManager.start({ strangers: bounds });
  });
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await secure.stop();
  });

  /** A connection from another address of this machine, which says nothing. */
  async function dial(localAddress: string): Promise<Socket> {
    const socket = connectTcp({ ...secure.place, localAddress });
    socket.on('error', () => undefined);
    open.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  const isClosed = (socket: Socket): Promise<unknown> =>
    socket.closed ? Promise.resolve() : once(socket.resume(), 'close', { signal: AbortSignal.timeout(10_000) });

  /** Registers a node as its agent does, and gives its session. */
  async function register(): Promise<{ readonly isOpen: () => boolean; readonly close: () => void }> {
    const identity = await secure.identity('worker');
    const dispatcher = await connectDispatcherOf(secure.place, { authorities: identity.authorities, identity });
    const session = dispatcher.session({ nodeId: identity.nodeId, description, clusterId: '', address: '' });
    const messages = session[Symbol.asyncIterator]();
    await messages.next();
    let isOpen = true;
    messages.next().catch(() => (isOpen = false));
    return { isOpen: () => isOpen, close: () => dispatcher.close() };
  }

  it('has so many of them at once, and lets nodes in all the same', async () => {
    const session = await register();
    const first = await Promise.all(Array.from({ length: 10 }, () => dial('127.0.9.1')));
    // The eleventh of one address is refused, of another the oldest makes room when there are too many.
    await isClosed(await dial('127.0.9.1'));
    for (const address of ['127.0.9.2', '127.0.9.3']) for (let i = 0; i < 10; i++) await dial(address);
    await Promise.all(first.map(isClosed));
    const another = await register();
    assert.deepEqual([session.isOpen(), another.isOpen()], [true, true]);
    session.close();
    another.close();
  });

  it('ends a connection that does not come to the point, before the handshake or after it', async () => {
    await secure.stop();
    // Longer than a busy machine takes for a handshake.
    secure = await SecureManager.start({ strangers: { ...bounds, lifetimeMs: 2000 } });
    const silent = await dial('127.0.9.1');
    const idle = connectTls({ ...secure.place, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    idle.on('error', () => undefined);
    open.push(idle);
    await once(idle, 'secureConnect');
    await Promise.all([isClosed(silent), isClosed(idle)]);
  });

  it('listens to no long story of a stranger', async () => {
    const session = connectHttp2(`https://127.0.0.1:${secure.place.port}`, { rejectUnauthorized: false });
    session.on('error', () => undefined);
    const stream = session.request({
      ':method': 'POST',
      ':path': authorityMethods.join.path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    const message = encodeMessage(authorityMethods.join.tables, authorityMethods.join.request, {
      token: 'x'.repeat(1024 * 1024),
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([head, message]));
    const [headers] = (await once(stream, 'response', { signal: AbortSignal.timeout(10_000) })) as [
      Record<string, string>,
    ];
    assert.equal(headers['grpc-status'], '8');
    assert.equal(secure.joins, 0);
    session.destroy();
  });

  it('lets an address try so often, and then not for a while', async () => {
    const before = secure.joins;
    for (let i = 0; i < 3; i++) await assert.rejects(secure.join({ token: await wrongToken(secure) }), /is not good/);
    assert.equal(secure.joins, before + 3);
    await assert.rejects(secure.join(), { code: 'exhausted', message: /too many attempts from this address/ });
    // Whoever has a certificate is none of them.
    const identity = await secure.identity('manager');
    const authority = await connectAuthorityOf(secure.place, { authorities: identity.authorities, identity });
    assert.match((await authority.getJoinToken({ role: 'worker' })).token, /^TSTKN/);
    authority.close();
  });

  it('goes through a flood of connections without losing a session', async () => {
    const session = await register();
    const memory = process.memoryUsage().rss;
    for (let round = 0; round < 10; round++) {
      const sockets = await Promise.all(
        Array.from({ length: 100 }, (_, index) => dial(`127.0.${10 + (index % 20)}.1`).catch(() => null)),
      );
      for (const socket of sockets) socket?.write(Buffer.alloc(16 * 1024, 22));
    }
    const another = await register();
    assert.deepEqual([session.isOpen(), another.isOpen()], [true, true]);
    assert.ok(process.memoryUsage().rss - memory < 200 * 1024 * 1024);
    session.close();
    another.close();
  });
});

async function wrongToken(secure: SecureManager): Promise<string> {
  const token = await secure.token();
  return `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`;
}
