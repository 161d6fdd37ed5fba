import type { ServiceCheck } from './report.ts';

const CDI_NAME = /^[a-zA-Z][\w.-]*\/[a-zA-Z][\w.-]*=[\w.:-]+$/;

/** A device is a path of the host, or one that a vendor has described there. */
export const checkDevices: ServiceCheck = (name, service, context) => {
  for (const [index, { source }] of (service.devices ?? []).entries()) {
    if (source.startsWith('/') || CDI_NAME.test(source)) continue;
    const message = `device "${source}" is neither an absolute path nor a CDI name such as vendor.com/class=name`;
    context.error(['services', name, 'devices', index], message);
  }
  for (const [index, request] of (service.deploy?.resources?.reservations?.devices ?? []).entries()) {
    const path = ['services', name, 'deploy', 'resources', 'reservations', 'devices', index];
    if ((request.capabilities ?? []).length === 0)
      context.error([...path, 'capabilities'], 'capabilities name no class of devices');
  }
};
