import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkNames } from '../../../../agents/host/names/network-names.ts';
import type { EndpointService } from '../../../../src/model/endpoints.ts';
import type { PayloadObject, TaskObject, VolumeObject } from '../../../../src/model/objects.ts';
import { parseRoutes } from '../../../../agents/host/facts/routes.ts';
import { parseHardLimits, readCapabilities } from '../../../../agents/host/facts/host-facts.ts';
import { NameRegistry } from '../../../../agents/host/names/name-registry.ts';
import { computeNetworkNames, namedTask } from '../../../../agents/host/names/network-names.ts';
import { PayloadFiles } from '../../../../agents/host/payloads/payload-files.ts';
import { ensureBindSource } from '../../../../agents/host/volumes/bind-source.ts';
import { anonymousVolume, namedVolume } from '../../../../agents/host/volumes/volume-names.ts';
import { VolumeStore } from '../../../../agents/host/volumes/volume-store.ts';
import { containerSpec, networkObject, taskObject } from './builders.ts';

const network = networkObject();
const attachment = (
  address: string,
  aliases: readonly string[] = [],
): ReturnType<typeof taskObject>['attachments'][0] => ({
  networkId: network.id,
  network: 'default',
  addresses: [`${address}/24`],
  gateways: ['172.30.0.1'],
  mac: '02:42:ac:1e:00:05',
  aliases,
});

describe('names of a network', () => {
  const task = (slot: number, change: object = {}): ReturnType<typeof taskObject> =>
    taskObject({
      containerName: `shop-web-${slot}`,
      attachments: [attachment(`172.30.0.${slot}`, ['front'])],
      ...change,
    });

  const namesOf = (
    tasks: readonly TaskObject[],
    services: readonly EndpointService[] = [],
    serving: readonly TaskObject[] = tasks,
  ): NetworkNames =>
    computeNetworkNames(
      network,
      tasks.flatMap((one) => namedTask(one, network.id, serving.includes(one))),
      services,
    );

  it('are service, aliases and container, with and without the network', () => {
    const { names, reverse } = namesOf([task(1), task(2)]);
    assert.deepEqual(names['web'], ['172.30.0.1', '172.30.0.2']);
    assert.deepEqual(names['front.shop_default'], ['172.30.0.1', '172.30.0.2']);
    assert.deepEqual(names['shop-web-2'], ['172.30.0.2']);
    assert.deepEqual(reverse, { '172.30.0.1': 'shop-web-1', '172.30.0.2': 'shop-web-2' });
  });

  it('leave the service out for one-offs unless asked', () => {
    const oneOff = (useAliases: boolean): object => ({ oneOff: { autoRemove: true, useAliases } });
    assert.equal(namesOf([task(1, oneOff(false))]).names['web'], undefined);
    assert.deepEqual(namesOf([task(1, oneOff(true))]).names['web'], ['172.30.0.1']);
  });

  it('leave tasks of other networks out', () => {
    assert.deepEqual(namedTask(task(1), 'other', true), []);
  });

  it('of a service mean its own address where it has one, also without containers; `tasks.` means these', () => {
    const service = { serviceId: task(1).serviceId, service: 'web', virtualAddresses: ['172.30.0.9'] };
    const { names, reverse } = namesOf([task(1), task(2)], [service]);
    assert.deepEqual(names['web'], ['172.30.0.9']);
    assert.deepEqual(names['front'], ['172.30.0.9']);
    assert.deepEqual(names['tasks.web.shop_default'], ['172.30.0.1', '172.30.0.2']);
    assert.deepEqual(names['shop-web-1'], ['172.30.0.1']);
    assert.equal(reverse['172.30.0.9'], 'web');
    assert.deepEqual(namesOf([], [service]).names['web'], ['172.30.0.9']);
  });

  it('of a service mean the containers that serve, and all that run while none does', () => {
    const tasks = [task(1), task(2)];
    assert.deepEqual(namesOf(tasks, [], tasks.slice(1)).names['web'], ['172.30.0.2']);
    assert.deepEqual(namesOf(tasks, [], tasks.slice(1)).names['tasks.web'], ['172.30.0.1', '172.30.0.2']);
    assert.deepEqual(namesOf(tasks, [], []).names['web'], ['172.30.0.1', '172.30.0.2']);
  });

  it('are written together, and have taken effect when the promise resolves', async () => {
    const written: number[] = [];
    const registry = new NameRegistry(async (_network, { reverse }) => {
      await new Promise((resolve) => setImmediate(resolve));
      written.push(Object.keys(reverse).length);
    }, 'n1');
    const add = (slot: number): Promise<void> => registry.add(task(slot, { id: String(slot) }), [network], true);
    await Promise.all([add(1), add(2), add(3)]);
    assert.deepEqual(written, [3], 'one write for all');
    await registry.remove('2');
    await registry.remove('unknown');
    assert.deepEqual(written, [3, 2]);
  });
});

describe('volumes', () => {
  let directory: string;
  let store: VolumeStore;
  let deleted: Set<string>;
  /** Trees that are being removed: two programs at once would be in each other's way. */
  let busy: Set<string>;

  const removeTree = async (tree: string): Promise<void> => {
    assert.ok(!busy.has(tree), `${tree} is already being removed`);
    busy.add(tree);
    await rm(tree, { recursive: true, force: true });
    busy.delete(tree);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-volumes-'));
    deleted = new Set();
    busy = new Set();
    store = new VolumeStore(
      directory,
      async (trees) => void (await Promise.all(trees.map(removeTree))),
      async (from, to) => chmodSync(to, statSync(from).mode),
      (id) => deleted.has(id),
    );
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const copy = async (to: string): Promise<boolean> => {
    mkdirSync(to);
    writeFileSync(join(to, 'file'), 'of the image');
    return true;
  };

  it('are filled from the image once, while they are empty', async () => {
    const data = await store.ensure('v', 'id', copy);
    assert.equal(readFileSync(join(data, 'file'), 'utf8'), 'of the image');
    writeFileSync(join(data, 'file'), 'changed');
    await store.ensure('v', 'id', copy);
    assert.equal(readFileSync(join(data, 'file'), 'utf8'), 'changed');
    assert.deepEqual([...(await store.listManaged())], [['id', 'v']]);
  });

  it('are filled once by containers that come together', async () => {
    let copies = 0;
    const counting = (to: string): Promise<boolean> => {
      copies += 1;
      return copy(to);
    };
    await Promise.all([store.ensure('v', null, counting), store.ensure('v', null, counting)]);
    assert.equal(copies, 1);
  });

  it('stay empty when the copy is interrupted, and are filled the next time', async () => {
    const broken = async (to: string): Promise<boolean> => {
      await copy(to);
      throw new Error('killed');
    };
    await assert.rejects(store.ensure('v', null, broken), /killed/);
    const data = await store.ensure('v', null, copy);
    assert.ok(existsSync(join(data, 'file')));
  });

  it('are filled where they are: a container that has one mounted sees what comes, and keeps what it has made', async () => {
    const data = await store.ensure('v', null, null);
    const { ino } = statSync(data);
    await store.ensure('v', null, async (to) => {
      mkdirSync(to, { mode: 0o700 });
      for (const name of ['file', 'other', Buffer.from('\xff', 'latin1')])
        writeFileSync(Buffer.concat([Buffer.from(`${to}/`), Buffer.from(name)]), 'of the image');
      writeFileSync(join(data, 'other'), 'of the container');
      return true;
    });
    assert.equal(statSync(data).ino, ino);
    assert.equal(statSync(data).mode & 0o777, 0o700);
    assert.equal(readdirSync(data, { encoding: 'buffer' }).length, 3);
    assert.equal(readFileSync(join(data, 'other'), 'utf8'), 'of the container');
    assert.deepEqual(readdirSync(join(directory, 'v')), ['_data']);
  });

  it('get the rest of their content after a crash', async () => {
    const data = await store.ensure('v', null, null);
    mkdirSync(join(directory, 'v/_content'));
    writeFileSync(join(directory, 'v/_content/rest'), 'of the image');
    writeFileSync(join(data, 'first'), 'of the image');
    await store.ensure('v', null, copy);
    assert.deepEqual(readdirSync(data), ['first', 'rest']);
    assert.deepEqual(readdirSync(join(directory, 'v')), ['_data']);
  });

  it('go with their data, and only they', async () => {
    await store.ensure('v', 'id', copy);
    await store.ensure('w', null, null);
    await store.remove('v');
    await store.remove('v');
    assert.equal(existsSync(join(directory, 'v')), false);
    assert.ok(existsSync(join(directory, 'w/_data')));
  });

  it('stay when another object has got their name before the removal of the former one', async () => {
    await store.ensure('v', 'old', copy);
    await store.ensure('v', 'new', null);
    await store.removeManaged('v', 'old');
    assert.deepEqual([...(await store.listManaged())], [['new', 'v']]);
    assert.ok(existsSync(join(directory, 'v/_data/file')), 'nobody has deleted the data');
    await store.removeManaged('v', 'new');
    assert.equal(existsSync(join(directory, 'v')), false);
  });

  it('are new when the former object of that name was deleted, though its removal is still to come', async () => {
    const data = await store.ensure('v', 'old', copy);
    writeFileSync(join(data, 'secret'), 'of before');
    deleted.add('old');
    await Promise.all([store.ensure('v', 'new', copy), store.removeManaged('v', 'old')]);
    assert.deepEqual(readdirSync(data), ['file']);
  });

  it('that a crash left half removed go, and count as none', async () => {
    await store.ensure('v', 'old', copy);
    renameSync(join(directory, 'v'), join(directory, '.removed-v'));
    assert.equal((await store.listManaged()).size, 0);
    await store.ensure('v', 'new', copy);
    await Promise.all([store.sweep(), store.removeManaged('v', 'new'), store.sweep()]);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('whose id a crash has cut off belong to nobody who could have deleted them', async () => {
    await store.ensure('v', 'id', copy);
    writeFileSync(join(directory, 'v/volume.id'), '');
    assert.equal((await store.listManaged()).size, 0);
    await store.ensure('v', 'id', copy);
    assert.deepEqual([...(await store.listManaged())], [['id', 'v']]);
  });

  it('are found by key in the own stack or by the name that this one refers to, anonymous ones by slot', () => {
    const task = taskObject();
    const volume = (change: Partial<VolumeObject>): VolumeObject => ({
      ...({} as VolumeObject),
      anonymousOf: null,
      spec: { name: '', external: false, labels: {}, filesystem: null },
      ...change,
    });
    const external = { name: '', external: true, labels: {}, filesystem: null };
    const all = [
      volume({ key: 'data', stack: 'other', name: 'other_data' }),
      volume({ key: 'logs', stack: 'shop', name: 'logs', spec: external }),
      volume({ id: 'content', key: '', stack: null, name: 'logs' }),
      volume({ key: 'data', stack: 'shop', name: 'shop_data' }),
      volume({ key: '', stack: 'shop', name: 'anonymous', anonymousOf: 'web/1/cache' }),
    ];
    assert.equal(namedVolume('data', task, all).name, 'shop_data');
    assert.throws(() => namedVolume('data', task, all.slice(0, 1)), /data/, "another stack's is none of its own");
    assert.equal(namedVolume('logs', task, all).object?.id, 'content');
    assert.throws(() => namedVolume('missing', task, all), /missing/);
    assert.equal(anonymousVolume('/cache', task, all).name, 'anonymous');
    assert.match(anonymousVolume('/other', task, all).name, /^[0-9a-f]{64}$/);
    assert.notEqual(
      anonymousVolume('/other', task, all).name,
      anonymousVolume('/other', { ...task, slot: 2 }, all).name,
    );
  });

  it('bind only sources that exist, unless they are to be made', async () => {
    const mount = { type: 'bind', target: '/t', readOnly: false, propagation: null } as const;
    const source = join(directory, 'a/b');
    await assert.rejects(
      ensureBindSource({ ...mount, source, createHostPath: false, recursive: 'enabled' as const }),
      /does not exist on this host/,
    );
    await ensureBindSource({ ...mount, source, createHostPath: true, recursive: 'enabled' as const });
    assert.ok(statSync(source).isDirectory());
  });
});

describe('secrets and configs', () => {
  // /dev/shm is in memory on every Linux machine; /var/tmp is on a disk.
  const payload = { spec: { content: Buffer.from('geheim').toString('base64') } } as PayloadObject;
  const spec = containerSpec({
    secrets: [{ source: 'pw', target: '/run/secrets/pw', uid: 7, gid: 8, mode: 0o440 }],
  });

  it('become files with the owner and mode asked for', async () => {
    const root = mkdtempSync('/dev/shm/tsstack-payloads-');
    try {
      const files = new PayloadFiles(root);
      const [mount] = await files.ensure(join(root, 'c'), spec, null, () => payload);
      assert.ok(mount?.type === 'bind' && mount.readOnly);
      assert.equal(mount.target, '/run/secrets/pw');
      const { uid, gid, mode } = statSync(mount.source);
      assert.deepEqual([uid, gid, mode & 0o7777], [7, 8, 0o440]);
      assert.equal(readFileSync(mount.source, 'utf8'), 'geheim');
      const [mapped] = await files.ensure(join(root, 'c'), spec, { first: 5000, count: 10 }, () => payload);
      const owner = statSync(mapped?.type === 'bind' ? mapped.source : '');
      assert.deepEqual([owner.uid, owner.gid], [5007, 5008]);
      await files.remove(join(root, 'c'));
      assert.deepEqual(await files.list(), []);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('are never written to a disk, and not made up', async () => {
    const root = mkdtempSync('/var/tmp/tsstack-payloads-');
    try {
      await assert.rejects(
        new PayloadFiles(root).ensure(join(root, 'c'), spec, null, () => payload),
        /on a disk, not in memory/,
      );
    } finally {
      rmSync(root, { recursive: true });
    }
    const memory = mkdtempSync('/dev/shm/tsstack-payloads-');
    try {
      await assert.rejects(
        new PayloadFiles(memory).ensure(join(memory, 'c'), spec, null, () => undefined),
        /pw did not come/,
      );
    } finally {
      rmSync(memory, { recursive: true });
    }
  });
});

describe('facts of the host', () => {
  it('reads routes, also those of bridges that may be another daemon’s', () => {
    const text = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      'ts-0123\t00001EAC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    ].join('\n');
    assert.deepEqual(parseRoutes(text), ['192.0.2.0/24', '172.30.0.0/24']);
  });

  it('reads capabilities and limits', () => {
    assert.deepEqual(readCapabilities('CapEff:\t0000000000000003\n'), ['CAP_CHOWN', 'CAP_DAC_OVERRIDE']);
    const limits = parseHardLimits(
      'Max open files            1024                 20000                files\nMax core file size        0                    unlimited            bytes\n',
    );
    assert.deepEqual(limits, { nofile: 20_000, core: -1 });
  });
});
