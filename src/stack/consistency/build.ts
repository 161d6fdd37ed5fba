import { didYouMean } from '../suggest.ts';
import type { ServiceCheck } from './report.ts';

/** What a build says must be possible: one recipe, contexts of services that are built, the platform that is run. */
export const checkBuild: ServiceCheck = (name, service, context) => {
  const { build } = service;
  if (build === undefined) return;
  const path = ['services', name, 'build'];
  if (build.dockerfile !== undefined && build.dockerfile_inline !== undefined) {
    context.error(
      [...path, 'dockerfile_inline'],
      `service "${name}" declares mutually exclusive dockerfile and dockerfile_inline`,
    );
  }
  for (const [key, value] of Object.entries(build.additional_contexts ?? {})) {
    if (!value.startsWith('service:')) continue;
    const target = value.slice('service:'.length);
    const other = context.project.services[target];
    const at = [...path, 'additional_contexts', key];
    if (other === undefined) {
      const hint = didYouMean(target, Object.keys(context.project.services));
      context.error(at, `service "${name}" takes a build context from undefined service "${target}"`, hint);
    } else if (other.build === undefined) {
      context.error(at, `service "${name}" takes a build context from service "${target}", which is not built`);
    }
  }
  const platforms = build.platforms ?? [];
  if (service.platform !== undefined && platforms.length > 0 && !platforms.includes(service.platform)) {
    context.error([...path, 'platforms'], `build.platforms must include the service's platform ${service.platform}`);
  }
};
