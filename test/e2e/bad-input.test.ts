import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, it } from 'mocha';
import { busyboxHost } from '../support/busybox-host.ts';
import { launcher, type CommandResult } from '../support/test-host.ts';

/** Body of `services:` for a stack that sleeps. */
const sleeper = 'image: "busybox:test", command: sleep 1000';

describe('bad input', () => {
  const host = busyboxHost();
  let counter = 0;

  /** Brings up a stack of this text and gives what the command said. */
  async function up(
    text: string,
    args: readonly string[] = ['-d'],
  ): Promise<CommandResult & { readonly file: string }> {
    counter += 1;
    const file = host.write(`bad-${counter}.yml`, text.includes('name:') ? text : `name: bad${counter}\n${text}`);
    return { ...(await host.run(['-f', file, 'up', ...args])), file };
  }

  /** The command failed with exit 1, said each of these, showed no stack trace, and created nothing. */
  async function assertRefused(
    result: CommandResult & { readonly file: string },
    mentions: readonly RegExp[],
  ): Promise<void> {
    assert.equal(result.code, 1, result.stderr);
    for (const mention of mentions) assert.match(result.stderr, mention);
    assert.doesNotMatch(result.stderr, /\n\s+at .+:\d+:\d+\)?\n/, 'a stack trace is not an error message');
    const { stdout } = await host.ok(['ls', '-a', '-q']);
    assert.doesNotMatch(stdout, new RegExp(`^bad${counter}$`, 'm'));
  }

  it('shows a wrong key with file, line, column, the line itself and the nearest valid key', async () => {
    await assertRefused(await up('services:\n  web:\n    imagee: redis\n'), [
      /bad-\d+\.yml:4:5/,
      /imagee: redis/,
      /image\b/,
    ]);
  });

  it('shows a value of the wrong type where it stands', async () => {
    await assertRefused(await up('services:\n  web:\n    image: redis\n    init: 3.5\n'), [
      /bad-\d+\.yml:5:11/,
      /init/,
    ]);
  });

  it('shows YAML that cannot be read', async () => {
    await assertRefused(await up('services:\n  web: [unclosed\n'), [/bad-\d+\.yml:\d+:\d+/]);
  });

  it('rejects by name an attribute that it cannot honour yet', async () => {
    await assertRefused(await up(`services:\n  web:\n    image: redis\n    logging: { driver: gelf }\n`), [
      /bad-\d+\.yml:5:/,
      /gelf/,
      /not supported yet/,
    ]);
  });

  it('names a variable that is required and missing', async () => {
    await assertRefused(await up('services:\n  web:\n    image: "redis:${TAG:?say which}"\n'), [/TAG/, /say which/]);
  });

  it('names a service that does not exist and the nearest one', async () => {
    const file = host.write('unknown.yml', `name: unknown\nservices:\n  web: { ${sleeper} }\n`);
    const result = await host.run(['-f', file, 'up', '-d', 'wep']);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /no such service: wep/);
    assert.match(result.stderr, /web/);
  });

  it('names an image that is nowhere, and what to do', async () => {
    const result = await up('services:\n  web: { image: "127.0.0.1:9/nothing:1" }\n');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /127\.0\.0\.1:9\/nothing:1/);
  });

  it('rejects a port that is none', async () => {
    await assertRefused(await up(`services:\n  web: { ${sleeper}, ports: ["80:99999"] }\n`), [
      /99999/,
      /bad-\d+\.yml:\d+:\d+/,
    ]);
  });

  it('names the owner of a port that is taken', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const result = await up(`services:\n  web: { ${sleeper}, ports: ["${port}:80"] }\n`);
    server.close();
    assert.equal(result.code, 1);
    assert.match(result.stderr, new RegExp(`${port}`));
    assert.match(result.stderr, new RegExp(`node|${process.pid}`), 'the owner is this test');
  });

  it('names the container of ours that holds a port', async () => {
    const first = host.write('holder.yml', `name: holder\nservices:\n  web: { ${sleeper}, ports: ["18080:80"] }\n`);
    await host.ok(['-f', first, 'up', '-d']);
    const result = await up(`services:\n  web: { ${sleeper}, ports: ["18080:80"] }\n`);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /18080/);
    assert.match(result.stderr, /holder-web-1/);
    await host.ok(['-f', first, 'down', '-t', '0']);
  });

  it('prints a cycle of dependencies', async () => {
    const text = `services:\n  a: { ${sleeper}, depends_on: [b] }\n  b: { ${sleeper}, depends_on: [a] }\n`;
    await assertRefused(await up(text), [/a -> b -> a|b -> a -> b/]);
  });

  it('rejects a container_name that two services share', async () => {
    const text = `services:\n  a: { ${sleeper}, container_name: same }\n  b: { ${sleeper}, container_name: same }\n`;
    await assertRefused(await up(text), [/same/]);
  });

  it('names a bind source that is missing', async () => {
    const mount = 'volumes: [{ type: bind, source: ./nowhere, target: /x, bind: { create_host_path: false } }]';
    const result = await up(`services:\n  web: { ${sleeper}, ${mount} }\n`);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /nowhere/);
    const empty = await up(`services:\n  web: { ${sleeper}, volumes: [{ type: bind, source: "", target: /x }] }\n`);
    await assertRefused(empty, [/bad-\d+\.yml:3:\d+: error: services\.web\.volumes.*a bind needs a source/]);
  });

  it('ends with 127 when the command does not exist and 126 when it cannot be executed', async () => {
    const file = host.write('command.yml', `name: command\nservices:\n  web: { image: "busybox:test" }\n`);
    const missing = await host.run(['-f', file, 'run', '--rm', '-T', 'web', 'no-such-program']);
    assert.equal(missing.code, 127, missing.stderr);
    assert.match(missing.stderr, /^error: .*no-such-program.*\nhint: the image has no such program/m);
    const notExecutable = await host.run(['-f', file, 'run', '--rm', '-T', 'web', '/etc/hosts']);
    assert.equal(notExecutable.code, 126, notExecutable.stderr);
    assert.match(notExecutable.stderr, /^error: .*\/etc\/hosts.*\nhint: .*chmod \+x/m);
    await host.ok(['-f', file, 'down']);
  });

  it('names a flag that does not exist and the nearest one', async () => {
    const result = await host.run(['up', '--detatch']);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /--detatch/);
    assert.match(result.stderr, /--detach/);
  });

  /** What a shell script does in which `tsstack` is the command line. */
  function shell(script: string): { readonly code: number | null; readonly said: string } {
    const [program = '', ...args] = host.enter(['sh', '-c', `tsstack() { '${launcher}' "$@"; }; ${script}`]);
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: host.directory,
      env: host.env,
      encoding: 'utf8',
    });
    return { code: status, said: `${stdout}${stderr}` };
  }

  it('says in a line that its output cannot be written', () => {
    for (const command of ['--help', 'ls', 'version'])
      assert.deepEqual(shell(`tsstack ${command} >/dev/full`), {
        code: 1,
        said: 'error: write standard output: no space left on device\n',
      });
    assert.deepEqual(shell('tsstack version >/dev/full 2>&1'), { code: 1, said: '' });
    const config = 'echo "services: {a: {image: i}}" | tsstack -f - config';
    assert.deepEqual(shell(`${config} -o /dev/full`), {
      code: 1,
      said: 'error: write /dev/full: no space left on device\n',
    });
  });

  it('says that the working directory is gone, and works without it where none is needed', () => {
    const elsewhere = 'mkdir gone && cd gone && rmdir ../gone';
    const missing = shell(`${elsewhere} && tsstack ps 2>&1`);
    assert.equal(missing.code, 1);
    assert.match(missing.said, /^error: the working directory is no longer there\nhint: .*cd/m);
    assert.doesNotMatch(missing.said, /\n\s+at .+:\d+:\d+\)?\n/);
    assert.equal(shell(`${elsewhere} && tsstack ls`).code, 0);
  });
});
