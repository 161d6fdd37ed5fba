import type { NetworkObject } from '../../src/model/objects.ts';

/** For experiments (IEEE 802, "Local Experimental Ethertype 1"): nobody else sends it. */
const frameType = 0x88b5;

/** A frame with nothing in it for the container with the last number 11, behind the header of VXLAN, as `printf` writes it. */
export function clearPacket({ vni }: NetworkObject, third: number): string {
  const number = vni ?? 0;
  const header = [0x08, 0, 0, 0, number >> 16, (number >> 8) & 0xff, number & 0xff, 0];
  const receiver = [0x02, 0x42, 0xac, 0x1e, third, 11];
  const sender = [0x02, 0, 0, 0, 0, 1];
  const type = [frameType >> 8, frameType & 0xff];
  const bytes = [...header, ...receiver, ...sender, ...type, ...Buffer.alloc(46)];
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/**
 * How many of these frames come out of the tunnel of a network meanwhile, on the host that `run` runs commands on. All that comes out
 * would be more: the containers of a network look now and then whether their neighbours are still there.
 */
export async function clearPacketsTakenIn(
  run: (...command: readonly string[]) => Promise<string>,
  { vni }: NetworkObject,
  action: () => Promise<void>,
): Promise<number> {
  const table = 'netdev clear-packets';
  const rule = `ether type 0x${frameType.toString(16)} counter`;
  await run(
    'nft',
    `table ${table} {\nchain in {\ntype filter hook ingress device "tsx${vni}" priority 0\n${rule}\n}\n}`,
  );
  await action();
  const seen = await run('nft', 'list', 'table', ...table.split(' '));
  await run('nft', 'delete', 'table', ...table.split(' '));
  return Number(/packets (\d+)/.exec(seen)?.[1]);
}
