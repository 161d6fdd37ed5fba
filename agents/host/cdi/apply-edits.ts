import { extendEnvironment } from '../containers/environment.ts';
import { deviceAt } from '../containers/devices.ts';
import type { OciDevice, OciDeviceRule, OciHook, OciMount, OciSpec } from '../containers/oci-spec.ts';
import type { CdiEdits } from './cdi-spec.ts';

/** A container's spec with what its CDI devices change in it. */
export function applyEdits(spec: OciSpec, edits: readonly CdiEdits[]): OciSpec {
  if (edits.length === 0) return spec;
  const nodes = edits.flatMap(({ deviceNodes }) => deviceNodes.map(toDevice));
  const { process, linux } = spec;
  const gids = new Set([...process.user.additionalGids, ...edits.flatMap(({ additionalGids }) => additionalGids)]);
  return {
    ...spec,
    process: {
      ...process,
      env: extendEnvironment(
        process.env,
        edits.flatMap(({ env }) => env),
      ),
      user: { ...process.user, additionalGids: [...gids] },
    },
    mounts: [...spec.mounts, ...edits.flatMap(({ mounts }) => mounts.map(toMount))],
    hooks: collectHooks(edits),
    linux: {
      ...linux,
      devices: [...linux.devices, ...nodes.map(({ device }) => device)],
      resources: { ...linux.resources, devices: [...linux.resources.devices, ...nodes.map(({ rule }) => rule)] },
    },
  };
}

function toDevice(node: CdiEdits['deviceNodes'][number]): { readonly device: OciDevice; readonly rule: OciDeviceRule } {
  const onHost = deviceAt(node.hostPath ?? node.path, node.path);
  const type = node.type === undefined ? onHost.type : node.type === 'u' ? 'c' : node.type;
  const device: OciDevice = {
    path: node.path,
    type,
    major: node.major ?? onHost.major,
    minor: node.minor ?? onHost.minor,
    fileMode: node.fileMode ?? onHost.fileMode,
    uid: node.uid ?? onHost.uid,
    gid: node.gid ?? onHost.gid,
  };
  const { major, minor } = device;
  return {
    device,
    rule: { allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access: node.permissions ?? 'rwm' },
  };
}

function toMount({ hostPath, containerPath, options, type }: CdiEdits['mounts'][number]): OciMount {
  const isBind = options.includes('bind') || options.includes('rbind');
  const needsBind = (type === undefined || type === 'bind') && !isBind;
  return {
    destination: containerPath,
    type: type ?? 'bind',
    source: hostPath,
    options: needsBind ? ['rbind', ...options] : options,
  };
}

function collectHooks(edits: readonly CdiEdits[]): Readonly<Record<string, readonly OciHook[]>> {
  const hooks: Record<string, OciHook[]> = {};
  for (const { hookName, path, args, env, timeout } of edits.flatMap((one) => one.hooks)) {
    (hooks[hookName] ??= []).push({ path, args, env, ...(timeout === undefined ? {} : { timeout }) });
  }
  return hooks;
}
