import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost } from '../support/test-host.ts';

/** A provider that writes down how it is called, and says what the file `script` has. */
const provider = `#!/bin/sh
here=$(dirname "$0")
case "$2" in
metadata) [ -e "$here/metadata" ] && cat "$here/metadata" || exit 1 ;;
*) echo "$*" >> "$here/calls"; [ ! -e "$here/script" ] || . "$here/script" ;;
esac
`;

/** Speaks as docker model does. */
const runner = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
case "$1" in
status) echo '{"running":true,"endpoint":"http://models.test/v1/"}' ;;
ls) echo '[{"id":"sha256:1","tags":["ai/here"]}]' ;;
pull) [ "$2" != ai/broken ] || { echo "no such model" >&2; exit 4; } ;;
esac
`;

describe('what programs of the host provide', () => {
  const host = new TestHost();
  const bin = join(host.directory, 'bin');
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: host.directory };
  const calls = (): string[] =>
    (existsSync(`${bin}/calls`) ? readFileSync(`${bin}/calls`, 'utf8') : '').split('\n').slice(0, -1);
  const files: string[] = [];

  const stack = (name: string, text: string): string => {
    const file = host.write(`${name}.yml`, `name: ${name}\n${text}`);
    files.push(file);
    return file;
  };
  const program = (name: string, text: string): void => chmodSync(host.write(`bin/${name}`, text), 0o755);
  const says = (...messages: readonly object[]): void => {
    const lines = messages.map((message) => `echo '${JSON.stringify(message)}'`);
    host.write('bin/script', `if [ "$3" = up ]; then\n:\n${lines.join('\n')}\nfi\n`);
  };
  const environment = async (file: string, service: string): Promise<string> =>
    (await host.ok(['-f', file, 'exec', service, 'env'])).stdout;

  before(async () => {
    program('cloud', provider);
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
  });
  afterEach(async () => {
    for (const file of files.splice(0)) await host.run(['-f', file, 'down', '-t', '0'], { env });
    for (const name of ['calls', 'script', 'metadata', 'docker-model']) rmSync(join(bin, name), { force: true });
  });
  after(() => host.stop());

  const app = 'image: busybox:test, init: true, command: sleep 100000, stop_grace_period: 1s';

  describe('a provider', () => {
    const text = `services:
  database: { provider: { type: cloud, options: { type: mysql, size: 256, zone: [a, b] } } }
  app: { ${app}, depends_on: [database], environment: { DATABASE_URL: theirs, TOKEN: theirs } }
  other: { ${app} }
`;

    it('is asked before its dependants are made, which get what it tells', async () => {
      const file = stack('asked', text);
      says(
        { type: 'info', message: 'preparing mysql' },
        { type: 'setenv', message: 'URL=mysql://x?a=b' },
        { type: 'rawsetenv', message: 'TOKEN=exact' },
        { type: 'debug', message: 'nobody hears this' },
      );
      const { stderr } = await host.ok(['-f', file, 'up', '-d'], { env });
      assert.deepEqual(calls(), ['compose --project-name=asked up --type=mysql --size=256 --zone=a --zone=b database']);
      assert.match(stderr, /Provider database preparing mysql\n.*Provider database Created/s);
      assert.match(stderr, /overrides the variable TOKEN of service app/);
      const seen = await environment(file, 'app');
      assert.match(seen, /^DATABASE_URL=mysql:\/\/x\?a=b$/m);
      assert.match(seen, /^TOKEN=exact$/m);
      assert.doesNotMatch(await environment(file, 'other'), /DATABASE|TOKEN/);
    });

    it('that tells the same again replaces nothing, and plan knows what it told', async () => {
      const file = stack('again', text);
      says({ type: 'setenv', message: 'URL=1' });
      await host.ok(['-f', file, 'up', '-d'], { env });
      const before = await host.pids(file);
      assert.match((await host.ok(['-f', file, 'plan'], { env })).stdout, /^No changes/);
      await host.ok(['-f', file, 'up', '-d'], { env });
      assert.deepEqual(await host.pids(file), before);
      says({ type: 'setenv', message: 'URL=2' });
      await host.ok(['-f', file, 'up', '-d'], { env });
      assert.match(await environment(file, 'app'), /^DATABASE_URL=2$/m);
      assert.equal((await host.pids(file))['again-other-1'], before['again-other-1']);
    });

    it('gives back what it made when its dependants are gone, also without the file', async () => {
      const file = stack('back', text);
      await host.ok(['-f', file, 'up', '-d'], { env });
      await host.ok(['-p', 'back', 'down', '-t', '0'], { env });
      assert.equal(
        calls().at(-1),
        'compose --project-name=back down --type=mysql --size=256 --zone=a --zone=b database',
      );
      assert.equal(calls().length, 2);
    });

    it('is asked to stop only when it says that it can, and gets the options that it says it has', async () => {
      const file = stack('halt', text);
      const known = { parameters: [{ name: 'type', required: true }] };
      host.write('bin/metadata', JSON.stringify({ description: 'a cloud', up: known, down: {}, stop: {} }));
      await host.ok(['-f', file, 'up', '-d'], { env });
      await host.ok(['-f', file, 'stop', '-t', '0'], { env });
      host.write('bin/metadata', JSON.stringify({ description: 'a cloud', up: known, down: {} }));
      await host.ok(['-f', file, 'stop', '-t', '0'], { env });
      assert.deepEqual(calls(), [
        'compose --project-name=halt up --type=mysql database',
        'compose --project-name=halt stop database',
      ]);
    });

    it('gets the service as config shows it when it asks, and runs in the order of dependencies, before one-off containers too', async () => {
      const file = stack(
        'order',
        `services:
  second: { provider: { type: cloud }, depends_on: [first], x-mine: "\${WORD}" }
  first: { provider: { type: cloud } }
  app: { ${app}, depends_on: [second] }
`,
      );
      const ask = `echo '{"type":"get-service-config"}'; read -r config; echo "$config" >> "$here/calls"`;
      host.write('bin/script', `if [ "$3" = up ]; then ${ask}; echo '{"type":"setenv","message":"A=1"}'; fi\n`);
      const { stdout } = await host.ok(['-f', file, 'run', '--rm', 'app', 'env'], { env: { ...env, WORD: 'said' } });
      assert.match(stdout, /^SECOND_A=1\r?$/m);
      const said = calls();
      assert.match(said[0] ?? '', / first$/);
      assert.match(said[2] ?? '', / second$/);
      assert.equal((JSON.parse(said[3] ?? '') as { 'x-mine': string })['x-mine'], 'said');
    });

    it('that fails ends the command with its place in the file, and nothing is made', async () => {
      const file = stack('fails', text);
      const failure = async (): Promise<string> => {
        const { code, stderr } = await host.run(['-f', file, 'up', '-d'], { env });
        assert.equal(code, 1);
        assert.deepEqual(await host.ps(file), []);
        return stderr;
      };
      says({ type: 'error', message: 'the cloud is full' });
      assert.match(
        await failure(),
        /fails\.yml:3:15: error: services\.database\.provider: provider cloud: the cloud is full/,
      );
      host.write('bin/script', 'echo "no such zone" >&2; exit 3');
      assert.match(await failure(), /provider cloud: cannot create it: exit status 3: no such zone/);
      host.write('bin/script', 'echo hello');
      assert.match(await failure(), /no message of a provider: hello/);
      host.write('bin/metadata', JSON.stringify({ up: { parameters: [{ name: 'plan', required: true }] } }));
      assert.match(await failure(), /needs the option plan/);
    });

    it('whose program is not there is an error with its place', async () => {
      const file = stack('absent', 'services: { a: { provider: { type: nowhere } } }');
      const { code, stderr } = await host.run(['-f', file, 'up', '-d'], { env });
      assert.equal(code, 1);
      assert.match(stderr, /services\.a\.provider\.type: there is no provider "nowhere"/);
    });
  });

  describe('models', () => {
    const text = `services:
  app: { ${app}, models: { big-one: { endpoint_var: WHERE, model_var: WHICH }, small: } }
models:
  big-one: { model: ai/big, name: large, context_size: 4096, runtime_flags: [--fast] }
  small: { model: ai/here }
`;

    it('are got and configured, and containers are told where they are', async () => {
      program('docker-model', runner);
      const file = stack('models', text);
      await host.ok(['-f', file, 'up', '-d'], { env });
      const done = calls().filter((line) => /^(pull|configure)/.test(line));
      assert.deepEqual(done, ['pull ai/big', 'configure --context-size 4096 ai/big -- --fast', 'configure ai/here']);
      const seen = await environment(file, 'app');
      for (const line of [
        'WHERE=http://models.test/v1/',
        'WHICH=ai/big',
        'SMALL_URL=http://models.test/v1/',
        'SMALL_MODEL=ai/here',
        'SMALL=ai/here',
      ])
        assert.ok(seen.split('\n').includes(line), line);
      assert.match((await host.ok(['-f', file, 'plan'], { env })).stdout, /^No changes/);
    });

    it('that cannot be had, or without a runner, are errors with their place', async () => {
      const file = stack(
        'nomodel',
        'services: { a: { image: busybox:test, models: [ broken ] } }\nmodels: { broken: { model: ai/broken } }',
      );
      const without = await host.run(['-f', file, 'plan'], { env });
      assert.equal(without.code, 1);
      assert.match(
        without.stderr,
        /nomodel\.yml:3:11: error: models\.broken: models are served by a model runner, and this host has none/,
      );
      program('docker-model', runner);
      const { code, stderr } = await host.run(['-f', file, 'up', '-d'], { env });
      assert.equal(code, 1);
      assert.match(stderr, /models\.broken: docker-model pull ai\/broken: exit status 4: no such model/);
    });
  });

  describe('images that could be built', () => {
    it('are run where they are here already, under the name of the file or that of the stack', async () => {
      await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
      const file = stack(
        'built',
        `services: { a: { ${app}, build: . , develop: { watch: [{ path: ., action: rebuild }] } } }`,
      );
      await host.ok(['-f', file, 'up', '-d']);
      const unnamed = stack('unnamed', 'services: { a: { build: ., init: true, command: sleep 100000 } }');
      const archive = join(host.directory, 'rootfs.tar');
      execFileSync('tar', ['-C', (await busyboxImage()).rootfs, '-cf', archive, '.']);
      await host.ok(['import', archive, 'unnamed-a']);
      await host.ok(['-f', unnamed, 'up', '-d']);
      for (const each of [file, unnamed]) assert.equal((await host.ps(each)).length, 1);
    });

    it('are an error with its place otherwise', async () => {
      const file = stack('unbuilt', 'services:\n  a:\n    build: .\n');
      const { code, stderr } = await host.run(['-f', file, 'up', '-d']);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /unbuilt\.yml:4:5: error: services\.a\.build: image unbuilt-a is on no host; building it is not supported yet/,
      );
    });
  });
});
