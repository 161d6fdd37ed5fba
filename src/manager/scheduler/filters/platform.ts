import type { NodeObject } from '../../../model/objects.ts';
import type { ServiceSpec } from '../../../model/spec.ts';
import { architectureOf } from '../node-attributes.ts';
import type { Filter } from './filter.ts';

/** `platform` of the service: images run on the architecture that they were built for. */
export const platform: Filter = {
  name: 'platform',
  looksAt: 'task',
  isAsked: ({ task }) => task.spec.deploy.placement.architecture !== null,
  check: ({ task, node }) => hasPlatform(task.spec, node),
  explain: ({ task, node }) =>
    `of ${platformOf(node)} rather than linux/${task.spec.deploy.placement.architecture ?? ''}`,
};

/** Whether the node is of the platform that the service names, if it names one. */
export function hasPlatform({ deploy: { placement } }: Pick<ServiceSpec, 'deploy'>, node: NodeObject): boolean {
  return placement.architecture === null || placement.architecture === architectureOf(node.description.architecture);
}

/** `linux/amd64` */
export function platformOf({ description }: NodeObject): string {
  return `linux/${architectureOf(description.architecture)}`;
}
