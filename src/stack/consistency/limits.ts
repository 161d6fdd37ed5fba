import { parseBytes } from '../units.ts';
import type { ServiceCheck } from './report.ts';

const MAX_SWAPPINESS = 100n;

/** Limits whose values make no sense by themselves or without another one. */
export const checkLimits: ServiceCheck = (name, service, context) => {
  const path = ['services', name];
  const swappiness = parseBytes(service.mem_swappiness ?? '0') ?? 0n;
  if (swappiness > MAX_SWAPPINESS) {
    context.error([...path, 'mem_swappiness'], `mem_swappiness is ${service.mem_swappiness ?? ''}, expected 0 to 100`);
  }
  if (service.cgroup_parent?.split('/').includes('..') === true) {
    const message = "cgroup_parent leaves the daemon's own cgroup with `..`";
    context.error([...path, 'cgroup_parent'], message, 'name a cgroup below it, as shop/batch');
  }
  const swap = service.memswap_limit ?? '0';
  const hasSwap = swap !== '0' && swap !== '-1';
  const memory = service.mem_limit ?? service.deploy?.resources?.limits?.memory;
  if (hasSwap && memory === undefined) {
    context.error([...path, 'memswap_limit'], 'memswap_limit needs mem_limit: it is memory and swap together');
  } else if (hasSwap && BigInt(swap) < BigInt(memory ?? '0')) {
    const message = `memswap_limit (${swap}) is below mem_limit (${memory ?? ''}): it is memory and swap together`;
    context.error([...path, 'memswap_limit'], message);
  }
};
