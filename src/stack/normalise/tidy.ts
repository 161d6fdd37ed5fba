import { isPlainObject, type PlainObject } from './plain.ts';

/** Mappings of names to scalars or lists: their values mean something even when empty. */
const VALUE_MAPS = new Set([
  'additional_contexts',
  'annotations',
  'args',
  'aux_addresses',
  'driver_opts',
  'environment',
  'labels',
  'options',
  'storage_opt',
  'sysctls',
]);

/** Mappings of names to definitions. */
const DEFINITION_MAPS = new Set(['depends_on', 'models', 'networks', 'ulimits']);

/** Where false says something else than nothing. */
const KEEPS_FALSE = new Set(['attach', 'create_host_path', 'enable_ipv4', 'enable_ipv6', 'init', 'required']);

/** Where zero says something else than nothing. */
const KEEPS_ZERO = new Set(['hard', 'max_attempts', 'parallelism', 'replicas', 'retries', 'scale', 'soft']);

/** Durations of update_config and rollback_config that are zero by default. */
const DROPS_ZERO_SECONDS = new Set(['delay', 'monitor']);

/** Sizes where zero means "no limit". */
const DROPS_ZERO_SIZE = new Set(['mem_limit', 'mem_reservation', 'memory', 'memswap_limit', 'shm_size', 'size']);

/**
 * Removes from a definition what is as good as absent: nulls, empty lists and mappings, and values that are the default.
 * `keepNull` are keys that stay even when they are null or empty.
 */
export function tidy(definition: PlainObject, keepNull: ReadonlySet<string>, parent = ''): void {
  for (const [key, value] of Object.entries(definition)) {
    if (key.startsWith('x-') || keepNull.has(key)) continue;
    if (isDroppable(key, value, parent)) delete definition[key];
    else if (DEFINITION_MAPS.has(key)) tidyValues(value);
    else if (!VALUE_MAPS.has(key)) tidyNested(value, key);
  }
}

const NONE: ReadonlySet<string> = new Set();
const COMMAND: ReadonlySet<string> = new Set(['command']);

function tidyNested(value: unknown, key: string): void {
  if (Array.isArray(value)) {
    for (const item of value) if (isPlainObject(item)) tidy(item, COMMAND, key);
  } else if (isPlainObject(value)) tidy(value, NONE, key);
}

function tidyValues(map: unknown): void {
  if (!isPlainObject(map)) return;
  for (const value of Object.values(map)) if (isPlainObject(value)) tidy(value, NONE);
}

function isDroppable(key: string, value: unknown, parent: string): boolean {
  if (value === null || value === '') return true;
  if (value === false) return !KEEPS_FALSE.has(key);
  if (value === 0) return !KEEPS_ZERO.has(key);
  if (value === '0') return DROPS_ZERO_SIZE.has(key);
  if (value === '0s') return DROPS_ZERO_SECONDS.has(key) && parent !== 'restart_policy';
  if (Array.isArray(value)) return value.length === 0;
  return isPlainObject(value) && (VALUE_MAPS.has(key) || DEFINITION_MAPS.has(key)) && Object.keys(value).length === 0;
}
