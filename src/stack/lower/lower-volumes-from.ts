import type { VolumesFromSpec } from '../../model/spec.ts';
import { invalidAt } from './errors.ts';

/** `SERVICE[:MODE]` or `container:NAME[:MODE]`. */
export function lowerVolumesFrom(service: string, text: string, index: number): VolumesFromSpec {
  const words = text.split(':');
  const isContainer = words[0] === 'container' && words.length > 1;
  const [owner = '', mode = 'rw', ...rest] = isContainer ? words.slice(1) : words;
  if (owner === '' || rest.length > 0 || !['ro', 'rw'].includes(mode)) {
    const keys = ['services', service, 'volumes_from', String(index)];
    throw invalidAt(keys, `"${text}" is not written as SERVICE[:ro|rw] or container:NAME[:ro|rw]`);
  }
  const readOnly = mode === 'ro';
  return isContainer
    ? { kind: 'container', container: owner, readOnly }
    : { kind: 'service', service: owner, readOnly };
}
