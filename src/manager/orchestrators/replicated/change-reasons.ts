import { canonicalJson } from '../../../model/canonical-json.ts';
import { attributeName } from '../../../model/attribute-name.ts';
import type { ServiceSpec } from '../../../model/spec.ts';

const restartPolicy = 'deploy.restart_policy';

/** More would fill the screen without telling more. */
const maxReasons = 8;

/**
 * What differs between the spec a container was made from and the wanted one, as the attributes of the file: `image: "a" -> "b"`, one
 * line each. Empty when a new container is not for anything that the service says itself.
 */
export function changeReasons(before: ServiceSpec, after: ServiceSpec): readonly string[] {
  const reasons = differences(inFileWords(before), inFileWords(after));
  if (reasons.length <= maxReasons) return reasons;
  return [...reasons.slice(0, maxReasons), `and ${reasons.length - maxReasons} more`];
}

/** `restart` and `deploy.restart_policy` are two ways to say what is one thing here; the plan says it in the way of the file. */
function inFileWords({ restart, ...spec }: ServiceSpec): object {
  const { policy, maxRetries, supervision } = restart;
  if (supervision === null) {
    const text = maxRetries === 0 ? policy : `${policy}:${maxRetries}`;
    return { ...spec, restart: policy === 'no' ? undefined : text };
  }
  const condition = policy === 'always' ? 'any' : policy === 'no' ? 'none' : policy;
  const [delay, window] = [supervision.delayMs, supervision.windowMs].map(inSeconds);
  return { ...spec, [restartPolicy]: { condition, max_attempts: maxRetries, delay, window } };
}

/** Every value that differs, by its path. */
export function differences(before: unknown, after: unknown): readonly string[] {
  const found: string[] = [];
  compare('', before, after, found);
  return found;
}

/** Attributes in which a change needs no new container. */
const quiet = new Set(['pullPolicy', 'replicas', 'dependsOn', 'attach', 'deploy', 'serviceLabels']);

function compare(path: string, before: unknown, after: unknown, reasons: string[]): void {
  if (quiet.has(path) || canonicalJson([before]) === canonicalJson([after])) return;
  if (!isRecord(before) || !isRecord(after)) {
    reasons.push(`${attributeName(path)}: ${show(path, before)} -> ${show(path, after)}`);
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compare(path === '' ? key : `${path}.${key}`, before[key], after[key], reasons);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Variables whose values are nobody's business on a screen. */
const secretVariable = /environment\..*(pass|secret|token|key|credential|auth)/i;

function show(path: string, value: unknown): string {
  if (value === undefined || value === null) return '(none)';
  if (secretVariable.test(path)) return '(hidden)';
  const text = typeof value === 'number' && path.endsWith('Ms') ? inSeconds(value) : JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** A duration as files have it. */
function inSeconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`;
}
