import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost } from '../support/test-host.ts';

const forever = 'image: "busybox:test", init: true, command: sleep 100000';

describe('what up does to containers that exist', () => {
  const host = new TestHost();

  function stack(name: string, services: string, rest = ''): string {
    return host.write(`${name}.yml`, `name: ${name}\nservices:\n${services}${rest}`);
  }
  async function names(file: string): Promise<readonly string[]> {
    return (await host.ps(file)).map(({ Name }) => Name).toSorted();
  }

  before(async () => host.ok(['load', '-i', (await busyboxImage()).dockerArchive]));
  after(() => host.stop());

  it('leaves them with --no-recreate, replaces them with --force-recreate', async () => {
    const text = (version: number): string =>
      `  a: { ${forever}, environment: { VERSION: "${version}" } }\n  b: { ${forever} }\n`;
    const file = stack('again', text(1));
    await host.ok(['-f', file, 'up', '-d']);
    const first = await host.pids(file);
    stack('again', text(2));
    await host.ok(['-f', file, 'up', '-d', '--no-recreate']);
    assert.deepEqual(await host.pids(file), first);
    const { stderr } = await host.ok(['-f', file, 'up', '-d', '--force-recreate', 'b']);
    assert.match(stderr, /Container again-b-1 Recreated/);
    const second = await host.pids(file);
    assert.equal(second['again-a-1'], first['again-a-1']);
    assert.notEqual(second['again-b-1'], first['again-b-1']);
    await host.ok(['-f', file, 'up', '-d']);
    assert.notEqual((await host.pids(file))['again-a-1'], first['again-a-1']);
  });

  it('starts again what has ended', async () => {
    const file = stack('ended', `  a: { ${forever} }\n`);
    await host.ok(['-f', file, 'up', '-d']);
    const [row] = await host.ps(file);
    await host.ok(['-f', file, 'kill']);
    await host.ok(['-f', file, 'up', '-d']);
    const [again] = await host.ps(file);
    assert.equal(again?.State, 'running');
    assert.equal(again.ID, row?.ID);
  });

  it('warns of orphans and removes them with --remove-orphans', async () => {
    const file = stack('strays', `  a: { ${forever} }\n  old: { ${forever} }\n`);
    await host.ok(['-f', file, 'up', '-d']);
    stack('strays', `  a: { ${forever} }\n`);
    const { stderr } = await host.ok(['-f', file, 'up', '-d']);
    assert.match(stderr, /orphan containers \(.*strays-old-1.*\)[^]*--remove-orphans/);
    assert.deepEqual(await names(file), ['strays-a-1', 'strays-old-1']);
    const quiet = await host.ok(['-f', file, 'up', '-d'], { env: { COMPOSE_IGNORE_ORPHANS: '1' } });
    assert.doesNotMatch(quiet.stderr, /orphan/);
    await host.ok(['-f', file, 'up', '-d', '--remove-orphans']);
    assert.deepEqual(await names(file), ['strays-a-1']);
  });

  it('down leaves orphans where they are, and takes them with --remove-orphans', async () => {
    const file = stack('left', `  a: { ${forever} }\n  old: { ${forever} }\n`);
    await host.ok(['-f', file, 'up', '-d']);
    stack('left', `  a: { ${forever} }\n`);
    await host.ok(['-f', file, 'up', '-d']);
    await host.ok(['-f', file, 'down']);
    assert.deepEqual(await names(file), ['left-old-1']);
    await host.ok(['-f', file, 'down', '--remove-orphans']);
    assert.deepEqual(await names(file), []);
  });

  it('down knows the file as it is now, and by name everything', async () => {
    const both = `  a: { ${forever} }\n  gone: { ${forever} }\n`;
    const file = stack('since', both);
    await host.ok(['-f', file, 'up', '-d']);
    stack('since', `  a: { ${forever} }\n`);
    const dry = await host.ok(['-f', file, '--dry-run', 'down']);
    assert.equal(dry.stderr, 'DRY-RUN MODE - Container since-a-1 Removed\n');
    const all = await host.ok(['-f', file, '--dry-run', 'down', '--remove-orphans', '--rmi', 'all']);
    assert.match(all.stderr, /since-gone-1 Removed\n.*Network since_default Removed\n.*Image busybox:test Removed\n$/);
    const { stderr } = await host.ok(['-f', file, 'down', '-t', '0']);
    assert.match(stderr, /orphan containers use them: since-gone-1; add --remove-orphans/);
    assert.deepEqual(await names(file), ['since-gone-1']);
    await host.ok(['-p', 'since', 'down', '-t', '0']);
    assert.deepEqual(await names(file), []);
  });

  it('starts services of a profile only when it is on or they are named', async () => {
    const file = stack(
      'profiles',
      `  a: { ${forever} }\n  debug: { ${forever}, profiles: [debug] }\n  test: { ${forever}, profiles: [test] }\n`,
    );
    await host.ok(['-f', file, 'up', '-d']);
    assert.deepEqual(await names(file), ['profiles-a-1']);
    await host.ok(['-f', file, '--profile', 'debug', 'up', '-d']);
    assert.deepEqual(await names(file), ['profiles-a-1', 'profiles-debug-1']);
    const { stderr } = await host.ok(['-f', file, 'up', '-d', 'test']);
    assert.doesNotMatch(stderr, /orphan/);
    assert.deepEqual(await names(file), ['profiles-a-1', 'profiles-debug-1', 'profiles-test-1']);
    await host.ok(['-f', file, 'restart', '-t', '1', 'debug']);
    await host.ok(['-f', file, 'up', '-d'], { env: { COMPOSE_PROFILES: 'debug,test' } });
    await host.ok(['-f', file, '--profile', '*', 'down']);
    assert.deepEqual(await names(file), []);
  });

  it('keeps anonymous volumes over a replacement and renews them with -V', async () => {
    const text = (version: number): string =>
      `  a: { ${forever}, volumes: [/data], environment: { VERSION: "${version}" } }\n`;
    const file = stack('anonymous', text(1));
    const inside = (command: string): ReturnType<TestHost['ok']> =>
      host.ok(['-f', file, 'exec', '-T', 'a', 'sh', '-c', command]);
    await host.ok(['-f', file, 'up', '-d']);
    await inside('echo kept > /data/file');
    stack('anonymous', text(2));
    await host.ok(['-f', file, 'up', '-d']);
    assert.equal((await inside('cat /data/file; echo $VERSION')).stdout, 'kept\n2\n');
    await host.ok(['-f', file, 'up', '-d', '-V', '--force-recreate']);
    assert.equal((await inside('ls /data')).stdout, '');
    await host.ok(['-f', file, 'down', '-v']);
  });

  it('replaces what shares the network of a container that is replaced', async () => {
    const text = (version: number): string =>
      `  a: { ${forever}, environment: { VERSION: "${version}" } }\n  b: { ${forever}, network_mode: "service:a" }\n`;
    const file = stack('shared', text(1));
    await host.ok(['-f', file, 'up', '-d']);
    const first = await host.pids(file);
    stack('shared', text(2));
    await host.ok(['-f', file, 'up', '-d']);
    const second = await host.pids(file);
    assert.notEqual(second['shared-a-1'], first['shared-a-1']);
    assert.notEqual(second['shared-b-1'], first['shared-b-1']);
  });

  it('takes --scale over the file, once', async () => {
    const file = stack('scaled', `  a: { ${forever} }\n`);
    await host.ok(['-f', file, 'up', '-d', '--scale', 'a=2']);
    assert.deepEqual(await names(file), ['scaled-a-1', 'scaled-a-2']);
    await host.ok(['-f', file, 'up', '-d']);
    assert.deepEqual(await names(file), ['scaled-a-1']);
    assert.equal((await host.run(['-f', file, 'up', '-d', '--scale', 'nobody=2'])).code, 1);
  });

  it('refuses flags that exclude each other', async () => {
    const file = stack('flags', `  a: { ${forever} }\n`);
    for (const flags of [
      ['-d', '--abort-on-container-exit'],
      ['-d', '--attach', 'a'],
      ['--wait', '--exit-code-from', 'a'],
      ['--force-recreate', '--no-recreate'],
      ['--abort-on-container-exit', '--abort-on-container-failure'],
    ]) {
      const { code, stderr } = await host.run(['-f', file, 'up', ...flags]);
      assert.equal(code, 1, flags.join(' '));
      assert.match(stderr, /cannot be combined/);
    }
    assert.deepEqual(await names(file), []);
  });
});
