import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { attachToShim, execInShim } from '../../agents/host/native/shim-client.ts';
import { encodeFrame, FrameReader, frameTypes } from '../../agents/host/native/shim-frames.ts';
import type { ExecOptions, ShimSession } from '../../agents/host/tasks/shim.ts';
import { calmMs } from '../support/calm-time.ts';
import { isNativeError } from '../support/native-errors.ts';
import { eventually, processOf, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';
import { until } from '../support/test-host.ts';

const terminalOf = (command: string): Readonly<Record<string, unknown>> => ({ ...processOf(command), terminal: true });

function exec(
  container: LabContainer,
  process: Readonly<Record<string, unknown>>,
  wishes: Partial<Omit<ExecOptions, 'process'>> = {},
): Promise<ShimSession> {
  return execInShim(container.socketPath, {
    // The tests give the few fields that matter here.
    process: process as unknown as ExecOptions['process'],
    stdin: false,
    detach: false,
    timeoutMs: null,
    privileged: false,
    ...wishes,
  });
}

async function read(session: ShimSession): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for await (const { stream, bytes } of session.output) output[stream].push(bytes);
  return { stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() };
}

/**
 * A client that reads no more for now. Its request has been answered: until then the container may be started, and end, before the shim has read it.
 * `first` came with the answer.
 */
async function pausedClient(
  container: LabContainer,
  request: Readonly<Record<string, unknown>>,
): Promise<{ readonly client: Socket; readonly first: Buffer }> {
  const client = connect(container.socketPath);
  client.write(encodeFrame(frameTypes.request, Buffer.from(JSON.stringify({ seq: 1, ...request }))));
  const [first] = (await once(client, 'data')) as [Buffer];
  client.pause();
  return { client, first };
}

describe('shim: exec', () => {
  let lab: ShimLab;
  let container: LabContainer;
  before(async () => {
    lab = new ShimLab();
    ({ container } = await lab.run('sleep 1000'));
  });
  after(() => lab.dispose());

  /** How many processes of the container are `sleep SECONDS`. */
  async function countSleeps(seconds: number): Promise<number> {
    const script = `cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -o "sleep ${seconds}[ ]" | wc -l`;
    return Number((await read(await exec(container, processOf(script)))).stdout);
  }

  it('keeps the streams apart and tells the exit code', async () => {
    const session = await exec(container, processOf('echo out; echo err >&2; exit 3'));
    assert.deepEqual(await read(session), { stdout: 'out\n', stderr: 'err\n' });
    assert.deepEqual(await session.exit, { exitCode: 3, signal: null, error: null });
  });

  it('tells 128+n after a signal', async () => {
    const session = await exec(container, processOf('kill -TERM $$'));
    assert.deepEqual(await session.exit, { exitCode: 143, signal: 'SIGTERM', error: null });
  });

  it('carries megabytes through cat, both ways at once, unharmed', async () => {
    const session = await exec(container, processOf(['cat']), { stdin: true });
    const data = Buffer.alloc(8 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz\n');
    const [output] = await Promise.all([read(session), session.write(data).then(() => session.closeInput())]);
    assert.ok(Buffer.from(output.stdout).equals(data));
    assert.equal((await session.exit).exitCode, 0);
  });

  it('gives a terminal with a size that can change', async () => {
    const session = await exec(container, terminalOf('tty; read x; stty size'), { stdin: true });
    await session.resize(33, 101);
    await session.write(Buffer.from('go\n'));
    const { stdout, stderr } = await read(session);
    // Whether the echo comes before the first output depends on who is faster.
    assert.deepEqual(stdout.split('\r\n').toSorted(), ['', '/dev/pts/0', '33 101', 'go']);
    assert.equal(stderr, '');
  });

  it('kills a process that overstays its time, with its children, and says -1', async () => {
    const session = await exec(container, processOf('sleep 1001 & sleep 1001; true'), { timeoutMs: 100 });
    assert.equal((await session.exit).exitCode, -1);
    // Killed is not yet gone, on a busy machine.
    await until(
      () => countSleeps(1001),
      (left) => left === 0,
    );
  });

  it('kills the process of a client that goes away', async () => {
    const session = await exec(container, processOf('sleep 1002'));
    assert.equal(await countSleeps(1002), 1);
    session.close();
    await until(
      () => countSleeps(1002),
      (left) => left === 0,
    );
  });

  it('leaves a detached process alone', async () => {
    const socket = await container.connect();
    const { pid } = await socket.request({ op: 'exec', process: processOf('sleep 1003'), detach: true });
    // The connection serves on.
    const { pids } = await socket.request({ op: 'pids' });
    assert.ok((pids as number[]).includes(pid as number));
    socket.close();
    assert.ok(existsSync(`/proc/${String(pid)}`));
    process.kill(pid as number, 'SIGKILL');
  });

  it('does not wait for long for a background process that holds the output', async () => {
    const begun = calmMs();
    const session = await exec(container, processOf('echo done; sleep 1004 &'));
    assert.deepEqual(await read(session), { stdout: 'done\n', stderr: '' });
    assert.ok(calmMs() - begun < 3000);
  });

  it('makes a process wait whose client does not read, and nobody else', async () => {
    const slow = await exec(container, processOf('head -c 30000000 /dev/zero; echo >&2 end'));
    const other = await exec(container, processOf('echo quick'));
    assert.equal((await read(other)).stdout, 'quick\n');
    const output = await read(slow);
    assert.deepEqual([output.stdout.length, output.stderr], [30_000_000, 'end\n']);
  });

  it('says 127 and 126 by the error', async () => {
    await assert.rejects(exec(container, processOf(['/missing'])), isNativeError('exec-not-found'));
    await assert.rejects(exec(container, processOf(['/proc/version'])), isNativeError('exec-not-executable'));
    await assert.rejects(exec(container, { ...processOf('true'), args: 'true' }), isNativeError('invalid'));
  });

  it('goes on in the grace of a stop, until the container ends', async () => {
    const { container: stubborn, control } = await lab.run('trap "" TERM; echo up; while :; do sleep 0.05; done');
    await eventually('the trap is set', () => stubborn.logLines.includes('stdout F up'));
    const stopped = control.request({ op: 'stop', graceMs: 60_000 });
    await eventually('it is being stopped', () => stubborn.state.phase === 'stopping');
    const session = await exec(stubborn, processOf('echo still here'));
    assert.equal((await read(session)).stdout, 'still here\n');
    const lasting = await exec(stubborn, processOf('sleep 1000'));
    await control.request({ op: 'kill' });
    await stopped;
    assert.equal((await lasting.exit).exitCode, 137);
    await assert.rejects(exec(stubborn, processOf('true')));
  });

  it('takes only resize on a connection that serves an exec', async () => {
    const socket = await container.connect();
    await socket.request({ op: 'exec', process: processOf('sleep 1005') });
    await assert.rejects(socket.request({ op: 'stop' }), isNativeError('state'));
    await assert.rejects(socket.request({ op: 'resize', rows: 1, columns: 1 }), isNativeError('state'));
    socket.close();
  });

  it('runs fifty at once', async () => {
    const sessions = await Promise.all(
      Array.from({ length: 50 }, (_, i) => exec(container, processOf(`echo ${i}; exit ${i}`))),
    );
    const outputs = await Promise.all(sessions.map(read));
    const exits = await Promise.all(sessions.map(({ exit }) => exit));
    assert.deepEqual(
      outputs.map(({ stdout }) => Number(stdout)),
      [...exits.keys()],
    );
    assert.deepEqual(
      exits.map(({ exitCode }) => exitCode),
      [...exits.keys()],
    );
  });
});

describe('shim: exec that is read late', () => {
  it('keeps its last output for its client when the container has ended meanwhile, longer than for others', async () => {
    const lab = new ShimLab();
    try {
      const { container, control } = await lab.run('sleep 1000');
      // More than the socket takes, less than a process waits for.
      const process = processOf('head -c 400000 /dev/zero; echo written > /proc/1/fd/1; sleep 1000');
      const { client: late, first } = await pausedClient(container, { op: 'exec', process });
      await eventually('all is written', () => container.log.includes('written'));
      await control.request({ op: 'kill' });
      await new Promise((resolve) => setTimeout(resolve, 6000));
      const rest = (await late.toArray()) as Buffer[];
      const frames = [...new FrameReader().push(Buffer.concat([first, ...rest]))];
      assert.equal(frames.at(-1)?.type, frameTypes.exit);
      assert.match(String(frames.at(-1)?.payload), /"exitCode":137/);
    } finally {
      await lab.dispose();
    }
  });
});

describe('shim: attach', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('carries everything from the first byte when attached before the start', async () => {
    const { container, control } = await lab.create('read x; echo "got $x"; cat; exit 2', { shim: { stdin: true } });
    const session = await attachToShim(container.socketPath, { stdin: true, output: true });
    await control.request({ op: 'start' });
    await session.write(Buffer.from('line\nmore'));
    session.closeInput();
    assert.deepEqual(await read(session), { stdout: 'got line\nmore', stderr: '' });
    assert.equal((await session.exit).exitCode, 2);
    await eventually('the log is complete', () => container.log.endsWith('stdout F more\n'));
  });

  it('serves a terminal: echo, size, interrupt', async () => {
    const { container, control } = await lab.create('trap "exit 130" INT; stty size; echo ready; sleep 100 & wait', {
      shim: { stdin: true },
      process: { terminal: true, consoleSize: { height: 11, width: 77 } },
    });
    const session = await attachToShim(container.socketPath, { stdin: true, output: true });
    await control.request({ op: 'start' });
    await eventually('ready', () => container.log.includes('ready'));
    await control.request({ op: 'resize', rows: 5, columns: 6 });
    await session.write(Buffer.from('\x03'));
    assert.equal((await read(session)).stdout, '11 77\r\nready\r\n^C');
    assert.equal((await session.exit).exitCode, 130);
  });

  it('drops output for a client that does not read, and neither log nor container waits; where it is missing, is told how much', async () => {
    const size = 20_000_000;
    const { container, control } = await lab.create(
      `trap "echo end; exit 0" USR1; head -c ${String(size)} /dev/zero; echo all >&2; sleep 1000 & wait`,
    );
    const { client: stuck } = await pausedClient(container, { op: 'attach' });
    await control.request({ op: 'start' });
    await eventually('all is written', () => container.log.includes('stderr F all'));

    const reader = new FrameReader();
    let received = '';
    stuck.on('data', (bytes: Buffer) => {
      for (const { type, payload } of reader.push(bytes))
        if (type === frameTypes.stdout || type === frameTypes.stderr) received += payload.toString();
    });
    stuck.resume();
    await eventually('told', () => received.includes('not read in time'));
    await control.request({ op: 'signal', signal: 'USR1' });
    await control.closed;
    await eventually('the end', () => received.endsWith('end\n'));
    const [, missing = ''] =
      /\n\[tsstack: (\d+) bytes are missing here, because they were not read in time\]\n/.exec(received) ?? [];
    assert.ok(Number(missing) > size / 2);
    // Of the line on stderr is not known on which side of the gap it is.
    const zeros = received.split('\0').length - 1;
    assert.ok([size, size + 'all\n'.length].includes(zeros + Number(missing)), `${String(zeros)} and ${missing}`);
    assert.equal(container.state.exitCode, 0);
  });

  it('tells a client that has not read until the end how much it missed', async () => {
    const { container, control } = await lab.create('head -c 9000000 /dev/zero; exit 8');
    const { client: late } = await pausedClient(container, { op: 'attach' });
    await control.request({ op: 'start' });
    await control.closed;
    const frames = [...new FrameReader().push(Buffer.concat((await late.toArray()) as Buffer[]))];
    const output = frames.filter(({ type }) => type === frameTypes.stdout);
    const arrived = output.reduce((sum, { payload }) => sum + payload.length, 0);
    const [told, exit] = frames.slice(-2);
    assert.equal(
      String(told?.payload),
      `\n[tsstack: ${String(9_000_000 - arrived)} bytes are missing here, because they were not read in time]\n`,
    );
    assert.match(String(exit?.payload), /"exitCode":8/);
  });

  it('tells the end to a client that is still writing when it comes', async () => {
    const { container, control } = await lab.create('exit 7', { shim: { stdin: true } });
    const { client: late } = await pausedClient(container, { op: 'attach', stdin: true });
    await control.request({ op: 'start' });
    await control.closed;
    late.write(encodeFrame(frameTypes.stdinClose, Buffer.alloc(0)));
    const received = (await late.toArray()) as Buffer[];
    assert.match(Buffer.concat(received).toString(), /"exitCode":7/);
  });

  it('keeps the last output and the end for a client that does not get to run for seconds', async () => {
    const { container, control } = await lab.create('head -c 900000 /dev/zero; exit 8');
    const { client: late } = await pausedClient(container, { op: 'attach' });
    await control.request({ op: 'start' });
    await control.closed;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const frames = [...new FrameReader().push(Buffer.concat((await late.toArray()) as Buffer[]))];
    const output = frames.filter(({ type }) => type === frameTypes.stdout);
    assert.equal(
      output.reduce((sum, { payload }) => sum + payload.length, 0),
      900_000,
    );
    assert.match(String(frames.at(-1)?.payload), /"exitCode":8/);
  });

  it('has the container wait for a client that wants that, which gets everything, however late it reads', async () => {
    const { container, control } = await lab.create('head -c 20000000 /dev/zero; exit 8');
    const { client: slow } = await pausedClient(container, { op: 'attach', wait: true });
    await control.request({ op: 'start' });
    // The log has what the client may leave unread, and what is on its way.
    let logged = 0;
    await eventually('the container waits', () => {
      const before = logged;
      logged = container.log.length;
      return logged > 256 * 1024 && logged === before;
    });
    assert.ok(logged < 10_000_000);
    assert.equal(container.state.phase, 'running');

    const reader = new FrameReader();
    let received = 0;
    let last = '';
    let stopsAt = 19_700_000;
    slow.on('data', (bytes: Buffer) => {
      for (const { type, payload } of reader.push(bytes)) {
        if (type === frameTypes.stdout) received += payload.length;
        if (type === frameTypes.exit) last = payload.toString();
      }
      if (received > stopsAt) slow.pause();
    });
    const closed = once(slow, 'close');
    slow.resume();
    // The container ends, as all that it has left to write fits on the way; the shim stays longer than it does for others.
    await control.closed;
    assert.equal(container.state.exitCode, 8);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    assert.equal(last, '');
    stopsAt = Infinity;
    slow.resume();
    await closed;
    assert.equal(received, 20_000_000);
    assert.match(last, /"exitCode":8/);
  });

  it('has the container wait no more for a client that has gone', async () => {
    const { container, control } = await lab.create('head -c 20000000 /dev/zero; exit 9');
    const { client: gone } = await pausedClient(container, { op: 'attach', wait: true });
    await control.request({ op: 'start' });
    gone.destroy();
    await control.closed;
    assert.equal(container.state.exitCode, 9);
  });

  it('refuses input for a container without', async () => {
    const { container, control } = await lab.run('sleep 100');
    await assert.rejects(attachToShim(container.socketPath, { stdin: true, output: true }), isNativeError('state'));
    await control.request({ op: 'kill' });
  });

  it('ends with the run, also when another follows', async () => {
    const { container, control } = await lab.create('echo hello; sleep 0.1; exit 6', {
      shim: { restart: { policy: 'always', backoffInitialMs: 60_000 } },
    });
    const session = await attachToShim(container.socketPath, { stdin: false, output: true });
    await control.request({ op: 'start' });
    assert.equal((await session.exit).exitCode, 6);
    await control.request({ op: 'stop' });
  });
});

describe('shim: hostile clients', () => {
  let lab: ShimLab;
  let container: LabContainer;
  before(async () => {
    lab = new ShimLab();
    ({ container } = await lab.run('sleep 1000'));
  });
  after(() => lab.dispose());

  async function open(): Promise<Socket> {
    const socket = connect(container.socketPath);
    socket.on('error', () => undefined); // the shim may hang up at any time
    await once(socket, 'connect');
    return socket;
  }

  /** Resolves at the end of the connection, also a violent one. */
  function closeOf(socket: Socket): Promise<void> {
    return new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** The error that the shim answers with before it hangs up, or the connection's end. */
  async function answerTo(...pieces: readonly Buffer[]): Promise<string> {
    const socket = await open();
    const reader = new FrameReader();
    let answer = '';
    socket.on('data', (bytes: Buffer) => {
      for (const { payload } of reader.push(bytes)) answer += payload.toString();
    });
    const closed = closeOf(socket);
    for (const piece of pieces) socket.write(piece);
    socket.end();
    await closed;
    return answer;
  }

  const header = (length: number, type: number): Buffer => {
    const bytes = encodeFrame(type, new Uint8Array(0));
    bytes.writeUInt32LE(length);
    return bytes;
  };

  it('hears what is wrong with frames that are none', async () => {
    assert.match(await answerTo(header(1024 * 1024 + 1, frameTypes.request)), /longer than 1 MiB/);
    assert.match(await answerTo(header(5, 99)), /unknown frame type/);
    assert.match(await answerTo(header(5, frameTypes.stdinClose)), /no payload/);
    assert.match(await answerTo(Buffer.from('GET / HTTP/1.1\r\n\r\n')), /protocol/);
  });

  it('hears what is wrong with requests that are none', async () => {
    const ask = (text: string): Promise<string> => answerTo(encodeFrame(frameTypes.request, Buffer.from(text)));
    assert.match(await ask('{'), /JSON object/);
    assert.match(await ask('[]'), /JSON object/);
    assert.match(await ask('{"seq":1}'), /"path":"op"/);
    assert.match(await ask('{"seq":1,"op":"dance"}'), /no request dance/);
    assert.match(await ask('{"seq":1,"op":"stop","graceMs":"long"}'), /graceMs/);
    assert.match(await ask('{"seq":1,"op":"signal","signal":"SIGNOTHING"}'), /expected a signal/);
    assert.match(await ask('{"seq":1,"op":"signal","signal":65}'), /expected a signal/);
    assert.match(await ask(''), /JSON object/);
  });

  it('may send half a frame, or nothing, or a frame byte by byte', async () => {
    await answerTo(header(500, frameTypes.request), Buffer.from('{"op":'));
    await answerTo(Buffer.from([1, 2, 3]));
    await answerTo();
    const socket = await open();
    for (const byte of encodeFrame(frameTypes.request, Buffer.from('{"seq":7,"op":"state"}'))) {
      socket.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    const [reply] = await once(socket, 'data');
    assert.match(String(reply), /"seq":7/);
    socket.destroy();
  });

  it('may come in masses, and does not keep others out for good', async () => {
    const sockets = await Promise.all(Array.from({ length: 300 }, open));
    for (const socket of sockets) socket.destroy();
    const control = await container.connect();
    assert.equal(((await control.request({ op: 'state' }))['state'] as { phase: string }).phase, 'running');
    control.close();
  });

  it('may ask and never read', async () => {
    const socket = await open();
    socket.pause();
    const request = encodeFrame(frameTypes.request, Buffer.from('{"seq":1,"op":"state"}'));
    const closed = closeOf(socket);
    for (let i = 0; i < 100 && !socket.destroyed; i += 1) socket.write(Buffer.concat(Array<Buffer>(200).fill(request)));
    // The shim hangs up; a paused socket notices when it writes.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 300))]);
    const control = await container.connect();
    await control.request({ op: 'state' });
    control.close();
    socket.destroy();
  });
});
