import type { GetInfoResponse } from '../../rpc/messages.ts';
import type { RoleContext } from './role.ts';

const startedAtMs = Date.now();

/** What a daemon without a store says of itself. */
export async function hostInfo(
  { options, version, describeHost }: Pick<RoleContext, 'options' | 'version' | 'describeHost'>,
  { role, clusterId }: Pick<GetInfoResponse, 'role' | 'clusterId'>,
): Promise<GetInfoResponse> {
  const { dataRoot, runRoot } = options;
  const node = JSON.stringify(await describeHost());
  return { version, clusterId, dataRoot, runRoot, pid: process.pid, node, startedAtMs, role };
}
