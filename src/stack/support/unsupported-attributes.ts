import type { CheckedStack } from '../load-types.ts';
import { networkProblems } from '../networks/network-problems.ts';
import { makeProblem, type Place, type Problem } from '../problems.ts';
import { describeNode } from '../schema/form.ts';
import { childMap, childOf, isNull, type MapNode, type Node, type NodePath, type ScalarNode } from '../tree/node.ts';
import { attributeOf } from './attribute-path.ts';
import { reasonOf } from './foreign-attributes.ts';
import { builtPlatformProblems, defaultPlatformProblems, ownPlatform } from './host-platform.ts';
import { isForLater, keptFileOptions } from './kept-attributes.ts';
import { buildTree, step, type SupportTree } from './support-tree.ts';
import type { SupportedAttribute } from './supported-attribute.ts';
import { SUPPORTED_ATTRIBUTES } from './supported-attributes.ts';
import { impossibleValues } from './impossible-values.ts';

export interface GateOptions {
  /** Default: what this version supports. */
  readonly supported?: readonly SupportedAttribute[];
  /** `os/arch` of the host. Default: this machine's. */
  readonly hostPlatform?: string;
}

/**
 * What a loaded stack says that this version cannot do, each with its place: commands that run containers refuse such a stack,
 * so that nothing in a file is ever ignored. Empty when all is well.
 */
export function unsupportedAttributes(loaded: CheckedStack, options: GateOptions = {}): Problem[] {
  const { supported = SUPPORTED_ATTRIBUTES, hostPlatform = ownPlatform() } = options;
  const gate = new AttributeGate(buildTree(supported));
  const { project } = loaded;
  const selected = { services: project.services, networks: project.networks, volumes: project.volumes };
  for (const [kind, definitions] of Object.entries({
    ...selected,
    configs: project.configs,
    secrets: project.secrets,
    models: project.models,
  })) {
    for (const name of Object.keys(definitions ?? {})) {
      const definition = childOf(childMap(loaded.tree, kind), name);
      if (definition?.kind === 'map') gate.check(definition, [kind, name]);
    }
  }
  const platforms = [builtPlatformProblems, defaultPlatformProblems].flatMap((check) => check(loaded, hostPlatform));
  return [...gate.problems, ...platforms, ...networkProblems(loaded), ...impossibleValues(loaded)];
}

class AttributeGate {
  readonly problems: Problem[] = [];
  readonly #tree: SupportTree;

  constructor(tree: SupportTree) {
    this.#tree = tree;
  }

  check(definition: MapNode, path: NodePath): void {
    const tree = path.reduce<SupportTree | undefined>((parent, key) => step(parent, key), this.#tree);
    this.#checkMap(definition, tree, path);
    this.problems.push(...keptFileOptions(definition, path));
    const health = childMap(definition, 'healthcheck');
    const interval = health?.entries.get('start_interval');
    if (interval !== undefined && health?.entries.has('start_period') === false) {
      const at = [...path, 'healthcheck', 'start_interval'];
      this.#report(interval, at, 'start_interval has no effect without start_period', 'add start_period');
    }
  }

  #checkMap(node: MapNode, tree: SupportTree | undefined, path: NodePath): void {
    for (const [key, entry] of node.entries) {
      if (key.startsWith('x-') && !path.some((step) => step === 'labels' || step === 'environment')) continue;
      const at = [...path, key];
      if (isForLater(at)) continue;
      this.#checkValue(entry.value, step(tree, key), at, entry);
    }
  }

  #checkValue(node: Node, tree: SupportTree | undefined, path: NodePath, at: Place): void {
    if (isNull(node)) return;
    if (tree === undefined) this.#unsupported(path, at);
    else if (tree.keys.has('**')) return;
    else if (node.kind === 'map') this.#checkMap(node, tree, path);
    else if (node.kind === 'list') {
      for (const [index, item] of node.items.entries())
        this.#checkValue(item, step(tree, index), [...path, index], item);
    } else this.#checkScalar(node, tree, path, at);
  }

  #checkScalar(node: ScalarNode, tree: SupportTree, path: NodePath, at: Place): void {
    const values = tree.row?.values;
    if (tree.row === undefined) this.#unsupported(path, at);
    if (values === undefined || values.some((value) => matches(value, node.value))) return;
    const foreign = reasonOf(path, String(node.value));
    const shown = tree.row?.shown ?? values.map(String).join(', ');
    const attribute = attributeOf(path);
    const message =
      foreign === undefined ? `${attribute} ${describeNode(node)} is not supported yet` : `${attribute} ${foreign}`;
    this.#report(node, path, message, `supported: ${shown}`);
  }

  #unsupported(path: NodePath, at: Place): void {
    const foreign = reasonOf(path);
    const attribute = attributeOf(path);
    if (foreign === undefined)
      this.#report(at, path, `${attribute} is not supported yet`, 'remove it; "config" accepts it');
    else this.#report(at, path, `${attribute} ${foreign}`, 'remove it');
  }

  #report(at: Place, path: NodePath, message: string, hint: string): void {
    this.problems.push(makeProblem('error', at, path, message, hint));
  }
}

function matches(allowed: string | boolean | RegExp, value: ScalarNode['value']): boolean {
  return allowed instanceof RegExp ? allowed.test(String(value)) : allowed === value;
}
