import type { GetInfoResponse } from '../../rpc/messages.ts';
import type { RoleContext } from './role.ts';

const startedAtMs = Date.now();

/** What a daemon without a store says of itself. */
export async function hostInfo(
  { options, version }: RoleContext,
  { role, clusterId }: Pick<GetInfoResponse, 'role' | 'clusterId'>,
): Promise<GetInfoResponse> {
  const { readHostFacts } = await import('../../../agents/host/facts/host-facts.ts');
  const { dataRoot, runRoot, facts } = options;
  const node = JSON.stringify(readHostFacts(dataRoot, facts).description);
  return { version, clusterId, dataRoot, runRoot, pid: process.pid, node, startedAtMs, role };
}
