import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { before, describe, it } from 'mocha';
import { runInTerminal } from '../support/terminal.ts';
import { busyboxHost } from '../support/busybox-host.ts';
import { until } from '../support/test-host.ts';

describe('a volume whose definition has changed in the file', () => {
  const host = busyboxHost();
  const using =
    'image: "busybox:test", init: true, command: sleep 100000, stop_grace_period: 1s, volumes: ["data:/data"]';
  let file = '';

  /** Writes the file with that label on the volume. */
  function label(version: number): void {
    const services = `  a: { ${using} }\n  b: { ${using} }\n  c: { image: "busybox:test", init: true, command: sleep 100000 }\n`;
    const volumes = `volumes: { data: { labels: { version: "${version}" } } }\n`;
    file = host.write('stack.yml', `name: vols\nservices:\n${services}${volumes}`);
  }
  const write = async (text: string): Promise<void> =>
    void (await host.ok(['-f', file, 'exec', '-T', 'a', 'sh', '-c', `echo ${text} > /data/file`]));
  const content = async (service = 'b'): Promise<string> =>
    (await host.ok(['-f', file, 'exec', '-T', service, 'sh', '-c', 'cat /data/file || echo none'])).stdout.trim();

  before(async () => {
    label(1);
    await host.ok(['-f', file, 'up', '-d']);
    await write('first');
  });

  it('is kept without a terminal and without -y, and every up says so', async () => {
    label(2);
    const pids = await host.pids(file);
    for (const command of ['up', 'up', 'create']) {
      const { stderr } = await host.ok(['-f', file, command, ...(command === 'up' ? ['-d'] : [])]);
      assert.match(stderr, /warning: volume vols_data is kept.*labels\.version: "1" -> "2".*`up -y`/);
    }
    assert.match((await host.ok(['-f', file, 'plan'])).stdout, /No changes\.\nwarning: volume vols_data is kept/);
    assert.deepEqual(await host.pids(file), pids);
    assert.equal(await content(), 'first');
  });

  it('is asked about on a terminal: no keeps it, yes makes it anew', async () => {
    const pids = await host.pids(file);
    const ask = { after: /\[yN\] /, text: 'n\n' };
    const no = await runInTerminal(host, `tsstack -f ${file} up -d`, { typed: ask });
    assert.match(no.output, /Volume vols_data is not as the file says.*Its content will be lost \[yN\]/);
    assert.equal(no.code, 0);
    assert.deepEqual([await content(), await host.pids(file)], ['first', pids]);
    const yes = await runInTerminal(host, `tsstack -f ${file} up -d`, { typed: { ...ask, text: 'y\n' } });
    assert.equal(yes.code, 0, yes.output);
    assert.equal(await content(), 'none');
    const after = await host.pids(file);
    assert.equal(after['vols-c-1'], pids['vols-c-1'], 'who does not use it is left alone');
    assert.notEqual(after['vols-a-1'], pids['vols-a-1']);
  });

  it('is made anew with -y once, and then is as the file says', async () => {
    await write('second');
    label(3);
    const dry = await host.ok(['-f', file, '--dry-run', 'up', '-d', '-y']);
    assert.match(dry.stderr, /Volume vols_data Recreated/);
    assert.equal(await content(), 'second');
    const { stderr } = await host.ok(['-f', file, 'up', '-d', '-y']);
    assert.match(stderr, /Volume vols_data Recreated/);
    assert.equal(await content(), 'none');
    await write('third');
    const pids = await host.pids(file);
    assert.doesNotMatch((await host.ok(['-f', file, 'up', '-d', '-y'])).stderr, /Recreate/);
    assert.deepEqual([await content(), await host.pids(file)], ['third', pids]);
    assert.equal((await host.ok(['-f', file, 'volumes', '-q'])).stdout, 'vols_data\n');
  });

  it('is not made anew while a container that stays uses it', async () => {
    label(4);
    const { code, stderr } = await host.run(['-f', file, 'up', '-d', '-y', 'a']);
    assert.equal(code, 1);
    assert.match(stderr, /volume vols_data cannot be made anew: container vols-b-1 uses it/);
    assert.equal(await content(), 'third');
  });

  it('goes on being made anew after the daemon was killed in the middle', async () => {
    const up = host.spawn(['-f', file, 'up', '-d', '-y']);
    await new Promise<void>((resolve) => {
      up.stderr?.on('data', (chunk: Buffer) => chunk.includes('vols_data Recreated') && resolve());
    });
    await host.killDaemon();
    up.kill();
    await host.ok(['-f', file, 'up', '-d']);
    assert.equal(await content(), 'none');
    // What had been given up is swept away when the next daemon has looked at everything.
    await until(
      async () => readdirSync(join(host.dataRoot, 'volumes')),
      (volumes) => isDeepStrictEqual(volumes, ['vols_data']),
    );
  });
});
