import type { CheckContext } from './report.ts';

/** Secrets and configs have exactly one source; what is external is not described. */
export function checkResources(context: CheckContext): void {
  const { project } = context;
  for (const [key, config] of Object.entries(project.configs)) {
    checkSource('configs', key, config, ['file', 'environment', 'content'], context);
  }
  for (const [key, secret] of Object.entries(project.secrets)) {
    checkSource(
      'secrets',
      key,
      secret,
      secret.driver === undefined ? ['file', 'environment'] : ['file', 'environment', 'driver'],
      context,
    );
  }
  for (const [key, volume] of Object.entries(project.volumes)) {
    if (volume.external !== true) continue;
    for (const extra of otherKeys(volume)) {
      context.error(['volumes', key, extra], `volume "${key}" is external: it cannot set ${extra} as well`);
    }
  }
  for (const [key, network] of Object.entries(project.networks)) {
    if (network.external !== true) continue;
    for (const extra of otherKeys(network)) {
      context.warning(['networks', key, extra], `network "${key}" is external: ${extra} has no effect`);
    }
  }
}

function checkSource(
  kind: string,
  key: string,
  definition: object & { external?: boolean },
  sources: readonly string[],
  context: CheckContext,
): void {
  const present = sources.filter((source) => Object.hasOwn(definition, source));
  if (definition.external === true) {
    for (const source of present)
      context.warning([kind, key, source], `${kind}.${key} is external: ${source} has no effect`);
  } else if (present.length > 1) {
    context.error([kind, key], `${kind}.${key}: ${present.join(', ')} are mutually exclusive`);
  } else if (present.length === 0) {
    context.error([kind, key], `${kind}.${key}: one of ${sources.join(', ')} must be set`, 'or external: true');
  }
}

function otherKeys(definition: object): string[] {
  return Object.keys(definition).filter((key) => key !== 'name' && key !== 'external' && !key.startsWith('x-'));
}
