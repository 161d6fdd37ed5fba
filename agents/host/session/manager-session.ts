import type { AppliedEndpoints, AssignmentsMessage, SessionMessage, StreamRequest } from '../../../src/rpc/messages.ts';
import type { DispatcherClient } from '../../../src/rpc/service-types.ts';
import { TsstackError } from '../../../src/model/errors.ts';
import type { ClusterGuard, Standing } from './cluster-guard.ts';
import { EndpointReporter } from './endpoint-reporter.ts';
import type { LeadAway } from './lead-away.ts';
import type { LeaderSearch } from './leader-search.ts';
import type { ManagerAccess } from './manager-access.ts';
import { ReportStream } from './report-stream.ts';
import type { SelfDescription } from './self-description.ts';
import type { StatusReporter } from './status-reporter.ts';

/** Deadline of a report on endpoints, in ms (semantics.md, section 2). */
const callMs = 5000;

export interface SessionOptions {
  readonly client: DispatcherClient;
  readonly managers: ManagerAccess;
  readonly search: Pick<LeaderSearch, 'expectAnswer' | 'answered' | 'noteNodes'>;
  readonly guard: ClusterGuard;
  readonly self: SelfDescription;
  readonly reporter: StatusReporter;
  readonly leadAway: LeadAway;
  /** A new session stands; everything has to be reported again. */
  readonly onOpen: (sessionId: string) => void;
  /** Told of each new session's manager, before its first assignments. */
  readonly onStanding: (standing: Standing) => void;
  /** `endpoints` is to be told what of the message is in effect. */
  readonly onAssignments: (message: AssignmentsMessage, mayRemove: boolean, endpoints: EndpointReporter) => void;
  readonly onStream: (request: StreamRequest) => void;
}

/** Holds one session with a manager until it ends, and rejects with the reason. */
export async function runSession(options: SessionOptions, signal: AbortSignal): Promise<void> {
  const { client, guard, managers, reporter, leadAway } = options;
  const over = new AbortController();
  const scope = AbortSignal.any([signal, over.signal]);
  const { nodeId, clusterId, storeTerm: knownTerm, storeRevision: knownRevision } = guard.identity;
  const address = managers.address();
  const known = { nodeId, clusterId, knownTerm, knownRevision };
  const description = options.self.current;
  const { tunnelKey, tunnelPort } = options.self;
  const request = { ...known, address, description: JSON.stringify(description), tunnelKey, tunnelPort };
  const messages = client.session(request, { signal: scope })[Symbol.asyncIterator]();
  try {
    const first = await messages.next();
    if (first.done === true)
      throw new TsstackError('unavailable', 'the manager ended the session', { retryable: true });
    const { sessionId } = first.value;
    options.search.answered();
    const standing = await guard.admit(first.value);
    options.onStanding(standing);
    const mayRemove = standing === 'known' || standing === 'accepted';
    const reports = new ReportStream(client, sessionId, scope, options.search);
    reporter.attach((updates) => reports.send(updates));
    leadAway.attach(
      async (taskId, limit) => (await client.leadAway({ sessionId, taskId }, { signal: limit })).lateNodes,
    );
    options.onOpen(sessionId);
    const endpoints = new EndpointReporter();
    const report = (applied: readonly AppliedEndpoints[]): Promise<unknown> =>
      client.reportEndpoints({ sessionId, applied }, { signal: scope, deadlineMs: callMs });
    const takeIn = (message: AssignmentsMessage): void => {
      guard.note(message.storeRevision);
      options.onAssignments(message, mayRemove, endpoints);
    };
    await Promise.race([
      readSession(first.value, messages, options),
      reports.run(),
      readAssignments(options, sessionId, takeIn, scope),
      endpoints.run(report, scope),
      endWith(options.self.changedFrom(description, scope)),
    ]);
  } finally {
    reporter.detach();
    leadAway.detach();
    over.abort();
    await guard.settle();
  }
}

/** The next session says it. */
async function endWith(change: Promise<boolean>): Promise<void> {
  if (await change) throw new TsstackError('conflict', 'what this host can do has changed: a new session says so');
}

async function readSession(
  first: SessionMessage,
  messages: AsyncIterator<SessionMessage>,
  options: SessionOptions,
): Promise<void> {
  for (let message = first; ;) {
    if (message.cluster !== null) {
      options.search.noteNodes(message.cluster.nodes);
      options.managers.onCluster(message.cluster);
    }
    if (message.stream !== null) options.onStream(message.stream);
    const next = await messages.next();
    if (next.done === true) return;
    message = next.value;
  }
}

/** Follows the assignments; after a gap in their numbers it asks for everything again. */
async function readAssignments(
  { client }: SessionOptions,
  sessionId: string,
  onMessage: (message: AssignmentsMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    let expected: number | null = null;
    let hasGap = false;
    for await (const message of client.assignments({ sessionId, takesChanges: true }, { signal })) {
      hasGap = !message.full && message.sequence !== expected;
      if (hasGap) break;
      expected = message.sequence + 1;
      onMessage(message);
    }
    if (!hasGap) return;
  }
}
