import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';
import type { NodeDescription } from '../../../src/model/objects.ts';
import { linuxCapabilities } from '../../../src/model/capability-names.ts';
import type { HostLimits } from '../containers/runtime-spec.ts';
import { readCgroupFacts } from './cgroup-facts.ts';
import { readKernelFeatures } from './kernel-features.ts';
import { canLimitStorage } from './storage-quota.ts';
import { readRoutes } from './routes.ts';
import { readSecurityFacts } from './security-facts.ts';

export interface HostFacts {
  readonly description: NodeDescription;
  readonly limits: HostLimits;
  readonly kernel: string;
  readonly architecture: string;
}

/** What only the operator knows of a host. */
export type OperatorFacts = Pick<NodeDescription, 'genericResources' | 'engineLabels' | 'systemReserve'>;

/** Looks at this machine once: what it is, what it lacks and what is done instead. `dataRoot` is where containers write. */
export function readHostFacts(dataRoot: string, given: OperatorFacts): HostFacts {
  const cgroup = readCgroupFacts();
  const capabilities = readCapabilities(readFileSync('/proc/self/status', 'utf8'));
  const cpus = availableParallelism();
  const limits: HostLimits = {
    capabilities,
    hardLimits: parseHardLimits(readFileSync('/proc/self/limits', 'utf8')),
    cgroup: cgroup.mode,
    canLimitSwap: cgroup.canLimitSwap,
    ...readSecurityFacts(),
    cpus,
  };
  const description: NodeDescription = {
    hostname: hostname(),
    architecture: process.arch,
    os: readOsName(),
    kernel: release(),
    cpus,
    memoryBytes: totalmem(),
    ...given,
    cgroup: cgroup.mode,
    limitsStorage: canLimitStorage(dataRoot, readFileSync('/proc/self/mountinfo', 'utf8'), release()),
    kernelFeatures: readKernelFeatures(release()),
    limitations: [...cgroup.missing.map(missingController), ...otherLimitations(limits)],
    routes: readRoutes(),
  };
  return { description, limits, kernel: release(), architecture: process.arch };
}

function missingController(name: string): string {
  return `cgroup controller ${name} is missing: limits that need it are refused`;
}

function otherLimitations({ capabilities, canLimitSwap, securityModules }: HostLimits): readonly string[] {
  const limitations: string[] = [];
  if (!canLimitSwap) limitations.push('swap is not accounted: mem_limit bounds memory alone');
  if (!capabilities.includes('CAP_SYS_RESOURCE')) {
    limitations.push("CAP_SYS_RESOURCE is missing: ulimits above the daemon's own and negative oom scores are refused");
  }
  if (securityModules.length === 0) {
    limitations.push('no AppArmor and no SELinux: containers are confined by namespaces, capabilities and seccomp');
  }
  return limitations;
}

/** Capabilities in the `CapEff` line of /proc/PID/status. */
export function readCapabilities(status: string): readonly string[] {
  const bits = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return linuxCapabilities.filter((_, number) => (bits >> BigInt(number)) & 1n);
}

/** Titles in /proc/PID/limits by the names that stack files use. */
const limitTitles: Readonly<Record<string, string>> = {
  'Max cpu time': 'cpu',
  'Max file size': 'fsize',
  'Max data size': 'data',
  'Max stack size': 'stack',
  'Max core file size': 'core',
  'Max resident set': 'rss',
  'Max processes': 'nproc',
  'Max open files': 'nofile',
  'Max locked memory': 'memlock',
  'Max address space': 'as',
  'Max file locks': 'locks',
  'Max pending signals': 'sigpending',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max realtime priority': 'rtprio',
  'Max realtime timeout': 'rttime',
};

/** Hard limits by name from the text of /proc/PID/limits; -1 = unlimited. */
export function parseHardLimits(text: string): Readonly<Record<string, number>> {
  const limits: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, title = '', hard = ''] = /^(Max .*?)\s{2,}\S+\s+(\S+)/.exec(line) ?? [];
    const name = limitTitles[title];
    if (name !== undefined) limits[name] = hard === 'unlimited' ? -1 : Number(hard);
  }
  return limits;
}

function readOsName(): string {
  const path = '/etc/os-release';
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux';
}
