/** What is wrong with the networks of a stack, and with the services' places in them, beyond the form of the file. */
import type { CheckedStack } from '../load-types.ts';
import { makeProblem, type Problem } from '../problems.ts';
import { findPosition, type NodePath } from '../tree/node.ts';
import { checkNetwork } from './check-network.ts';
import { checkServiceNetworks } from './check-service-networks.ts';

/** Tells of a problem at the place of a path. */
export type Report = (path: NodePath, message: string, hint?: string) => void;

export function networkProblems({ project, tree }: CheckedStack): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, hint) => {
    problems.push(makeProblem('error', findPosition(tree, path), path, message, hint ?? null));
  };
  for (const [name, service] of Object.entries(project.services)) {
    checkServiceNetworks(['services', name], service, project.networks ?? {}, report);
  }
  for (const [key, network] of Object.entries(project.networks ?? {})) {
    if (network.external !== true) checkNetwork(['networks', key], network, report);
  }
  return problems;
}
