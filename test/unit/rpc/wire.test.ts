import assert from 'node:assert/strict';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { messageFields, type Messages } from '../../../src/rpc/generated/contract.ts';
import { messageFields as etcdFields } from '../../../src/rpc/generated/etcd.ts';
import * as wireDecode from '../../../src/rpc/wire/decode.ts';
import * as wireEncode from '../../../src/rpc/wire/encode.ts';
import type { Field, MessageTables } from '../../../src/rpc/wire/field.ts';
import { contracts } from '../../../tools/generate-proto.ts';

/** The reference: the codec of protobufjs, reading proto/ itself. */
const reference = loadSync(
  contracts.flatMap(({ files }) => files),
  {
    includeDirs: [new URL('../../../proto', import.meta.url).pathname],
    keepCase: false,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  },
);

const names = Object.keys(messageFields) as (keyof Messages)[];

/** Every message of both contracts, by package. */
const tablesOf = { 'tsstack.v1': messageFields, etcdserverpb: etcdFields };
type PackageName = keyof typeof tablesOf;

function encodeMessage<Name extends keyof Messages>(name: Name, message: Partial<Messages[Name]>): Buffer {
  return wireEncode.encodeMessage(messageFields, name, message);
}

function decodeMessage<Name extends keyof Messages>(name: Name, bytes: Buffer): Messages[Name] {
  return wireDecode.decodeMessage(messageFields, name, bytes) as Messages[Name];
}

function arbitraryMessage(tables: MessageTables, name: string): fc.Arbitrary<Record<string, unknown>> {
  const fields = tables[name] ?? [];
  const choice = fields.filter((field) => field.oneof !== null);
  if (choice.length === 0) {
    return fc.record(Object.fromEntries(fields.map((field) => [field.name, arbitraryField(tables, field)])));
  }
  return fc.oneof(
    ...choice.map((field) =>
      arbitraryValue(tables, field.type).map((value) => ({ [field.oneof ?? '']: field.name, [field.name]: value })),
    ),
  );
}

function arbitraryField(tables: MessageTables, field: Field): fc.Arbitrary<unknown> {
  const value = arbitraryValue(tables, field.type);
  if (field.kind === 'repeated') return fc.array(value, { maxLength: 4 });
  if (field.kind === 'map') return fc.dictionary(fc.string({ unit: 'binary' }), value, { noNullPrototype: true });
  const isMessage = field.type in tables;
  return field.kind === 'optional' || isMessage ? fc.option(value) : value;
}

function arbitraryValue(tables: MessageTables, type: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.string({ unit: 'binary' });
    case 'bytes':
      return fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    case 'bool':
      return fc.boolean();
    case 'int32':
      return fc.integer();
    case 'uint32':
      return fc.nat(0xffffffff);
    case 'int64':
      return fc.maxSafeInteger();
    case 'uint64':
      return fc.maxSafeNat();
    case 'uint64text':
      return fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String);
    default:
      return arbitraryMessage(tables, type);
  }
}

/**
 * Drops what only one of the two codecs writes down: absent members, which the other one has as null, and the names of made-up oneofs. Numbers are
 * compared as text, since some need all of their 64 bits.
 */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, entry: unknown) => {
      if (key.startsWith('_')) return undefined;
      return typeof entry === 'number' ? String(entry) : (entry ?? undefined);
    }),
  );
}

describe('the wire codec', () => {
  for (const packageName of Object.keys(tablesOf) as PackageName[]) {
    for (const name of Object.keys(tablesOf[packageName])) describeMessage(packageName, name);
  }

  it('keeps a field that has its default value apart from an absent one where that means something', () => {
    const request = decodeMessage('ApplyStackRequest', encodeMessage('ApplyStackRequest', { stopGraceMs: 0 }));
    assert.equal(request.stopGraceMs, 0);
    assert.equal(decodeMessage('ApplyStackRequest', Buffer.alloc(0)).stopGraceMs, null);
    const frame = decodeMessage('Frame', encodeMessage('Frame', { content: 'end', end: false }));
    assert.equal(frame.content, 'end');
  });

  it('does not copy the bytes of a frame, and relays a received frame as it came', () => {
    const bytes = encodeMessage('Frame', { content: 'stdout', stdout: Buffer.alloc(100_000, 7) });
    const frame = decodeMessage('Frame', bytes);
    assert.ok(frame.content === 'stdout');
    assert.equal(frame.stdout.buffer, bytes.buffer);
    assert.equal(encodeMessage('Frame', frame), bytes);
  });

  it('refuses bytes that are cut off, and passes over fields it does not know', () => {
    const bytes = encodeMessage('Problem', { message: 'a message' });
    assert.throws(() => decodeMessage('Problem', bytes.subarray(0, -1)), RangeError);
    const unknown = Buffer.concat([Buffer.from([0xfa, 0x01, 2, 1, 2, 0xf8, 0x01, 5]), bytes]);
    assert.equal(decodeMessage('Problem', unknown).message, 'a message');
  });

  it('never fails with anything but a RangeError on random bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 64 }), (name, bytes) => {
        try {
          decodeMessage(name, Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof RangeError, String(error));
        }
      }),
    );
  });
});

function describeMessage(packageName: PackageName, name: string): void {
  const tables: MessageTables = tablesOf[packageName];
  const codec = reference[`${packageName}.${name}`] as MessageTypeDefinition<object, object>;

  it(`reads ${name} of ${packageName} from the reference codec, and the other way round`, () => {
    fc.assert(
      fc.property(arbitraryMessage(tables, name), (message) => {
        const ours = wireDecode.decodeMessage(tables, name, Buffer.from(codec.serialize(message)));
        assert.deepEqual(plain(ours), plain(message));
        const theirs = codec.deserialize(wireEncode.encodeMessage(tables, name, message));
        assert.deepEqual(plain(theirs), plain(message));
      }),
      { numRuns: 60 },
    );
  });
}
