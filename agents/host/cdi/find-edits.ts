import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { CdiEdits } from './cdi-spec.ts';

/** What the CDI devices of a container change in it; they are described in those directories. */
export async function findEdits(
  { deviceNames, deviceRequests }: Pick<ContainerSpec, 'deviceNames' | 'deviceRequests'>,
  directories: readonly string[],
): Promise<readonly CdiEdits[]> {
  if (deviceNames.length + deviceRequests.length === 0) return [];
  // Few containers have such devices, and the reader of their specs takes long to load.
  const [{ CdiRegistry }, { requestedDevices }] = await Promise.all([
    import('./cdi-registry.ts'),
    import('./device-requests.ts'),
  ]);
  const registry = new CdiRegistry(directories);
  const requested = deviceRequests.flatMap((request) => requestedDevices(request, registry));
  return registry.editsOf([...new Set([...deviceNames, ...requested])]);
}
