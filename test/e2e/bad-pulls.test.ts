import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { archiveDirectory, finishLayer, writeLayout, type LayerArchive } from '../fixtures/images/assemble.ts';
import { busyboxImage } from '../fixtures/images.ts';
import { startRegistry, type Registry } from '../fixtures/registry.ts';
import { StuckRegistry, type Fault } from '../support/stuck-registry.ts';
import { TestHost, until, untilGone, type CommandResult } from '../support/test-host.ts';

const megabyte = 1024 * 1024;
/** What the layer cannot be compressed below. */
const noiseBytes = 24 * megabyte;
/** What a host without images has at most: the store, logs. */
const emptyBytes = 2 * megabyte;

describe('pulls on bad days', () => {
  const host = new TestHost();
  const layout = join(host.directory, 'layout');
  let registry: Registry;
  let image = '';
  let layers: readonly LayerArchive[] = [];

  const up = (reference: string): Promise<CommandResult> => host.run(['-f', stackOf(reference), 'up', '-d']);
  const down = (): Promise<CommandResult> => host.ok(['-p', 'pulls', 'down', '--rmi', 'all', '-t', '0']);

  function stackOf(reference: string): string {
    return host.write('stack.yml', `name: pulls\nservices:\n  web: { image: "${reference}", command: sleep 1000 }\n`);
  }
  function usedBytes(): number {
    const table = execFileSync('df', ['--output=used', '-B1', host.dataRoot], { encoding: 'utf8' });
    return Number(table.split('\n')[1]);
  }
  async function assertRuns(): Promise<void> {
    const { stdout } = await host.ok(['-p', 'pulls', 'exec', '-T', 'web', 'wc', '-c', '/noise']);
    assert.equal(stdout, `${noiseBytes} /noise\n`);
  }
  /** The layer with the noise where the registry keeps it. */
  function storedLayer(): string {
    const [, hex = ''] = layers[1]?.digest.split(':') ?? [];
    return join(registry.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
  }
  async function withStuck(fault: Fault, use: (stuck: StuckRegistry) => Promise<void>): Promise<void> {
    const stuck = await StuckRegistry.start(layout, fault);
    try {
      await use(stuck);
    } finally {
      await stuck.close();
    }
  }

  before(async () => {
    mkdirSync(host.dataRoot);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'small', host.dataRoot]);
    const tree = join(host.directory, 'tree');
    mkdirSync(tree);
    writeFileSync(join(tree, 'noise'), randomBytes(noiseBytes));
    layers = [
      await layerOf((await busyboxImage()).rootfs, join(host.directory, 'layer0.tar')),
      await layerOf(tree, join(host.directory, 'layer1.tar')),
    ];
    await writeLayout(layout, 'test', layers, {});
    registry = await startRegistry();
    image = await registry.push({ name: 'big', reference: 'big:1', layout });
    await host.ok(['info', '--start']);
  });
  afterEach(async () => {
    await down();
    const layerFolders = readdirSync(join(host.dataRoot, 'layers'));
    const unfinished = readdirSync(join(host.dataRoot, 'ingest'));
    // The first half of a download that broke off is good, and the next pull goes on from there.
    assert.deepEqual([...layerFolders, ...unfinished.filter((name) => !name.endsWith('.partial'))], []);
  });
  after(async () => {
    try {
      const pid = await host.daemonPid();
      process.kill(pid, 'SIGTERM');
      await untilGone(pid);
    } finally {
      execFileSync('umount', ['--lazy', host.dataRoot]);
      await host.stop();
      await registry.stop();
    }
  });

  it('a full disk is a clear error and leaves no half image; with more space the pull works', async () => {
    const { code, stderr } = await up(image);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`no space left on the disk of ${host.dataRoot}\\n.*--data-root`));
    assert.ok(usedBytes() < emptyBytes, `${usedBytes()} bytes are left of a pull that failed`);
    execFileSync('mount', ['-o', 'remount,size=200m', host.dataRoot]);
    await host.ok(['-f', stackOf(image), 'up', '-d']);
    await assertRuns();
  });

  it('a damaged layer is told from a good one, and is not kept', async () => {
    const good = readFileSync(storedLayer());
    const bad = Buffer.from(good);
    bad.fill(0, noiseBytes / 2, noiseBytes / 2 + 16);
    writeFileSync(storedLayer(), bad);
    const { code, stderr } = await up(image);
    assert.equal(code, 1);
    assert.match(stderr, /layer [0-9a-f]{12} of .*big:1/);
    assert.match(stderr, /damaged|digest|sha256/i);
    assert.ok(usedBytes() < emptyBytes, `${usedBytes()} bytes are left of a pull that failed`);
    writeFileSync(storedLayer(), good);
    await host.ok(['-f', stackOf(image), 'up', '-d']);
    await assertRuns();
  });

  it('Ctrl-C while an image is being pulled ends up with 130, and the pull with it', () =>
    withStuck('trickle', async ({ reference, atFault, abandoned }) => {
      const command = host.spawn(['-f', stackOf(reference), 'up']);
      command.stdout?.resume();
      command.stderr?.resume();
      const ended = once(command, 'close');
      await atFault;
      command.kill('SIGINT');
      assert.deepEqual(await ended, [130, null]);
      await abandoned;
      const rows = await until(
        () => host.ps(stackOf(reference)),
        (found) => found.every(({ State }) => State !== 'running'),
      );
      assert.ok(rows.length <= 1);
      await down();
      assert.deepEqual(await host.ps(stackOf(reference)), []);
    }));

  // The real registry may take longer than that, when the machine has much else to do.
  describe('with little patience', () => {
    before(async () => {
      await host.ok(['daemon', '--stop']);
      await host.ok(['info', '--start'], { env: { TSSTACK_REGISTRY_TIMEOUT: '1' } });
    });

    it('a registry that does not answer is an error within its deadline', () =>
      withStuck('answer', async ({ reference }) => {
        const { code, stderr } = await up(reference);
        assert.equal(code, 1);
        assert.match(stderr, /no answer within 1 s/);
      }));

    it('a registry that stops in the middle of a layer is an error within its deadline', () =>
      withStuck('layer', async ({ reference }) => {
        const { code, stderr } = await up(reference);
        assert.equal(code, 1);
        assert.match(stderr, /nothing received for 1 s/);
      }));
  });
});

async function layerOf(directory: string, tar: string): Promise<LayerArchive> {
  await archiveDirectory(directory, tar);
  return await finishLayer(tar);
}
