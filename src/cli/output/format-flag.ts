import { UsageError } from '../errors.ts';

/** What `--format` asks for; templates of Go are another language and not supported yet. */
export function readFormat(format: string | undefined, kinds: readonly string[] = ['table', 'json']): string {
  const wish = format ?? kinds[0] ?? '';
  if (kinds.includes(wish)) return wish;
  if (wish.includes('{{'))
    throw new UsageError('templates in --format are not supported yet', `it takes ${kinds.join(' or ')}`);
  throw new UsageError(`unknown format "${wish}"`, `it takes ${kinds.join(' or ')}`);
}
