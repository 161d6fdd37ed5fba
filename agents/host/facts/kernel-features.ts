import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { KernelFeature, KernelFeatures } from '../../../src/model/objects.ts';
import { hasErrno } from '../errors.ts';

/** The module and the build option behind each feature. */
const features: Readonly<Record<KernelFeature, { readonly module: string; readonly option: string }>> = {
  overlayfs: { module: 'overlay', option: 'CONFIG_OVERLAY_FS' },
  nftables: { module: 'nf_tables', option: 'CONFIG_NF_TABLES' },
  vxlan: { module: 'vxlan', option: 'CONFIG_VXLAN' },
  macvlan: { module: 'macvlan', option: 'CONFIG_MACVLAN' },
  ipvlan: { module: 'ipvlan', option: 'CONFIG_IPVLAN' },
  ipvs: { module: 'ip_vs', option: 'CONFIG_IP_VS' },
  wireguard: { module: 'wireguard', option: 'CONFIG_WIREGUARD' },
  'ipsec-esp': { module: 'esp4', option: 'CONFIG_INET_ESP' },
  'aes-gcm': { module: 'gcm', option: 'CONFIG_CRYPTO_GCM' },
};

/**
 * What the running kernel can do, by what is written about it: loaded modules, modules that it could load, and how it was built. Asking
 * the kernel itself would load the modules that the question is about. `root` is that of the file system.
 */
export function readKernelFeatures(release: string, root = '/'): KernelFeatures {
  const modules = join(root, 'lib/modules', release);
  const isLoadable = searcher([join(modules, 'modules.builtin'), join(modules, 'modules.dep')]);
  const isBuiltIn = searcher([
    join(root, 'proc/config.gz'),
    join(root, 'boot', `config-${release}`),
    join(modules, 'config'),
  ]);
  const found = Object.entries(features).map(([name, { module, option }]) => {
    if (existsSync(join(root, 'sys/module', module))) return [name, 'available'];
    const answers = [isLoadable(new RegExp(`/${module}\\.ko`, 'm')), isBuiltIn(new RegExp(`^${option}=y$`, 'm'))];
    if (answers.some((answer) => answer === true)) return [name, 'available'];
    return [name, answers.every((answer) => answer === null) ? 'unknown' : 'missing'];
  });
  return Object.fromEntries(found) as KernelFeatures;
}

/** Whether one of the files has such a line; null when none can be read. They are read at the first question. */
function searcher(paths: readonly string[]): (pattern: RegExp) => boolean | null {
  let texts: readonly string[] | null = null;
  return (pattern) => {
    texts ??= paths.flatMap((path) => readText(path) ?? []);
    return texts.length === 0 ? null : texts.some((text) => pattern.test(text));
  };
}

function readText(path: string): string | null {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES')) return null;
    throw error;
  }
}
