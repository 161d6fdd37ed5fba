import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TsstackError } from '../../../../src/model/errors.ts';
import type { AssignmentsMessage, SessionMessage, TaskStatusUpdate } from '../../../../src/rpc/messages.ts';
import type { DispatcherClient } from '../../../../src/rpc/service-types.ts';
import { readHostFacts } from '../../../../agents/host/facts/host-facts.ts';
import { abortable } from '../../../../agents/host/abortable.ts';
import { Backoff } from '../../../../agents/host/backoff.ts';
import { ClusterGuard, type Standing } from '../../../../agents/host/session/cluster-guard.ts';
import { LeadAway } from '../../../../agents/host/session/lead-away.ts';
import { NotLeaderError } from '../../../../src/manager/store/errors.ts';
import { keepConnected } from '../../../../agents/host/session/connection-loop.ts';
import { SelfDescription } from '../../../../agents/host/session/self-description.ts';
import { runSession, type SessionOptions } from '../../../../agents/host/session/manager-session.ts';
import { StatusReporter } from '../../../../agents/host/session/status-reporter.ts';
import { numbersFrom } from '../../../support/numbers-from.ts';
import { assignedStatus, noFacts } from './builders.ts';

const first: SessionMessage = {
  sessionId: 's',
  clusterId: 'cluster',
  storeEpoch: 1,
  stream: null,
  cluster: null,
  storeTerm: 't1',
  storeRevision: 0,
  isAccepted: false,
};

function assignment(sequence: number, full = false, storeRevision = 0): AssignmentsMessage {
  return { sequence, full, upserts: [], removals: [], storeRevision };
}

/** A manager that plays back what it was given, then stays silent. */
function client(parts: {
  readonly session?: readonly SessionMessage[];
  readonly assignments?: readonly (readonly AssignmentsMessage[])[];
}): DispatcherClient & { readonly calls: string[] } {
  const calls: string[] = [];
  const streams = [...(parts.assignments ?? [])];
  const silence = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
  return {
    calls,
    async *session(_request, options) {
      yield* parts.session ?? [first];
      if (parts.session?.length !== 0) await silence(options?.signal);
    },
    report: (options) => ({
      write: async ({ sessionId, batch }) => void calls.push(`report ${batch} of ${sessionId}`),
      end: () => undefined,
      cancel: () => undefined,
      async *[Symbol.asyncIterator]() {
        yield { periodMs: 60_000, batch: 0, problem: null };
        await silence(options?.signal);
      },
    }),
    async *assignments(_request, options) {
      calls.push('assignments');
      yield* streams.shift() ?? [];
      await silence(options?.signal);
    },
    reportEndpoints: async ({ applied = [] }) => {
      calls.push(`applied ${applied.map(({ networkId, version }) => `${networkId} ${version}`).join()}`);
      return {};
    },
    leadAway: async ({ taskId }) => {
      calls.push(`lead away ${taskId}`);
      return { lateNodes: ['w2'] };
    },
    relay: () => {
      throw new Error('not here');
    },
    findImage: () => Promise.reject(new Error('not here')),
    fetchImage: () => {
      throw new Error('not here');
    },
    watchLeader: () => {
      throw new Error('not here');
    },
    close: () => undefined,
  };
}

describe('session with a manager', () => {
  let directory: string;
  let guard: ClusterGuard;
  let standings: Standing[];
  let self: SelfDescription;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-session-'));
    guard = new ClusterGuard(join(directory, 'agent.json'));
    standings = [];
    self = new SelfDescription(readHostFacts('/', noFacts).description);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function run(
    manager: DispatcherClient,
    until: (seen: readonly (readonly [number, boolean])[]) => boolean,
    reporter = new StatusReporter(() => undefined),
  ): Promise<readonly (readonly [number, boolean])[]> {
    const over = new AbortController();
    const seen: (readonly [number, boolean])[] = [];
    const onAssignments: SessionOptions['onAssignments'] = ({ sequence }, mayRemove, endpoints) => {
      seen.push([sequence, mayRemove]);
      endpoints.note('net', sequence);
      if (until(seen)) over.abort();
    };
    const options = optionsOf(manager, reporter);
    await runSession({ ...options, onAssignments }, over.signal).catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
    });
    return seen;
  }

  function optionsOf(manager: DispatcherClient, reporter = new StatusReporter(() => undefined)): SessionOptions {
    return {
      client: manager,
      guard,
      self,
      reporter,
      leadAway: new LeadAway(),
      search: { expectAnswer: () => undefined, answered: () => undefined, noteNodes: () => undefined },
      onAssignments: () => undefined,
      onOpen: () => undefined,
      onStanding: (standing: Standing) => standings.push(standing),
      onStream: () => undefined,
      managers: {
        connect: () => Promise.resolve(manager),
        address: () => '',
        onCluster: () => undefined,
        goTo: () => false,
        newLeader: () => Promise.reject(new Error('there is only one')),
        onSession: () => undefined,
      },
    };
  }

  it('is looked for at once where another manager says that one leads', async () => {
    const options = optionsOf(client({}));
    const over = new AbortController();
    const steps: string[] = [];
    const managers: SessionOptions['managers'] = {
      ...options.managers,
      connect: () => {
        steps.push('connect');
        if (steps.length > 1) return options.managers.connect(over.signal);
        return Promise.reject(new NotLeaderError({ name: 'm2', address: '10.0.0.2:2377' }));
      },
      goTo: (address) => steps.push(`go to ${address}`) > 0,
      onSession: (problem) => {
        steps.push(problem ?? 'session');
        over.abort();
      },
    };
    const rest = { log: () => undefined, onConnected: () => undefined, onLost: () => undefined };
    await keepConnected({ ...options, ...rest, managers }, over.signal);
    assert.deepEqual(steps, ['connect', 'go to 10.0.0.2:2377', 'connect', 'session']);
  });

  it('goes to the manager that leads by now from one that cannot be reached or is silent', async () => {
    const options = optionsOf(client({}));
    const over = new AbortController();
    const steps: string[] = [];
    const lost = Promise.withResolvers<void>();
    const managers: SessionOptions['managers'] = {
      ...options.managers,
      connect: async (signal) => {
        steps.push('connect');
        if (steps.length === 1) throw new TsstackError('unavailable', 'nobody listens there');
        // As one whose host is gone.
        if (steps.length === 3) await abortable(lost.promise, signal);
        return options.managers.connect(signal);
      },
      newLeader: () => Promise.resolve(),
      onSession: (problem) => {
        steps.push(problem ?? 'session');
        if (problem === null) over.abort();
      },
    };
    const rest = { log: () => undefined, onConnected: () => undefined, onLost: () => undefined };
    await keepConnected({ ...options, ...rest, managers }, over.signal);
    assert.deepEqual(steps, [
      'connect',
      'nobody listens there',
      'connect',
      'another manager leads by now',
      'connect',
      'session',
    ]);
  });

  it('beats at once and takes assignments in order', async () => {
    const manager = client({ assignments: [[assignment(5, true), assignment(6), assignment(7)]] });
    assert.deepEqual(await run(manager, (seen) => seen.length === 3), [
      [5, false],
      [6, false],
      [7, false],
    ]);
    assert.ok(manager.calls.includes('report 0 of s'));
    assert.ok(manager.calls.includes('applied net 5'));
  });

  it('asks for everything again after a gap', async () => {
    const manager = client({
      assignments: [
        [assignment(1, true), assignment(3)],
        [assignment(9, true), assignment(10)],
      ],
    });
    const seen = await run(manager, (all) => all.length === 3);
    assert.deepEqual(
      seen.map(([sequence]) => sequence),
      [1, 9, 10],
    );
  });

  it('lets only the store that it knows remove things by silence', async () => {
    const play = (storeEpoch: number): DispatcherClient =>
      client({ session: [{ ...first, storeEpoch }], assignments: [[assignment(1, true)]] });
    const mayRemove = async (epoch: number): Promise<boolean | undefined> =>
      (await run(play(epoch), (seen) => seen.length === 1))[0]?.[1];
    assert.equal(await mayRemove(1), false, 'never seen before');
    assert.equal(await mayRemove(1), true, 'known');
    assert.equal(await mayRemove(2), false, 'restored');
    assert.equal(await mayRemove(2), true, 'known again');
  });

  it('removes nothing on the word of a store that was set back, however much that is written meanwhile, until an operator accepts it', async () => {
    /** One session, in which the store comes to that revision. */
    const meet = async (claim: Partial<SessionMessage>, revision: number): Promise<Standing | undefined> => {
      const manager = client({ session: [{ ...first, ...claim }], assignments: [[assignment(1, true, revision)]] });
      const [seen] = await run(manager, () => true);
      // A daemon that begins anew knows as much.
      guard = new ClusterGuard(join(directory, 'agent.json'));
      assert.equal(seen?.[1], standings.at(-1) === 'known' || standings.at(-1) === 'accepted');
      return standings.at(-1);
    };
    assert.equal(await meet({ storeTerm: 't1', storeRevision: 10 }, 20), 'new');
    assert.equal(await meet({ storeTerm: 't1', storeRevision: 25 }, 30), 'known');
    assert.equal(await meet({ storeTerm: 't2', storeRevision: 30 }, 31), 'known', 'the next manager has seen as much');
    assert.equal(await meet({ storeTerm: 't3', storeRevision: 12 }, 90), 'set-back');
    assert.equal(await meet({ storeTerm: 't3', storeRevision: 12 }, 95), 'set-back', 'it stays that');
    assert.equal(await meet({ storeTerm: 't3', storeRevision: 12, isAccepted: true }, 96), 'accepted');
    assert.equal(await meet({ storeTerm: 't3', storeRevision: 96 }, 97), 'known');
  });

  it('ends a session in which the store goes back', async () => {
    const manager = client({ assignments: [[assignment(1, true, 5), assignment(2, false, 4)]] });
    await assert.rejects(
      run(manager, () => false),
      /set back to an older state/,
    );
  });

  it('keeps its node and refuses another cluster, also after a restart', async () => {
    await run(client({ assignments: [[assignment(1, true)]] }), () => true);
    const again = new ClusterGuard(join(directory, 'agent.json'));
    assert.equal(again.identity.nodeId, guard.identity.nodeId);
    await assert.rejects(
      again.admit({ ...first, clusterId: 'another' }),
      /belongs to cluster cluster, .* of cluster another/,
    );
  });

  it('ends when the host can do less than it has said, and the next one says so', async () => {
    const manager = client({ assignments: [[assignment(1, true)]] });
    const change = (): boolean => {
      self.setEncryptionProblem('the kernel lacks IPsec (esp4)');
      return false;
    };
    await assert.rejects(run(manager, change), /what this host can do has changed/);
    assert.equal(self.current.kernelFeatures['ipsec-esp'], 'missing');
    assert.match(self.current.limitations.at(-1) ?? '', /no containers on encrypted networks .* lacks IPsec/);
    await run(client({ assignments: [[assignment(1, true)]] }), () => true);
    self.setEncryptionProblem(null);
    assert.deepEqual(self.current, readHostFacts('/', noFacts).description);
    const refuse = (): boolean => {
      self.noteRefusal('the kernel refuses new connections', '2026-01-01T00:00:00Z');
      return false;
    };
    await assert.rejects(run(client({ assignments: [[assignment(1, true)]] }), refuse), /has changed/);
    const known = self.current;
    assert.equal(known.limitations.at(-1), 'the kernel refuses new connections (first seen at 2026-01-01T00:00:00Z)');
    refuse();
    assert.equal(self.current, known);
  });

  it('ends when the manager does', async () => {
    const manager = client({ session: [] });
    await assert.rejects(
      run(manager, () => true),
      /ended the session/,
    );
  });
});

describe('status reporter', () => {
  const status = (state: 'preparing' | 'running'): typeof assignedStatus => ({ ...assignedStatus, state });
  const stateOf = ({ status: text }: TaskStatusUpdate): string => (JSON.parse(text) as { state: string }).state;

  it('sends the newest status of each task, in one batch', async () => {
    const reporter = new StatusReporter(() => undefined);
    const sent = Promise.withResolvers<readonly TaskStatusUpdate[]>();
    reporter.status('a', status('preparing'));
    reporter.attach(async (updates) => sent.resolve(updates));
    reporter.status('b', status('preparing'));
    reporter.status('a', status('running'));
    assert.deepEqual(
      (await sent.promise).map((update) => [update.taskId, stateOf(update)]),
      [
        ['a', 'running'],
        ['b', 'preparing'],
      ],
    );
  });

  it('keeps what could not be sent for the next session', async () => {
    const reporter = new StatusReporter(() => undefined);
    const failed = Promise.withResolvers<void>();
    reporter.removed('a');
    reporter.attach(async () => {
      failed.resolve();
      throw new TsstackError('unavailable', 'gone');
    });
    await failed.promise;
    reporter.detach();
    const sent = Promise.withResolvers<readonly TaskStatusUpdate[]>();
    reporter.attach(async (updates) => sent.resolve(updates));
    assert.deepEqual(await sent.promise, [{ taskId: 'a', status: '', removed: true }]);
  });

  it('says when everything that was there to tell has been told, without waiting for a manager that is away', async () => {
    const reporter = new StatusReporter(() => undefined);
    reporter.status('a', status('running'));
    await reporter.flushed();
    const told: string[] = [];
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const answers = [first.promise, second.promise];
    const begun = Promise.withResolvers<void>();
    reporter.attach(async (updates) => {
      begun.resolve();
      await answers.shift();
      told.push(...updates.map(({ taskId }) => taskId));
    });
    await begun.promise;
    const flushedFirst = reporter.flushed().then(() => [...told]);
    reporter.status('b', status('running'));
    const flushedBoth = reporter.flushed().then(() => [...told]);
    first.resolve();
    assert.deepEqual(await flushedFirst, ['a']);
    second.resolve();
    assert.deepEqual(await flushedBoth, ['a', 'b']);
  });

  it('lets go of who waits when the session ends', async () => {
    const reporter = new StatusReporter(() => undefined);
    const begun = Promise.withResolvers<void>();
    reporter.status('a', status('running'));
    reporter.attach(() => {
      begun.resolve();
      return new Promise(() => undefined);
    });
    await begun.promise;
    const flushed = reporter.flushed();
    reporter.detach();
    await flushed;
  });

  it('does not send again what the manager refuses', async () => {
    const logged: string[] = [];
    const reporter = new StatusReporter((message) => logged.push(message));
    const batches: string[] = [];
    const second = Promise.withResolvers<void>();
    reporter.status('a', status('running'));
    reporter.attach(async (updates) => {
      batches.push(updates.map(({ taskId }) => taskId).join());
      if (batches.length === 2) return second.resolve();
      reporter.status('b', status('running'));
      throw new TsstackError('invalid', 'no such status');
    });
    await second.promise;
    assert.deepEqual(batches, ['a', 'b']);
    assert.match(logged.join(), /no such status/);
  });
});

describe('backoff', () => {
  it('grows to its cap and begins again after success', () => {
    const backoff = new Backoff(() => 1);
    const pauses = Array.from({ length: 8 }, () => backoff.next());
    assert.deepEqual(pauses, [100, 300, 700, 1500, 3100, 6300, 8000, 8000]);
    backoff.reset();
    assert.equal(backoff.next(), 100);
    assert.equal(new Backoff(() => 0).next(), 0);
    assert.equal(new Backoff(() => 0.123).next(), 12);
  });

  it('spreads fifty agents whose manager comes back over a second or more, and none comes later than 13 s', () => {
    const random = numbersFrom(7);
    for (const awayMs of [3000, 10_000, 60_000]) {
      const delays = Array.from({ length: 50 }, () => returnAfter(awayMs, new Backoff(random)));
      assert.ok(Math.max(...delays) - Math.min(...delays) >= 1000, `away for ${awayMs} ms: ${delays.join()}`);
      assert.ok(Math.max(...delays) <= 13_000, `away for ${awayMs} ms: ${delays.join()}`);
    }
  });
});

/** How long after the manager's return an agent tries that has tried in vain until then. */
function returnAfter(awayMs: number, backoff: Backoff): number {
  for (let atMs = backoff.next(); ; atMs += backoff.next()) if (atMs >= awayMs) return atMs - awayMs;
}
