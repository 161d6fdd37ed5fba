import { impliedReferences } from '../normalise/references.ts';
import { didYouMean } from '../suggest.ts';
import type { NodePath } from '../tree/node.ts';
import type { CheckContext, ServiceCheck } from './report.ts';

/** Services that a service waits for, links to or shares with must be there and, unless they are optional, be on. */
export const checkDependencies: ServiceCheck = (name, service, context) => {
  const implied = new Map(impliedReferences(service).map(({ service: target, path }) => [target, path]));
  for (const [target, dependency] of Object.entries(service.depends_on ?? {})) {
    if (
      !(dependency.required ?? true) &&
      (context.enabled.has(target) || Object.hasOwn(context.project.services, target))
    )
      continue;
    const path = ['services', name, ...(implied.get(target) ?? ['depends_on', target])];
    if (!context.enabled.has(target)) reportMissing(name, target, path, context);
  }
};

function reportMissing(name: string, target: string, path: NodePath, context: CheckContext): void {
  const disabled = context.project.services[target];
  if (disabled === undefined || !Object.hasOwn(context.project.services, target)) {
    const hint = didYouMean(target, Object.keys(context.project.services));
    context.error(path, `service "${name}" depends on undefined service "${target}"`, hint);
    return;
  }
  const profiles = (disabled.profiles ?? []).join(', ');
  const message = `service "${name}" depends on service "${target}", which is off: none of its profiles (${profiles}) is active`;
  context.error(path, message, `add --profile ${disabled.profiles?.[0] ?? ''}, or required: false`);
}

/** No service may wait for itself, through whomever. */
export function checkCycles(context: CheckContext): void {
  const { services } = context.project;
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): boolean => {
    const start = trail.indexOf(name);
    if (start >= 0) {
      const cycle = [...trail.slice(start), name];
      const path = ['services', cycle.at(-2) ?? name, 'depends_on', name];
      context.error(path, `dependency cycle: ${cycle.join(' -> ')}`);
      return true;
    }
    if (done.has(name) || !context.enabled.has(name)) return false;
    const found = Object.keys(services[name]?.depends_on ?? {}).some((next) => visit(next, [...trail, name]));
    done.add(name);
    return found;
  };
  for (const name of Object.keys(services)) visit(name, []);
}
