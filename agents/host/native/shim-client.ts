import type { AttachOptions, ExecOptions, ShimConnection, ShimSession, ShimState, ShimStats } from '../tasks/shim.ts';
import { frameTypes } from './shim-frames.ts';
import { SocketSession } from './shim-session.ts';
import { ShimSocket } from './shim-socket.ts';

/** Beyond the grace: what killing, draining the output and cleaning up may take. */
const stopMarginMs = 30_000;

/** The control connection to one shim. */
class SocketConnection implements ShimConnection {
  readonly #socket: ShimSocket;
  readonly closed: Promise<void>;

  constructor(socket: ShimSocket) {
    this.#socket = socket;
    this.closed = socket.closed;
  }

  async subscribe(onState: (state: ShimState) => void): Promise<ShimState> {
    this.#socket.onFrame = ({ type, payload }) => {
      if (type === frameTypes.event) onState((JSON.parse(payload.toString()) as { state: ShimState }).state);
    };
    const { state } = await this.#socket.request({ op: 'subscribe' });
    return state as ShimState;
  }

  async start(): Promise<void> {
    await this.#socket.request({ op: 'start' });
  }

  async stop(graceMs: number): Promise<void> {
    await this.#socket.request({ op: 'stop', graceMs }, graceMs < 0 ? null : graceMs + stopMarginMs);
  }

  async kill(): Promise<void> {
    await this.#socket.request({ op: 'kill' });
  }

  async signal(name: string): Promise<void> {
    await this.#socket.request({ op: 'signal', signal: name });
  }

  async pause(): Promise<void> {
    await this.#socket.request({ op: 'pause' });
  }

  async resume(): Promise<void> {
    await this.#socket.request({ op: 'resume' });
  }

  async stats(): Promise<ShimStats> {
    return (await this.#socket.request({ op: 'stats' }))['stats'] as ShimStats;
  }

  async pids(): Promise<readonly number[]> {
    return (await this.#socket.request({ op: 'pids' }))['pids'] as readonly number[];
  }

  close(): void {
    this.#socket.close();
  }
}

/** Connects to the shim that listens at `path`. Rejects with ShimConnectionError when none does. */
export async function connectShim(path: string): Promise<ShimConnection> {
  return new SocketConnection(await ShimSocket.connect(path));
}

async function openSession(path: string, request: Readonly<Record<string, unknown>>): Promise<ShimSession> {
  const socket = await ShimSocket.connect(path);
  const session = new SocketSession(socket);
  try {
    await socket.request(request);
  } catch (error) {
    socket.close();
    throw error;
  }
  return session;
}

/** Runs a process in the container of the shim at `path`. */
export function execInShim(path: string, options: ExecOptions): Promise<ShimSession> {
  return openSession(path, { op: 'exec', ...options });
}

/** Joins the stdio of the container of the shim at `path`. */
export function attachToShim(path: string, options: AttachOptions): Promise<ShimSession> {
  return openSession(path, { op: 'attach', ...options });
}
