import type { PullPolicy } from '../../model/spec.ts';
import type { ComposeService } from '../compose-types.ts';
import { durationToMs } from '../units.ts';
import { invalid, unsupported } from './errors.ts';
import { durationMs } from './values.ts';

const windows: Readonly<Record<string, string>> = { daily: '24h', weekly: '7d' };

/** When the image of a service is pulled. */
export function lowerPullPolicy(where: string, service: ComposeService): PullPolicy {
  // What is only built is in no registry.
  const policy = service.image === undefined ? 'never' : (service.pull_policy ?? 'missing');
  const refreshAfterMs = durationMs(service.pull_refresh_after);
  if (refreshAfterMs !== null && policy !== 'refresh')
    throw invalid(`${where}.pull_refresh_after`, `needs pull_policy: refresh, but that is ${policy}`);
  switch (policy) {
    case 'always':
    case 'missing':
    case 'never':
      return policy;
    case 'if_not_present':
      return 'missing';
    case 'refresh':
      if (refreshAfterMs !== null) return { refreshAfterMs };
      throw invalid(`${where}.pull_policy`, 'refresh needs pull_refresh_after, such as 24h');
    default:
      return lowerWindow(where, policy);
  }
}

/** `daily`, `weekly`, `every_2d12h`. */
function lowerWindow(where: string, policy: string): PullPolicy {
  const window = windows[policy] ?? /^every_(.+)$/.exec(policy)?.[1];
  if (window === undefined) throw unsupported(`${where}.pull_policy`, policy);
  return { refreshAfterMs: durationToMs(window) };
}
