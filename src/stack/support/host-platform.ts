import type { CheckedStack } from '../load-types.ts';
import { makeProblem, type Problem } from '../problems.ts';
import { findPosition } from '../tree/node.ts';

/** In the values of an attribute that stands for the machine's own platform. */
export const HOST_PLATFORM = '<host platform>';

/** `os/arch` of this machine. */
export function ownPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
}

/** Whether a platform is that of the host; `linux/arm64/v8` is what arm64 means. */
export function isHostPlatform(platform: string, host: string): boolean {
  return platform === host || (host === 'linux/arm64' && platform === 'linux/arm64/v8');
}

/** The platform of services that name none. One problem is enough: it is one variable. */
export function defaultPlatformProblems({ project, tree, lookup }: CheckedStack, hostPlatform: string): Problem[] {
  const platform = lookup('DOCKER_DEFAULT_PLATFORM') ?? '';
  if (platform === '' || isHostPlatform(platform, hostPlatform)) return [];
  const concerned = Object.entries(project.services).find(([, service]) => service.platform === undefined);
  if (concerned === undefined) return [];
  const path = ['services', concerned[0]];
  const message = `DOCKER_DEFAULT_PLATFORM ${platform}, which services without \`platform\` have, is not supported yet`;
  return [
    makeProblem('error', findPosition(tree, path), path, message, `supported: ${hostPlatform}; unset the variable`),
  ];
}
