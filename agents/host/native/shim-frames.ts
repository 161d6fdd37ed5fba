/** Frames of the shim's socket: an 8-byte header (u32 little-endian length, u8 type, 3 zero bytes) and the payload. docs/shim-protocol.md. */

export const frameTypes = {
  request: 1,
  reply: 2,
  event: 3,
  stdin: 4,
  stdout: 5,
  stderr: 6,
  stdinClose: 7,
  exit: 8,
} as const;

const headerBytes = 8;
/** Longest payload that the shim takes. */
export const maxPayloadBytes = 1024 * 1024;

export interface ShimFrame {
  readonly type: number;
  readonly payload: Buffer;
}

export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(type, 4);
  frame.set(payload, headerBytes);
  return frame;
}

/** Cuts a byte stream into frames. Payloads are views of what came in, copied only where a frame spans two reads. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete with these bytes. Throws when the other side is no shim. */
  push(bytes: Buffer): readonly ShimFrame[] {
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const frames: ShimFrame[] = [];
    let start = 0;
    while (data.length - start >= headerBytes) {
      const length = data.readUInt32LE(start);
      if (length > maxPayloadBytes) throw new Error(`a frame of ${length} bytes is longer than ${maxPayloadBytes}`);
      const end = start + headerBytes + length;
      if (end > data.length) break;
      frames.push({ type: data.readUInt8(start + 4), payload: data.subarray(start + headerBytes, end) });
      start = end;
    }
    this.#rest = data.subarray(start);
    return frames;
  }
}
