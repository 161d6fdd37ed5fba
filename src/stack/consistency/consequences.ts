import { isTouched } from '../diagnostics.ts';
import type { LoadContext } from '../load-context.ts';
import { RESOURCE_KINDS } from '../schema/stack-file.ts';
import { childOf, formatPath, type Node, type NodePath } from '../tree/node.ts';

/**
 * Tells what is but a consequence of earlier errors: it is said of the same place, or of a name whose definition is among
 * what was wrong and so was taken out, or of a service that starts from one with errors.
 */
export function consequencesOf({ diagnostics, documents }: LoadContext): (path: NodePath) => boolean {
  const earlier = diagnostics.errorPaths;
  const definitions = earlier.filter((path) => !path.startsWith('services.') || /^services\.[^.]+$/.test(path));
  const hasBrokenService = earlier.some((path) => path.startsWith('services.'));
  return (path) => {
    const [top, name, ...rest] = path;
    if (isTouched(formatPath(path), earlier)) return true;
    if (top !== 'services') return false;
    if (rest.length === 0) return hasBrokenService && isExtending(String(name), [...documents.values()].flat());
    const kind = RESOURCE_KINDS.find((resource) => rest.includes(resource)) ?? 'services';
    return definitions.some((wrong) => isDefinitionOf(kind, wrong));
  };
}

function isExtending(service: string, documents: readonly Node[]): boolean {
  return documents.some(
    (document) => childOf(childOf(childOf(document, 'services'), service), 'extends') !== undefined,
  );
}

/** An unknown key at the top may have been meant for any kind. */
function isDefinitionOf(kind: string, path: string): boolean {
  return path === kind || path.startsWith(`${kind}.`) || !/[.[]/.test(path);
}
