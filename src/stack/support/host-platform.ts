import type { CheckedStack } from '../load-types.ts';
import { makeProblem, type Problem } from '../problems.ts';
import { findPosition } from '../tree/node.ts';

/** `os/arch` of this machine. */
export function ownPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
}

/** Whether a platform is that of the host; `linux/arm64/v8` is what arm64 means. */
function isHostPlatform(platform: string, host: string): boolean {
  return platform === host || (host === 'linux/arm64' && platform === 'linux/arm64/v8');
}

/** What is built here is of this machine's platform, whatever nodes there are. */
export function builtPlatformProblems({ project, tree }: CheckedStack, hostPlatform: string): Problem[] {
  return Object.entries(project.services).flatMap(([name, { build, platform = '' }]) => {
    if (build === undefined || platform === '' || isHostPlatform(platform, hostPlatform)) return [];
    const path = ['services', name, 'platform'];
    const message = `platform "${platform}" of an image that is built is not supported yet`;
    return [makeProblem('error', findPosition(tree, path), path, message, `supported: ${hostPlatform}`)];
  });
}

/** The platform of services that name none. One problem is enough: it is one variable. */
export function defaultPlatformProblems({ project, tree, lookup }: CheckedStack, hostPlatform: string): Problem[] {
  const platform = lookup('DOCKER_DEFAULT_PLATFORM') ?? '';
  if (platform === '' || isHostPlatform(platform, hostPlatform)) return [];
  const concerned = Object.entries(project.services).find(([, service]) => (service.platform ?? '') === '');
  if (concerned === undefined) return [];
  const path = ['services', concerned[0]];
  const message = `DOCKER_DEFAULT_PLATFORM ${platform}, which services without \`platform\` have, is not supported yet`;
  return [
    makeProblem('error', findPosition(tree, path), path, message, `supported: ${hostPlatform}; unset the variable`),
  ];
}
