import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { encodeFrame, FrameReader, frameTypes, maxPayloadBytes } from '../../../../../agents/host/native/shim-frames.ts';

const types = Object.values(frameTypes);

const frames = fc.array(
  fc.record({ type: fc.constantFrom(...types), payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) }),
  { maxLength: 20 },
);

describe('frames of the shim’s socket', () => {
  it('have a header of length and type', () => {
    assert.deepEqual([...encodeFrame(frameTypes.stdin, Buffer.from('ab'))], [2, 0, 0, 0, 4, 0, 0, 0, 97, 98]);
    assert.deepEqual([...encodeFrame(frameTypes.stdinClose, Buffer.alloc(0))], [0, 0, 0, 0, 7, 0, 0, 0]);
  });

  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(({ type, payload }) => encodeFrame(type, payload)));
        const reader = new FrameReader();
        const received = [];
        for (let at = 0, i = 0; at < stream.length; i += 1) {
          const size = cuts[i % cuts.length] ?? 1;
          received.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(
          received,
          sent.map((frame) => ({ ...frame })),
        );
      }),
    );
  });

  it('hand payloads on without copying them', () => {
    const bytes = encodeFrame(frameTypes.stdout, Buffer.from('text'));
    const [frame] = new FrameReader().push(bytes);
    bytes.write('TEXT', 8);
    assert.equal(frame?.payload.toString(), 'TEXT');
  });

  it('may be as long as the limit and no longer', () => {
    const whole = encodeFrame(frameTypes.stdout, Buffer.alloc(maxPayloadBytes));
    assert.equal(new FrameReader().push(whole).length, 1);
    const header = encodeFrame(frameTypes.stdout, Buffer.alloc(0));
    header.writeUInt32LE(maxPayloadBytes + 1);
    assert.throws(() => new FrameReader().push(header), /longer than/);
  });
});
