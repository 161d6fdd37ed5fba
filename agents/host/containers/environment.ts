import type { GenericResources } from '../../../src/model/objects.ts';

/** Search path when neither image nor file gives one. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentInput {
  /** `NAME=value`, from the image. */
  readonly image: readonly string[];
  /** From the file; null unsets. */
  readonly spec: Readonly<Record<string, string | null>>;
  /** What the scheduler has given it of its node; not for the file to change. */
  readonly genericResources: GenericResources;
  readonly hostname: string;
  readonly home: string;
  readonly tty: boolean;
}

/** `NAME=value` pairs of the container: our defaults, hidden by the image's, hidden by the file's, and what was reserved for it. */
export function buildEnvironment(input: EnvironmentInput): readonly string[] {
  const merged = new Map<string, string>([
    ['PATH', defaultPath],
    ['HOSTNAME', input.hostname],
  ]);
  if (input.tty) merged.set('TERM', 'xterm');
  merged.set('HOME', input.home);
  for (const pair of input.image) setPair(merged, pair);
  for (const [name, value] of Object.entries(input.spec)) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  for (const [kind, taken] of Object.entries(input.genericResources)) {
    merged.set(`DOCKER_RESOURCE_${kind.toUpperCase()}`, typeof taken === 'number' ? String(taken) : taken.join(','));
  }
  return toPairs(merged);
}

/** `NAME=value` pairs of an exec: the container's, hidden by those given with the command. */
export function extendEnvironment(base: readonly string[], extra: readonly string[]): readonly string[] {
  const merged = new Map<string, string>();
  for (const pair of [...base, ...extra]) setPair(merged, pair);
  return toPairs(merged);
}

function setPair(target: Map<string, string>, pair: string): void {
  const at = pair.indexOf('=');
  if (at < 0) target.delete(pair);
  else target.set(pair.slice(0, at), pair.slice(at + 1));
}

function toPairs(pairs: ReadonlyMap<string, string>): readonly string[] {
  return Array.from(pairs, ([name, value]) => `${name}=${value}`);
}
