import { readFileSync } from 'node:fs';
import { parseResolvConf } from './containers/network-files.ts';
import type { ResolverSettings } from './containers/network-files.ts';
import { ifThereSync } from './if-there.ts';

/** systemd-resolved's list of the servers behind its own stub, which listens where no container can reach it. */
const resolvedFile = '/run/systemd/resolve/resolv.conf';
const stubServer = '127.0.0.53';

/** The host's resolver settings as they are now. */
export function readHostResolver(): ResolverSettings {
  const settings = parseResolvConf(readText('/etc/resolv.conf'));
  if (!settings.servers.includes(stubServer)) return settings;
  const { servers } = parseResolvConf(readText(resolvedFile));
  return servers.length === 0 ? settings : { ...settings, servers };
}

function readText(path: string): string {
  return ifThereSync(() => readFileSync(path, 'utf8'), '');
}
