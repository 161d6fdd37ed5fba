import type { NetworkObject } from '../../src/model/objects.ts';

/** A frame with nothing in it for the container with the last number 11, behind the header of VXLAN, as `printf` writes it. */
export function clearPacket({ vni }: NetworkObject, third: number): string {
  const number = vni ?? 0;
  const header = [0x08, 0, 0, 0, number >> 16, (number >> 8) & 0xff, number & 0xff, 0];
  const receiver = [0x02, 0x42, 0xac, 0x1e, third, 11];
  // A sender, and the type that is for experiments.
  const rest = [0x02, 0, 0, 0, 0, 1, 0x88, 0xb5];
  const bytes = [...header, ...receiver, ...rest, ...Buffer.alloc(46)];
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
