/**
 * Remembers the bytes that a frame was decoded from, so that a relay sends on what it received instead of encoding it anew.
 * Messages are read-only, so the bytes stay true; they are kept no longer than the message itself.
 */
const received = new WeakMap<object, Buffer>();

/** Notes the bytes of a decoded message. */
export function rememberReceivedBytes(message: object, bytes: Buffer): void {
  received.set(message, bytes);
}

/** Bytes of a message that came off the wire; undefined for one made here. */
export function receivedBytes(message: object): Buffer | undefined {
  return received.get(message);
}
