import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TcpSyslog } from '../support/tcp-syslog.ts';
import { TestHost, until } from '../support/test-host.ts';

/** A logging service that keeps what it gets. */
class Sink {
  readonly received: string[] = [];
  readonly #child: ChildProcess;
  port = 0;

  constructor(kind: 'unix' | 'udp', place: string) {
    const script = join(import.meta.dirname, '../support/datagram-sink.py');
    this.#child = spawn('python3', [script, kind, place], { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** Resolves when it listens; it takes nothing before `go`. */
  async listen(): Promise<this> {
    const lines = createInterface({ input: this.#child.stdout ?? assert.fail() });
    const [first] = (await once(lines, 'line')) as [string];
    this.port = (JSON.parse(first) as { port: number }).port;
    lines.on('line', (line) => this.received.push((JSON.parse(line) as { text: string }).text));
    return this;
  }

  go(): this {
    this.#child.stdin?.write('\n');
    return this;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}

describe('logging drivers', () => {
  const host = new TestHost();
  const sinks: Sink[] = [];
  let file = '';

  before(async () => {
    // The socket of the journal has one place only; tests have mounts of their own.
    execFileSync('mount', ['-t', 'tmpfs', 'tsstack-test', '/run']);
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
  });
  after(async () => {
    await host.stop();
    execFileSync('umount', ['/run']);
  });
  afterEach(async () => {
    await host.run(['-f', file, 'down', '-t', '0']);
    for (const sink of sinks.splice(0)) await sink.stop();
  });

  async function listen(kind: 'unix' | 'udp', place: string): Promise<Sink> {
    const sink = new Sink(kind, place);
    sinks.push(sink);
    return sink.listen();
  }
  function write(script: string, logging: string, more = ''): string {
    const command = JSON.stringify(['sh', '-c', `${script}; exec sleep 100000`]);
    return (file = host.write(
      'stack.yml',
      `name: drivers\nservices: {web: {image: "busybox:test", init: true, command: ${command}, logging: ${logging}${more}}}\n`,
    ));
  }
  const lines = async (sink: Sink, count: number): Promise<readonly string[]> =>
    until(
      async () => sink.received,
      (received) => received.length >= count,
    );

  it('syslog sends every line to a local socket, and keeps it for logs', async () => {
    const path = join(host.directory, 'log');
    const sink = (await listen('unix', path)).go();
    write(
      'echo out; echo err >&2',
      `{driver: syslog, options: {syslog-address: "unix://${path}", tag: "{{.Name}}/{{.ImageName}}"}}`,
    );
    await host.ok(['-f', file, 'up', '-d']);
    const received = [...(await lines(sink, 2))].sort();
    assert.match(
      received[0] ?? '',
      /^<27>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d drivers-web-1\/busybox:test\[\d+\]: err$/,
    );
    assert.match(
      received[1] ?? '',
      /^<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d drivers-web-1\/busybox:test\[\d+\]: out$/,
    );
    const { stdout } = await host.ok(['-f', file, 'logs', '--no-log-prefix']);
    assert.deepEqual(stdout.trim().split('\n').sort(), ['err', 'out']);
  });

  it('syslog sends to UDP, with facility and format', async () => {
    const sink = (await listen('udp', '127.0.0.1')).go();
    const forms: [string, RegExp][] = [
      ['rfc3164', /^<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ app\[\d+\]: hello$/],
      ['rfc5424', /^<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S+ app \d+ app - hello$/],
      ['rfc5424micro', /^<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ app \d+ app - hello$/],
    ];
    for (const [index, [format, form]] of forms.entries()) {
      const options = `syslog-address: "udp://127.0.0.1:${sink.port}", syslog-facility: local0, syslog-format: ${format}, tag: app`;
      write('echo hello', `{driver: syslog, options: {${options}}}`);
      await host.ok(['-f', file, 'up', '-d']);
      assert.match((await lines(sink, index + 1))[index] ?? '', form, format);
    }
  });

  it('syslog sends lines by TCP, also of a container that ends at once', async () => {
    const service = await TcpSyslog.listen();
    write('echo out; echo err >&2', `{driver: syslog, options: {syslog-address: "${service.address}", tag: app}}`);
    await host.ok(['-f', file, 'up', '-d']);
    const [err = '', out = ''] = (await service.lines(2)).toSorted();
    assert.match(err, /^<27>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S+ app\[\d+\]: err$/);
    assert.match(out, /^<30>.* app\[\d+\]: out$/);
    await host.ok(['-f', file, 'run', '--rm', 'web', 'echo', 'short']);
    assert.match((await service.lines(3))[2] ?? '', /: short$/);
    await service.stop();
  });

  it('a syslog by TCP that is away holds nobody up, and one that comes back, or is slow, gets whole lines', async () => {
    const away = await TcpSyslog.listen();
    await away.stop();
    write(
      `trap "echo after" USR1; trap 'for i in $$(seq 40); do seq -s : 40000; done' USR2; echo before; while true; do sleep 0.05; done`,
      `{driver: syslog, options: {syslog-address: "${away.address}"}}`,
    );
    await host.ok(['-f', file, 'up', '-d']);
    await until(
      async () => (await host.ok(['-f', file, 'logs', '--no-log-prefix'])).stdout,
      (text) => text.includes('before'),
    );
    const back = await TcpSyslog.listen(away.port);
    assert.match((await back.lines(1))[0] ?? '', /: before$/);
    await back.stop();
    await host.ok(['-f', file, 'kill', '-s', 'USR1']);
    const slow = await TcpSyslog.listen(away.port, { isPaused: true });
    assert.match((await slow.lines(1))[0] ?? '', /: after$/);
    // More than the buffers of both ends and of the shim, so that lines go in parts and some not at all.
    await host.ok(['-f', file, 'kill', '-s', 'USR2']);
    await until(
      async () => (await host.ok(['-f', file, 'logs', '--no-log-prefix'])).stdout,
      (text) => text.split('\n').filter((line) => line.endsWith(':40000')).length === 40,
    );
    slow.resume();
    const received = await until(
      () => slow.lines(2),
      (all) => all.some((line) => line.includes('not passed on')),
    );
    const torn = received.slice(1).filter((line) => !/^<30>.*\]: [\d:]+$|^<27>.*lines were not passed on/.test(line));
    assert.deepEqual(
      torn.map((line) => `${line.slice(0, 80)} … ${line.slice(-30)}`),
      [],
    );
    await slow.stop();
  });

  it('journald sends fields and any text in the form of the journal', async () => {
    mkdirSync('/run/systemd/journal', { recursive: true });
    const sink = (await listen('unix', '/run/systemd/journal/socket')).go();
    write(
      'echo "with = and \\303\\251" | sed s/x/y/',
      '{driver: journald, options: {tag: mine, labels: "com.example.a", labels-regex: "^org", env: "TEAM,ABSENT", env-regex: "^(OS|UM)"}}',
      ', labels: {com.example.a: one, org.b: two, c.org: no}, environment: {TEAM: blue, OS_NAME: linux, XOS: no}',
    );
    await host.ok(['-f', file, 'up', '-d']);
    const [text = ''] = await lines(sink, 1);
    const [head = '', tail = ''] = text.split('MESSAGE\n');
    const fields = new Map(
      head
        .trim()
        .split('\n')
        .map((line) => line.split('=', 2) as [string, string]),
    );
    const id = fields.get('CONTAINER_ID_FULL') ?? '';
    const {
      CONTAINER_ID,
      PRIORITY,
      CONTAINER_NAME,
      SYSLOG_IDENTIFIER,
      TEAM,
      COM_EXAMPLE_A,
      ABSENT,
      ORG_B,
      C_ORG,
      OS_NAME,
      XOS,
    } = Object.fromEntries(fields) as Record<string, string | undefined>;
    assert.deepEqual(
      {
        CONTAINER_ID,
        PRIORITY,
        CONTAINER_NAME,
        SYSLOG_IDENTIFIER,
        TEAM,
        COM_EXAMPLE_A,
        ABSENT,
        ORG_B,
        C_ORG,
        OS_NAME,
        XOS,
      },
      {
        CONTAINER_ID: id.slice(0, 12),
        PRIORITY: '6',
        CONTAINER_NAME: 'drivers-web-1',
        SYSLOG_IDENTIFIER: 'mine',
        TEAM: 'blue',
        COM_EXAMPLE_A: 'one',
        ABSENT: undefined,
        ORG_B: 'two',
        C_ORG: undefined,
        OS_NAME: 'linux',
        XOS: undefined,
      },
    );
    const message = Buffer.from(tail, 'latin1');
    const length = Number(message.readBigUInt64LE());
    assert.equal(
      message.subarray(8).toString().trimEnd(),
      (await host.ok(['-f', file, 'logs', '--no-log-prefix'])).stdout.trimEnd(),
    );
    assert.equal(message.length, 8 + length + 1);
    rmSync('/run/systemd', { recursive: true });
  });

  it('journald and syslog are refused where nobody listens, by name', async () => {
    for (const [logging, message] of [
      [
        '{driver: journald}',
        /logging driver journald: this host has no journal: \/run\/systemd\/journal\/socket does not exist/,
      ],
      [
        '{driver: syslog, options: {syslog-address: "unix:///run/nobody"}}',
        /logging driver syslog: this host has no such syslog: \/run\/nobody does not exist/,
      ],
    ] as const) {
      write('true', logging);
      const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
  });

  it('a service that is slow or restarts gets what is buffered; what does not fit is counted in the log', async () => {
    const path = join(host.directory, 'slow');
    const sink = await listen('unix', path);
    const options = `syslog-address: "unix://${path}", mode: non-blocking, max-buffer-size: 64k`;
    write(
      'for i in $$(seq 4000); do echo line $$i with some more text to fill it; done',
      `{driver: syslog, options: {${options}}}`,
    );
    await host.ok(['-f', file, 'up', '-d']);
    await until(
      async () => (await host.ok(['-f', file, 'logs', '--no-log-prefix'])).stdout,
      (text) => text.includes('line 4000 '),
    );
    sink.go();
    const { stdout } = await until(
      () => host.ok(['-f', file, 'logs', '--no-log-prefix']),
      ({ stdout: text }) => text.includes('not passed on'),
    );
    const dropped = Number(/\[tsstack: (\d+) lines were not passed on/.exec(stdout)?.[1]);
    assert.ok(dropped > 1000, `${dropped} dropped`);
    const received = await lines(sink, 4000 - dropped + 1);
    assert.equal(received.filter((text) => text.includes('with some more text')).length, 4000 - dropped);
    assert.equal(stdout.split('\n').filter((line) => line.startsWith('line ')).length, 4000, 'the log has everything');
  });

  it('send on while the daemon is gone, and to a service that has come back', async () => {
    const path = join(host.directory, 'again');
    const first = (await listen('unix', path)).go();
    write(
      'trap "echo told" USR1; echo begun; while true; do sleep 0.05; done',
      `{driver: syslog, options: {syslog-address: "unix://${path}"}}`,
    );
    await host.ok(['-f', file, 'up', '-d']);
    await lines(first, 1);
    const [row] = await host.ps(file);
    const { pid } = host.shimState(row?.ID ?? '');
    await host.killDaemon();
    await first.stop();
    rmSync(path);
    const second = (await listen('unix', path)).go();
    process.kill(
      Number(
        execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
          .trim()
          .split('\n')[0],
      ),
      'SIGUSR1',
    );
    assert.match((await lines(second, 1))[0] ?? '', /: told$/);
  });

  it('name the nearest driver and option, and their place in the file', async () => {
    const wrong: [string, RegExp][] = [
      ['{driver: sislog}', /stack\.yml:2:\d+.*\n?[^]*syslog/],
      [
        '{driver: syslog, options: {syslog-adress: "udp://127.0.0.1"}}',
        /stack\.yml:2:\d+[^]*did you mean "syslog-address"/,
      ],
      [
        '{driver: syslog, options: {syslog-address: "tcp+tls://127.0.0.1:514"}}',
        /stack\.yml:2:\d+[^]*tcp\+tls is not supported/,
      ],
      ['{driver: journald, options: {env-regex: "("}}', /stack\.yml:2:\d+[^]*"\(" is no regular expression/],
      ['{driver: syslog, options: {syslog-facility: mial}}', /stack\.yml:2:\d+[^]*did you mean "mail"/],
      ['{driver: journald, options: {tag: "{{.Nome}}"}}', /stack\.yml:2:\d+[^]*is no field of a tag/],
      ['{driver: local, options: {labels: a}}', /stack\.yml:2:\d+[^]*labels: is no option of logging driver local/],
    ];
    for (const [logging, message] of wrong) {
      write('true', logging);
      const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
      assert.equal(code, 1, logging);
      assert.match(stderr, message);
    }
  });
});
