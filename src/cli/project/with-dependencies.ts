import type { StackSpec } from '../../model/spec.ts';

/** Names of the services and of everything that they depend on. */
export function withDependencies(spec: StackSpec, services: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const queue = [...services];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    queue.push(...Object.keys(spec.services[name]?.dependsOn ?? {}));
  }
  return [...found];
}
