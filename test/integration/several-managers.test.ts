import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SimulatedAgent } from '../../agents/simulated/simulated-agent.ts';
import type { TaskObject } from '../../src/model/objects.ts';
import { connectControl, connectDispatcher } from '../../src/rpc/client.ts';
import type { ControlClient } from '../../src/rpc/service-types.ts';
import { serviceSpec, stackSpec } from '../fixtures/specs.ts';
import { calmMs } from '../support/calm-time.ts';
import { EtcdProcess } from '../support/etcd-process.ts';
import { TalkingProcess } from '../support/talking-process.ts';

const program = fileURLToPath(new URL('../fixtures/manager-process.ts', import.meta.url));

/** A manager that is one of several. */
interface Member {
  readonly address: string;
  readonly process: TalkingProcess;
  readonly control: ControlClient;
}

describe('several managers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-managers-'));
  const members: Member[] = [];
  let etcd: readonly EtcdProcess[] = [];
  let agent: SimulatedAgent | undefined;

  after(() => rmSync(directory, { recursive: true }));
  afterEach(async () => {
    agent?.stop();
    for (const { control, process } of members.splice(0)) {
      control.close();
      await process.end('SIGKILL');
    }
    for (const member of etcd) await member.remove();
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
  });

  /** The first one leads. All have the key that seals contents. */
  async function start(count: number, etcdSize = 1): Promise<readonly Member[]> {
    etcd = await EtcdProcess.startCluster(etcdSize);
    writeFileSync(join(directory, 'seal.key'), Buffer.alloc(32, 7));
    for (let index = 0; index < count; index++) await startMember(index);
    return members;
  }

  async function startMember(index: number): Promise<void> {
    const dataRoot = join(directory, String(index));
    mkdirSync(join(dataRoot, 'manager'), { recursive: true });
    cpSync(join(directory, 'seal.key'), join(dataRoot, 'manager/seal.key'));
    const address = `unix://${join(dataRoot, 'sock')}`;
    const url = `etcd://${etcd.map(({ endpoint }) => endpoint).join(',')}/t`;
    const process = new TalkingProcess(`manager ${index}`, program, [dataRoot, address, url]);
    await process.says(/^ready$/);
    if (index === 0) await process.says(/^leads$/);
    members[index] = { address, process, control: await connectControl(address) };
  }

  async function startAgent({ address }: Member): Promise<void> {
    agent?.stop();
    agent = await SimulatedAgent.start({ address, nodeId: 'n1' }, agent);
  }

  const spec = (replicas: number): string => JSON.stringify(stackSpec([serviceSpec('web', { replicas })]));

  /** The tasks that the manager shows when the condition holds. */
  async function until(
    { control }: Member,
    condition: (tasks: readonly TaskObject[]) => boolean,
  ): Promise<readonly TaskObject[]> {
    const tasks = new Map<string, TaskObject>();
    for await (const { objects, synced } of control.watch({ stack: 'p', kinds: ['task'] }, { deadlineMs: 60_000 })) {
      for (const { id, document } of objects) {
        if (document === '') tasks.delete(id);
        else tasks.set(id, JSON.parse(document) as TaskObject);
      }
      if (synced && condition([...tasks.values()])) return [...tasks.values()];
    }
    throw new Error('the watch ended');
  }

  const areRunning =
    (count: number) =>
    (tasks: readonly TaskObject[]): boolean =>
      tasks.length === count && tasks.every(({ status }) => status.state === 'running');

  /** Whoever of them leads now. */
  async function nextLeader(candidates: readonly Member[]): Promise<Member> {
    return Promise.race(candidates.map(async (member) => (await member.process.says(/^leads$/), member)));
  }

  it('serve what is asked of any of them, and agents at the leader only', async () => {
    const [leader = assert.fail(), follower = assert.fail()] = await start(2);
    await assert.rejects(startAgent(follower), {
      code: 'unavailable',
      message: `write the store: the manager ${leader.address} leads by now`,
    });
    await startAgent(leader);
    await follower.control.applyStack({ spec: spec(3) });
    await until(follower, areRunning(3));
    // What a follower shows has the change in it that it has just passed on.
    const { taskIds } = await follower.control.actOnTasks({ stack: 'p', action: 'stop' });
    const { objects } = await follower.control.listObjects({ stack: 'p', kinds: ['task'] });
    const desired = objects.map(({ document }) => (JSON.parse(document) as TaskObject).desired);
    assert.deepEqual([taskIds.length, desired], [3, ['stopped', 'stopped', 'stopped']]);
  });

  it('go on within 5 s when the leader is killed, and restart no container', async () => {
    const [leader = assert.fail(), ...followers] = await start(3);
    await startAgent(leader);
    await leader.control.applyStack({ spec: spec(2) });
    const before = await until(leader, areRunning(2));
    const [first = assert.fail()] = followers;
    const dispatcher = await connectDispatcher(first.address);
    const leaders = dispatcher.watchLeader({}, { deadlineMs: 60_000 })[Symbol.asyncIterator]();
    assert.equal((await leaders.next()).value?.address, leader.address);
    const began = calmMs();
    await leader.process.end('SIGKILL');
    await first.control.applyStack({ spec: spec(3) });
    const tookMs = calmMs() - began;
    assert.ok(tookMs < 5000, `the next write was accepted after ${tookMs} ms`);
    const next = await nextLeader(followers);
    let told = (await leaders.next()).value?.address;
    // That nobody leads for a moment is told to whoever looks in that moment.
    if (told === '') told = (await leaders.next()).value?.address;
    assert.equal(told, next.address);
    dispatcher.close();
    await startAgent(next);
    const after = await until(first, areRunning(3));
    for (const task of before) {
      const now = after.find(({ id }) => id === task.id);
      assert.deepEqual([now?.desiredRun, now?.status.run], [task.desiredRun, task.status.run]);
    }
  });

  it('pass the lead on at once when the leader stops in order', async () => {
    const [leader = assert.fail(), follower = assert.fail()] = await start(2);
    const began = calmMs();
    await leader.process.end('SIGTERM');
    await follower.control.applyStack({ spec: spec(1) });
    assert.ok(calmMs() - began < 3000, `${calmMs() - began} ms`);
  });

  it('have one leader after the old one was frozen for longer than its lease, which then follows', async () => {
    const [leader = assert.fail(), follower = assert.fail()] = await start(2);
    await startAgent(leader);
    leader.process.freeze();
    await follower.process.says(/^leads$/);
    await startAgent(follower);
    await follower.control.applyStack({ spec: spec(2) });
    await until(follower, areRunning(2));
    leader.process.thaw();
    await leader.process.says(/^follows$/);
    await leader.control.applyStack({ spec: spec(3) });
    await until(leader, areRunning(3));
    await until(follower, areRunning(3));
  });

  it('without a majority of the store: reads say so, writes fail at once and name who is missing, and all heals', async () => {
    const [leader = assert.fail(), follower = assert.fail()] = await start(2, 3);
    await startAgent(leader);
    await leader.control.applyStack({ spec: spec(2) });
    await until(follower, areRunning(2));
    const missing = etcd.slice(1);
    await Promise.all(missing.map((member) => member.kill()));
    await leader.process.says(/^follows$/);
    for (const { control } of [leader, follower]) {
      // Not by a deadline: then nobody could be named.
      await assert.rejects(control.applyStack({ spec: spec(3) }), (error: Error) => {
        for (const { endpoint } of missing) assert.match(error.message, new RegExp(`${endpoint}: nobody answers`));
        return true;
      });
      const { objects, stale } = await control.listObjects({ stack: 'p', kinds: ['task'] });
      assert.equal(objects.length, 2);
      assert.match(stale, /^as of \d{4}-.*etcd does not answer as a whole/);
    }
    assert.equal(agent?.tasks.size, 2);
    await Promise.all(missing.map((member) => member.start()));
    await startAgent(await nextLeader(members));
    await follower.control.applyStack({ spec: spec(3) });
    await until(leader, areRunning(3));
  });
});
