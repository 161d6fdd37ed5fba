import { createHash } from 'node:crypto';
import type { ComposeService } from '../compose-types.ts';
import { isPlainObject } from '../normalise/plain.ts';

/** What may change without making a container another one. */
const NOT_HASHED = new Set(['build', 'depends_on', 'profiles', 'pull_policy', 'scale']);

/** A hash of what a service's containers are made of; equal services hash alike whatever the order of keys in their file. */
export function configHash(service: ComposeService): string {
  const { deploy, ...rest } = service;
  const hashed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) if (!NOT_HASHED.has(key)) hashed[key] = value;
  if (deploy !== undefined) hashed['deploy'] = { ...deploy, replicas: undefined };
  return createHash('sha256').update(stableJson(hashed)).digest('hex');
}

function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (!isPlainObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([first], [second]) => (first < second ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stableJson(item)}`).join(',')}}`;
}
