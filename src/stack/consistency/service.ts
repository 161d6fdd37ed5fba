import { hostnameFields, unknownHostnameField } from '../../model/hostname-template.ts';
import type { ServiceCheck } from './report.ts';

/** What one service says about itself: something to run, no two mounts in one place, watch rules that can work. */
export const checkService: ServiceCheck = (name, service, context) => {
  const path = ['services', name];
  if ((service.image ?? '') === '' && service.build === undefined && service.provider === undefined) {
    context.error(path, `service "${name}" has neither an image nor a build context`, 'add image: or build:');
  }
  if (service.network_mode !== undefined && Object.keys(service.networks ?? {}).length > 0) {
    const message = `service "${name}" declares mutually exclusive network_mode and networks`;
    context.error([...path, 'network_mode'], message);
  }
  checkHostname(name, service, context);
  checkUserNamespace(name, service, context);
  checkMounts(name, service, context);
  checkWatch(name, service, context);
  for (const [index, request] of (service.gpus ?? []).entries()) {
    if (request.count === undefined || request.device_ids === undefined) continue;
    context.error([...path, 'gpus', index], 'count and device_ids are mutually exclusive');
  }
};

const checkHostname: ServiceCheck = (name, service, context) => {
  const unknown = unknownHostnameField(service.hostname ?? '');
  if (unknown === undefined) return;
  const hint = `there are ${hostnameFields.map((field) => `{{${field}}}`).join(', ')}`;
  context.error(['services', name, 'hostname'], `${unknown} stands for nothing`, hint);
};

/** A container with ids of its own cannot have what takes the root of the host. */
const checkUserNamespace: ServiceCheck = (name, service, context) => {
  const path = ['services', name];
  const mode = service.userns_mode ?? 'host';
  if (mode !== 'auto') return;
  if (service.privileged === true) {
    const message = `service "${name}" is privileged, which userns_mode auto takes away`;
    context.error([...path, 'privileged'], message, 'use userns_mode: host, or cap_add for what it needs');
  }
  if (service.network_mode === 'host') {
    const message = `service "${name}" cannot have the host's network with userns_mode auto`;
    context.error([...path, 'network_mode'], message, 'use userns_mode: host, or publish ports');
  }
};

const checkMounts: ServiceCheck = (name, service, context) => {
  const targets = new Map<string, string>();
  for (const [index, tmpfs] of (service.tmpfs ?? []).entries())
    targets.set(tmpfs.split(':', 1)[0] ?? '', `tmpfs[${index}]`);
  for (const [index, mount] of (service.volumes ?? []).entries()) {
    const earlier = targets.get(mount.target);
    const path = ['services', name, 'volumes', index];
    if (earlier !== undefined)
      context.error(path, `target ${mount.target} is already mounted by services.${name}.${earlier}`);
  }
};

const checkWatch: ServiceCheck = (name, service, context) => {
  for (const [index, rule] of (service.develop?.watch ?? []).entries()) {
    const path = ['services', name, 'develop', 'watch', index];
    if (rule.path?.trim() === '') context.error([...path, 'path'], 'path cannot be blank');
    if (!['rebuild', 'restart'].includes(rule.action) && (rule.target ?? '') === '') {
      context.error(path, `target is required for the action ${rule.action}`);
    }
  }
};
