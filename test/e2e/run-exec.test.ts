import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { before, describe, it } from 'mocha';
import { runInTerminal } from '../support/terminal.ts';
import { busyboxHost } from '../support/busybox-host.ts';
import { until, type TestHost } from '../support/test-host.ts';
import { untilCatching } from '../support/until-catching.ts';

const stack = `
name: oneoff
services:
  web:
    image: busybox:test
    init: true
    command: sleep 100000
    environment: { FROM_FILE: "file", OVERRIDDEN: "file" }
    user: "1000"
    working_dir: /home
    scale: 2
  db:
    image: busybox:test
    init: true
    command: ["sh", "-c", "sleep 0.3; touch /tmp/ready; exec sleep 100000"]
    healthcheck: { test: [CMD, test, -e, /tmp/ready], interval: 100ms, retries: 100 }
  job:
    image: busybox:test
    command: ["sh", "-c", "echo own command; exit 4"]
    environment: { NAME: job }
    depends_on: { db: { condition: service_healthy } }
    ports: ["127.0.0.1::80"]
    volumes: ["shared:/shared", "/anonymous"]
    restart: always
  stubborn:
    image: busybox:test
    init: true
    stop_grace_period: 1m
    command: ["sh", "-c", "trap 'touch /asked' TERM; touch /ready; until [ -e /end ]; do sleep 0.05; done"]
    healthcheck: { test: [CMD, test, -e, /ready], interval: 50ms, retries: 100 }
  alone:
    image: busybox:test
    command: ["sh", "-c", "echo alone"]
volumes: { shared: {} }
`;

describe('exec', () => {
  const host = busyboxHost();
  let file = '';
  const exec = (...args: readonly string[]): ReturnType<TestHost['run']> =>
    host.run(['-f', file, 'exec', '-T', ...args]);

  before(async () => {
    file = host.write('stack.yml', stack);
    await host.ok(['-f', file, 'up', '-d', 'web']);
  });

  it('passes output, streams apart, and the exit code', async () => {
    assert.deepEqual(await exec('web', 'sh', '-c', 'echo out; echo err >&2; exit 42'), {
      code: 42,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    assert.equal((await exec('web', 'sh', '-c', 'kill -9 $$')).code, 137);
  });

  it('says 127 of what is not there and 126 of what cannot be executed', async () => {
    const missing = await exec('web', 'no-such-program');
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /^error: .*no-such-program.*\nhint: the image has no such program/);
    const refused = await exec('web', '/etc/passwd');
    assert.equal(refused.code, 126);
    assert.match(refused.stderr, /^error: .*\/etc\/passwd.*\nhint: .*chmod \+x/);
    const nowhere = await exec('-w', '/nowhere', 'web', 'true');
    assert.deepEqual(nowhere, {
      code: 127,
      stdout: '',
      stderr: 'error: the container has no directory /nowhere\nhint: name one that it has, or make it first\n',
    });
  });

  it('gets what is piped in, all of it, and its end', async () => {
    const text = `${'x'.repeat(99)}\n`.repeat(30_000);
    const { stdout } = await host.ok(['-f', file, 'exec', '-T', 'web', 'wc', '-c'], { stdin: text });
    assert.equal(stdout.trim(), String(text.length));
    const echoed = await host.ok(['-f', file, 'exec', '-T', 'web', 'cat'], { stdin: text });
    assert.ok(echoed.stdout === text, 'every byte comes back');
  });

  it('runs as the service does unless told otherwise', async () => {
    const own = await exec('web', 'sh', '-c', 'id -u; pwd; echo $FROM_FILE');
    assert.equal(own.stdout, '1000\n/home\nfile\n');
    const other = await exec(
      '-u',
      '0:3000',
      '-w',
      '/tmp',
      '-e',
      'FROM_FILE=flag',
      '-e',
      'HANDED_ON',
      '-e',
      'UNSET',
      'web',
      'sh',
      '-c',
      'id -u; id -g; pwd; echo $FROM_FILE; env | grep -c UNSET',
    );
    assert.equal(other.stdout, '0\n3000\n/tmp\nflag\n0\n');
    const handedOn = await host.run(
      ['-f', file, 'exec', '-T', '-e', 'HANDED_ON', 'web', 'sh', '-c', 'echo $HANDED_ON'],
      {
        env: { HANDED_ON: 'yes' },
      },
    );
    assert.equal(handedOn.stdout, 'yes\n');
  });

  it('has every capability with --privileged', async () => {
    assert.equal((await exec('-u', '0', 'web', 'mount', '-t', 'tmpfs', 'none', '/tmp')).code, 1);
    assert.equal((await exec('-u', '0', '--privileged', 'web', 'mount', '-t', 'tmpfs', 'none', '/tmp')).code, 0);
  });

  it('chooses the first container, or the one with the index', async () => {
    const ids = (await host.ps(file)).filter(({ Service }) => Service === 'web').map(({ ID }) => ID);
    assert.equal((await exec('web', 'hostname')).stdout.trim(), ids[0]);
    assert.equal((await exec('--index', '2', 'web', 'hostname')).stdout.trim(), ids[1]);
    const { code, stderr } = await exec('--index', '7', 'web', 'true');
    assert.equal(code, 1);
    assert.match(stderr, /service "web" is not running container #7/);
  });

  it('leaves the command running with -d', async () => {
    const result = await exec('-d', '-u', '0', 'web', 'sh', '-c', 'echo done > /home/detached');
    assert.equal(result.code, 0);
    // The file is there before the word in it.
    const read = (): ReturnType<typeof exec> => exec('web', 'cat', '/home/detached');
    assert.equal((await until(read, ({ stdout }) => stdout !== '')).stdout, 'done\n');
  });

  it('fails with 1 where nothing runs or the service does not exist', async () => {
    const stopped = await exec('db', 'true');
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, /service "db" is not running/);
    assert.equal((await exec('nobody', 'true')).code, 1);
  });

  it('goes on while the container is given time to end, by stop or by down', async () => {
    for (const verb of [['stop', 'stubborn'], ['down']]) {
      await host.ok(['-f', file, 'up', '-d', '--wait', '--force-recreate', 'stubborn']);
      const pid = (await host.pids(file))['oneoff-stubborn-1'] ?? assert.fail('it does not run');
      const child = host.spawn(['-f', file, ...verb]);
      child.stdout?.resume();
      child.stderr?.resume();
      const ended = once(child, 'close');
      const asked = (): ReturnType<typeof exec> => exec('stubborn', 'test', '-e', '/asked');
      assert.equal((await until(asked, ({ code }) => code === 0)).stderr, '', verb.join(' '));
      assert.equal((await exec('stubborn', 'rm', '/asked')).code, 0);
      // From here: a command that ends its container is killed with it, perhaps before it has ended itself.
      writeFileSync(`/proc/${pid}/root/end`, '');
      await ended;
    }
    await host.ok(['-f', file, 'up', '-d', 'web']);
  });

  it('ends the command when the client is killed', async () => {
    const child = host.spawn(['-f', file, 'exec', '-T', 'web', 'sh', '-c', 'echo begun; exec sleep 4711']);
    await once(child.stdout ?? child, 'data');
    child.kill('SIGKILL');
    const running = async (): Promise<string> => (await exec('web', 'ps')).stdout;
    await until(running, (text) => !text.includes('sleep 4711'));
  });

  it('has a terminal of the size of ours when there is one', async () => {
    const { code, output } = await runInTerminal(
      host,
      `stty rows 33 cols 101; tsstack -f ${file} exec web sh -c 'tty; stty size; exit 5'`,
    );
    assert.match(output, /\/dev\/(pts\/\d+|console)\r\n33 101\r\n/);
    assert.equal(code, 5);
  });

  it('has none with -T, or when the input is a pipe', async () => {
    const { output } = await runInTerminal(
      host,
      `tsstack -f ${file} exec -T web tty; echo | tsstack -f ${file} exec web tty`,
    );
    assert.equal(output, 'not a tty\r\nnot a tty\r\n');
    assert.equal((await host.run(['-f', file, 'exec', '-t', 'web', 'true'])).code, 1);
  });

  it('follows the size of our terminal', async () => {
    const inside = "trap 'stty size; exit' WINCH; touch /tmp/waits; while :; do sleep 0.05; done";
    const { output } = await runInTerminal(
      host,
      `(until tsstack -f ${file} exec -T db test -e /tmp/waits; do :; done; stty rows 44 cols 144 </dev/tty) & tsstack -f ${file} exec db sh -c "${inside}"`.replaceAll(
        ' db ',
        ' web ',
      ),
    );
    assert.match(output, /44 144/);
  });

  it('gets what is typed, also Ctrl-C, and the terminal is restored', async () => {
    const { code, output } = await runInTerminal(
      host,
      `before=$(stty -g); tsstack -f ${file} exec web sh -c "trap 'echo interrupted; exit 6' INT; echo ready; while :; do sleep 0.05; done"; code=$?; [ "$(stty -g)" = "$before" ] && echo restored; exit $code`,
      { typed: { after: /ready/, text: '\u0003' } },
    );
    assert.match(output, /interrupted/);
    assert.match(output, /restored/);
    assert.equal(code, 6);
  });
});

describe('run', () => {
  const host = busyboxHost();
  let file = '';
  const run = (...args: readonly string[]): ReturnType<TestHost['run']> => host.run(['-f', file, 'run', '-T', ...args]);
  /** Names of all containers of the stack but the dependency. */
  async function others(): Promise<readonly string[]> {
    return (await host.ps(file)).map(({ Name }) => Name).filter((name) => name !== 'oneoff-db-1');
  }

  before(async () => {
    file = host.write('stack.yml', stack);
  });

  it('waits for dependencies, runs the command of the service, and passes its code although it restarts', async () => {
    const { code, stdout } = await run('--rm', 'job');
    assert.equal(code, 4);
    assert.equal(stdout, 'own command\n');
    const [db] = await host.ps(file);
    assert.equal(db?.Name, 'oneoff-db-1');
    assert.equal(db.Health, 'healthy');
  });

  it('replaces the command, and with --entrypoint both', async () => {
    const { code, stdout, stderr } = await run('--rm', 'alone', 'sh', '-c', 'echo other; echo err >&2; exit 8');
    assert.deepEqual([code, stdout], [8, 'other\n']);
    assert.match(stderr, /^err$/m);
    assert.equal((await run('--rm', '--entrypoint', 'echo entry', 'alone')).stdout, 'entry\n');
    assert.equal((await run('--rm', '--entrypoint', 'echo', 'alone', 'a', 'b')).stdout, 'a b\n');
  });

  it('leaves nothing with --rm, and a stopped container without', async () => {
    assert.deepEqual(await others(), []);
    assert.equal((await run('alone')).stdout, 'alone\n');
    const [left] = await others();
    assert.match(left ?? '', /^oneoff-alone-run-[0-9a-f]{12}$/);
    const running = await host.ok(['-f', file, 'ps', '--services']);
    assert.equal(running.stdout, 'db\n');
    const { stderr } = await run('--rm', '--no-deps', '--remove-orphans', 'alone');
    assert.doesNotMatch(stderr, /orphan/);
    assert.deepEqual(await others(), []);
  });

  it('starts no dependency with --no-deps', async () => {
    await host.ok(['-f', file, 'down']);
    assert.equal((await run('--rm', '--no-deps', 'job', 'true')).code, 0);
    assert.deepEqual(await host.ps(file), []);
  });

  it('takes variables, user, directory, name, labels and volumes from its flags', async () => {
    host.write('run.env', 'FROM_ENV_FILE=yes\n');
    const script = 'echo $NAME $FROM_ENV_FILE $EXTRA; id -u; pwd; ls /extra';
    host.write('extra/file', '');
    const flags = ['-e', 'NAME=flag', '-e', 'EXTRA=x', '--env-from-file', 'run.env', '-u', '1000', '-w', '/tmp'];
    const { stdout } = await run('--rm', '--no-deps', ...flags, '-v', './extra:/extra', 'job', 'sh', '-c', script);
    assert.equal(stdout, 'flag yes x\n1000\n/tmp\nfile\n');
    await run('-d', '--no-deps', '--name', 'named', '-l', 'com.example.a=b', 'alone');
    const text = (await host.ok(['-f', file, 'ps', '-a', '--format', 'json'])).stdout;
    assert.match(text, /"Name":"named"/);
    assert.match(text, /com\.example\.a=b/);
    await host.ok(['-f', file, 'rm', '-f', '-s', 'alone']);
  });

  it('refuses what makes no sense in its flags before anything is made', async () => {
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [['--name', 'two words'], /^error: --name: found "two words", expected a name/],
      [['--cap-add', 'NET_ADMN'], /^error: unknown capability NET_ADMN\nhint: did you mean "NET_ADMIN"/],
      [['-w', 'srv'], /^error: "srv" is no absolute path in the container\n/],
      [['-v', 'relative'], /^error: target "relative" is no absolute path in the container\n/],
      [['-l', '=x'], /^error: invalid value "=x" for --label\n/],
    ];
    for (const [flags, message] of refused) {
      const { code, stderr } = await run('--no-deps', ...flags, 'job', 'true');
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
    }
  });

  it('publishes ports only with -P or -p', async () => {
    const portsOf = async (...flags: readonly string[]): Promise<unknown> => {
      await run('-d', '--no-deps', ...flags, 'job', 'sleep', '100000');
      const { stdout } = await host.ok(['-f', file, 'ps', '-a', '--format', 'json', 'job']);
      const row = JSON.parse(stdout) as { Publishers: { URL: string; TargetPort: number }[] };
      await host.ok(['-f', file, 'kill', 'job']);
      await host.ok(['-f', file, 'rm', '-f', '-s', '-v', 'job']);
      return row.Publishers.map(({ URL, TargetPort }) => `${URL} ${TargetPort}`);
    };
    assert.deepEqual(await portsOf(), []);
    assert.deepEqual(await portsOf('-P'), ['127.0.0.1 80']);
    assert.deepEqual(await portsOf('-p', '127.0.0.2::90'), ['127.0.0.2 90']);
    assert.equal((await run('-P', '-p', '1', 'job')).code, 1);
  });

  it('prints the id with -d and lets the container run', async () => {
    const { code, stdout } = await run('-d', 'alone', 'sh', '-c', 'trap "exit 9" TERM; while :; do sleep 0.05; done');
    assert.equal(code, 0);
    assert.match(stdout, /^[0-9a-f]{64}\n$/);
    const [row] = await host.ps(file);
    assert.equal(row?.State, 'running');
    assert.ok(stdout.startsWith(row.ID));
    await untilCatching(host, file, row.Name, 'SIGTERM');
    await host.ok(['-f', file, 'kill', '-s', 'TERM', 'alone']);
    await until(
      () => host.ps(file),
      ([ended]) => ended?.ExitCode === 9,
    );
    await host.ok(['-f', file, 'rm', '-f', 'alone']);
  });

  it('is reached by exec when the service has no other container', async () => {
    await run('-d', 'alone', 'sleep', '100000');
    assert.equal(
      (await host.ok(['-f', file, 'exec', '-T', 'alone', 'echo', 'in the one-off'])).stdout,
      'in the one-off\n',
    );
    await host.ok(['-f', file, 'down', '--remove-orphans', '-t', '0']);
  });

  it('gets what is piped in', async () => {
    const { stdout } = await host.ok(['-f', file, 'run', '--rm', 'alone', 'cat'], { stdin: 'one\ntwo\n' });
    assert.equal(stdout, 'one\ntwo\n');
  });

  it('loses nothing of what it writes, however late that is read: the container waits', async () => {
    const bytes = 100_000_000;
    const child = host.spawn(['-f', file, 'run', '--rm', '-T', 'alone', 'head', '-c', String(bytes), '/dev/zero']);
    child.stderr?.resume();
    const closed = once(child, 'close');
    let received = 0;
    for await (const chunk of child.stdout ?? []) received += (chunk as Buffer).length;
    assert.deepEqual([received, await closed], [bytes, [0, null]]);
  });

  it('gets every signal that the command gets', async () => {
    const script = 'trap "echo hup" HUP; trap "echo term; exit 3" TERM; echo ready; while :; do sleep 0.05; done';
    const child = host.spawn(['-f', file, 'run', '--rm', '-T', 'alone', 'sh', '-c', script]);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const shown = (): Promise<string> => Promise.resolve(output);
    await until(shown, (text) => text.includes('ready\n'));
    child.kill('SIGHUP');
    await until(shown, (text) => text.includes('hup\n'));
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(output, 'ready\nhup\nterm\n');
    assert.equal(code, 3);
    assert.deepEqual(await host.ps(file), []);
  });

  it('has a terminal when there is one, and none with -T', async () => {
    const { code, output } = await runInTerminal(
      host,
      `stty rows 22 cols 77; tsstack -f ${file} run --rm --quiet alone sh -c 'tty; stty size; exit 7'`,
    );
    assert.match(output, /\/dev\/(pts\/\d+|console)\r\n22 77\r\n/);
    assert.equal(code, 7);
    const none = await runInTerminal(host, `tsstack -f ${file} run --rm --quiet -T alone tty`);
    assert.match(none.output, /not a tty/);
    assert.equal((await host.run(['-f', file, 'run', '--rm', '-t', 'alone'])).code, 1);
  });

  it('says 127 of what is not there and 126 of what cannot be executed, and leaves nothing', async () => {
    const missing = await run('--rm', 'alone', 'no-such-program');
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /no-such-program/);
    assert.equal((await run('--rm', 'alone', '/etc/passwd')).code, 126);
    await until(
      () => host.ps(file),
      (rows) => rows.length === 0,
    );
  });

  it('fails when a dependency does', async () => {
    const broken = host.write(
      'broken.yml',
      'name: brokenrun\nservices:\n  db: { image: "busybox:test", command: "false" }\n  app: { image: "busybox:test", command: "true", depends_on: { db: { condition: service_completed_successfully } } }\n',
    );
    const { code, stderr } = await host.run(['-f', broken, 'run', '--rm', '-T', 'app']);
    assert.equal(code, 1);
    assert.match(stderr, /dependency failed to start/);
  });

  it('refuses a service that does not exist', async () => {
    const { code, stderr } = await run('alnoe');
    assert.equal(code, 1);
    assert.match(stderr, /no such service: alnoe/);
  });

  it('says what is wrong with its own words, not with a file that nobody wrote', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['-p', 'x:y:z', 'job'], 'error: port "x:y:z"'],
      [['-v', 'a:::', 'job'], 'error: volume "a:::"'],
      [['-v', 'elsewhere:/x', 'job'], 'error: mount /x: the stack has no volume elsewhere\nhint: declare it'],
      [['--env-from-file', '/none', 'job'], 'error: --env-from-file /none: no such file or directory\n'],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await run('--no-deps', ...args);
      assert.deepEqual([code, stderr.startsWith(message)], [1, true], stderr);
    }
    assert.deepEqual(await others(), []);
  });
});
