import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import type { Relays } from '../../../../src/manager/dispatcher/relays.ts';
import type { Session } from '../../../../src/manager/dispatcher/sessions.ts';
import { ImageNames } from '../../../../src/manager/images/image-names.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { TsstackError } from '../../../../src/model/errors.ts';
import type { FoundImage } from '../../../../src/model/found-image.ts';
import { problemOf } from '../../../../src/rpc/error-mapping.ts';
import type { ImageHere, StreamKind } from '../../../../src/rpc/stream-kinds.ts';
import { nodeObject, taskObject } from '../../../fixtures/objects.ts';
import { serviceSpec } from '../../../fixtures/specs.ts';

/** What a node answers: a document, its problem, or nothing. */
type Answer = object | TsstackError | 'silence';

const here: ImageHere = {
  reference: 'app:1',
  imageId: `sha256:${'1'.repeat(64)}`,
  platform: 'linux/amd64',
  pinned: null,
  layerBytes: null,
  namedAtMs: 1,
};
const nothing: Answer = { images: [] };

describe('the meaning of a name of an image', () => {
  let store: SqliteStore;
  let names: ImageNames;
  /** By `node kind`. */
  let answers: Record<string, Answer>;
  /** Between two sessions. */
  let away: Set<string>;
  beforeEach(async () => {
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)), () => new Date());
    const objects = [
      ...['m1', 'w1', 'w2'].map((id) => nodeObject({ id, hostname: id, version: 0 })),
      taskObject('app', { nodeId: 'w1', spec: serviceSpec('app', { image: 'app:1' }), version: 0 }),
    ];
    await store.update(() => ({
      changes: objects.map((object) => ({ type: 'put', object }) as const),
      result: undefined,
    }));
    answers = {};
    away = new Set();
    const relays: Pick<Relays, 'open'> = { open: answerFor };
    const ofNode = (nodeId: string): Session | undefined => (away.has(nodeId) ? undefined : ({ nodeId } as Session));
    const sessions = { ofNode };
    names = new ImageNames({ store, sessions, relays, ownNodeId: () => 'm1' });
  });
  afterEach(() => store.close());

  const answerFor: Relays['open'] = async ({ nodeId }, place, open, { stream }) => {
    const answer = answers[`${nodeId} ${open.kind}`] ?? nothing;
    if (answer === 'silence') throw new TsstackError('timeout', `node ${place} did not open the stream in time`);
    if (answer instanceof TsstackError) await stream.write({ content: 'problem', problem: problemOf(answer) });
    else await stream.write({ content: 'document', document: JSON.stringify(answer) });
  };
  const answer = (nodeId: string, kind: StreamKind, what: Answer): void => void (answers[`${nodeId} ${kind}`] = what);
  const find = (mayPull: boolean): Promise<FoundImage | null> =>
    names.find({ nodeId: 'w1', reference: 'app:1', mayPull });
  const refused = (message: RegExp, retryable: boolean) => (error: unknown) => {
    assert.ok(error instanceof TsstackError);
    assert.match(error.message, message);
    assert.equal(error.retryable, retryable);
    return true;
  };

  it('is asked for again while a node that may have the image does not answer', async () => {
    answer('w2', 'image.find', 'silence');
    await assert.rejects(find(false), refused(/^get image app:1: node w2 does not answer$/, true));
    answer('m1', 'image.identify', new TsstackError('not-found', 'registry r does not have it'));
    answer('w1', 'image.identify', new TsstackError('not-found', 'registry r does not have it'));
    await assert.rejects(find(true), refused(/node w2 does not answer; registry r does not have it$/, true));
    answer('w2', 'image.find', { images: [here] });
    assert.equal((await find(false))?.imageId, here.imageId);
  });

  it('is asked for again while a node that may have the image is between two sessions, until it is down', async () => {
    away.add('w2');
    await assert.rejects(find(false), refused(/^get image app:1: node w2 does not answer$/, true));
    const node = store.view.get('node', 'w2') ?? assert.fail();
    await store.update(() => ({ changes: [{ type: 'put', object: { ...node, state: 'down' } }], result: undefined }));
    await assert.rejects(find(false), refused(/no node of the cluster has it/, false));
  });

  it('is asked for again while the one that is to ask a registry does not answer, if no other one can', async () => {
    answer('m1', 'image.identify', 'silence');
    answer('w1', 'image.identify', new TsstackError('permission', 'not logged in'));
    await assert.rejects(find(true), refused(/^get image app:1: node m1 does not answer$/, true));
    answer('w1', 'image.identify', { image: here });
    assert.equal((await find(true))?.imageId, here.imageId);
  });

  it('is not there when all have said so, whatever a registry means by trying again', async () => {
    await assert.rejects(find(false), refused(/no node of the cluster has it/, false));
    const refusal = new TsstackError('unavailable', 'talk to registry r: refused', { retryable: true });
    answer('m1', 'image.identify', refusal);
    answer('w1', 'image.identify', refusal);
    await assert.rejects(find(true), refused(/talk to registry r: refused/, false));
  });
});
