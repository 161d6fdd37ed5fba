import type { DeviceRequestSpec } from '../../model/device-request-spec.ts';
import type { ContainerSpec } from '../../model/spec.ts';
import type { ComposeService } from '../compose-types.ts';

type Devices = Pick<ContainerSpec, 'devices' | 'deviceNames' | 'deviceRequests' | 'deviceRules'>;
type Request = NonNullable<ComposeService['gpus']>[number];

/** Devices of the containers of a service, by path, by CDI name and by what they can do. */
export function lowerDevices(service: ComposeService): Devices {
  const devices = service.devices ?? [];
  const reserved = service.deploy?.resources.reservations?.devices ?? [];
  const isPath = ({ source }: { source: string }): boolean => source.startsWith('/');
  return {
    devices: devices.filter(isPath).map(({ source, target, permissions }) => ({ source, target, permissions })),
    deviceNames: devices.filter((device) => !isPath(device)).map(({ source }) => source),
    deviceRequests: [
      // `gpus` is a request for devices that are GPUs, whatever else they have to be able to do.
      ...(service.gpus ?? []).map((request) => lowerRequest(request, ['gpu'])),
      ...reserved.map((request) => lowerRequest(request, [])),
    ],
    deviceRules: (service.device_cgroup_rules ?? []).map(lowerRule),
  };
}

function lowerRequest(request: Request, implied: readonly string[]): DeviceRequestSpec {
  const ids = request.device_ids ?? [];
  return {
    driver: request.driver === undefined || request.driver === '' ? null : request.driver,
    count: ids.length > 0 ? null : (request.count ?? -1),
    ids,
    capabilities: [...new Set([...(request.capabilities ?? []), ...implied])],
  };
}

/** `c 1:* rw`, of which the schema has checked the form. */
function lowerRule(rule: string): ContainerSpec['deviceRules'][number] {
  const [type, major, minor, access = ''] = rule.split(/[ :]/);
  const number = (text: string | undefined): number | null =>
    text === undefined || text === '*' ? null : Number(text);
  return { type: type === 'b' || type === 'c' ? type : 'a', major: number(major), minor: number(minor), access };
}
