import type { CheckedStack } from './load-types.ts';
import { networkProblems } from './networks/network-problems.ts';
import { makeProblem, type Place, type Problem } from './problems.ts';
import { describeNode } from './schema/form.ts';
import {
  FOREIGN_ATTRIBUTES,
  HOST_PLATFORM,
  KEPT_ATTRIBUTES,
  KEPT_FILE_OPTIONS,
  LATER_ATTRIBUTES,
  SUPPORTED_ATTRIBUTES,
  type SupportedAttribute,
} from './supported-attributes.ts';
import {
  childMap,
  childOf,
  findPosition,
  type MapEntry,
  type MapNode,
  type Node,
  type NodePath,
  type ScalarNode,
} from './tree/node.ts';

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
  const gate = new AttributeGate(buildTree(supported), hostPlatform);
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
  return [...gate.problems, ...defaultPlatformProblems(loaded, hostPlatform), ...networkProblems(loaded)];
}

/** The platform of services that name none. One problem is enough: it is one variable. */
function defaultPlatformProblems({ project, tree, lookup }: CheckedStack, hostPlatform: string): Problem[] {
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

/** Rows of the table as a tree of keys. */
interface SupportTree {
  readonly keys: Map<string, SupportTree>;
  row?: SupportedAttribute;
}

class AttributeGate {
  readonly problems: Problem[] = [];
  readonly #tree: SupportTree;
  readonly #hostPlatform: string;

  constructor(tree: SupportTree, hostPlatform: string) {
    this.#tree = tree;
    this.#hostPlatform = hostPlatform;
  }

  check(definition: MapNode, path: NodePath): void {
    const tree = path.reduce<SupportTree | undefined>((parent, key) => step(parent, key), this.#tree);
    this.#checkMap(definition, tree, path);
    this.#noteFileOptions(definition, path);
    const health = childMap(definition, 'healthcheck');
    const interval = health?.entries.get('start_interval');
    if (interval !== undefined && health?.entries.has('start_period') === false) {
      const at = [...path, 'healthcheck', 'start_interval'];
      this.#report(interval, at, 'start_interval has no effect without start_period', 'add start_period');
    }
  }

  #noteFileOptions(definition: MapNode, path: NodePath): void {
    const logging = childMap(definition, 'logging');
    const driver = logging === undefined ? undefined : childOf(logging, 'driver');
    if (driver?.kind === 'scalar' && driver.value !== 'json-file') return;
    for (const [option, entry] of childMap(logging, 'options')?.entries ?? []) {
      if (!KEPT_FILE_OPTIONS.includes(option)) continue;
      const message = `${option} is kept without an effect: with the driver json-file, logs have lines and times only`;
      const at = [...path, 'logging', 'options', option];
      this.problems.push(makeProblem('warning', entry, at, message, 'journald takes it'));
    }
  }

  #checkMap(node: MapNode, tree: SupportTree | undefined, path: NodePath): void {
    for (const [key, entry] of node.entries) {
      if (key.startsWith('x-') && !path.some((step) => step === 'labels' || step === 'environment')) continue;
      if (LATER_ATTRIBUTES.some((row) => matchesPath(row, [...path, key]))) continue;
      this.#noteKept([...path, key], entry);
      this.#checkValue(entry.value, step(tree, key), [...path, key], entry);
    }
  }

  #noteKept(path: NodePath, at: MapEntry): void {
    const kept = KEPT_ATTRIBUTES.find((row) => matchesPath(row.path, path));
    if (kept === undefined || isNull(at.value)) return;
    const isConcerned =
      kept.values === undefined || (at.value.kind === 'scalar' && kept.values.includes(String(at.value.value)));
    if (!isConcerned) return;
    const attribute = path.findLast((step) => typeof step === 'string') ?? '';
    this.problems.push(makeProblem('warning', at, path, `${attribute} ${kept.note}`));
  }

  #checkValue(node: Node, tree: SupportTree | undefined, path: NodePath, at: Place): void {
    if (node.kind === 'scalar' && node.value === null) return;
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
    if (values === undefined || values.some((value) => this.#matches(value, node.value))) return;
    const foreign = reasonOf(path, String(node.value));
    const shown =
      tree.row?.shown ??
      values.map((value) => (value === HOST_PLATFORM ? this.#hostPlatform : String(value))).join(', ');
    const attribute = path.findLast((step) => typeof step === 'string') ?? '';
    const message =
      foreign === undefined ? `${attribute} ${describeNode(node)} is not supported yet` : `${attribute} ${foreign}`;
    this.#report(node, path, message, `supported: ${shown}`);
  }

  #matches(allowed: string | boolean | RegExp, value: ScalarNode['value']): boolean {
    if (allowed instanceof RegExp) return allowed.test(String(value));
    if (allowed === HOST_PLATFORM) return isHostPlatform(String(value), this.#hostPlatform);
    return allowed === value;
  }

  #unsupported(path: NodePath, at: Place): void {
    const foreign = reasonOf(path);
    const attribute = path.findLast((step) => typeof step === 'string') ?? '';
    if (foreign === undefined)
      this.#report(at, path, `${attribute} is not supported yet`, 'remove it; "config" accepts it');
    else this.#report(at, path, `${attribute} ${foreign}`, 'remove it');
  }

  #report(at: Place, path: NodePath, message: string, hint: string): void {
    this.problems.push(makeProblem('error', at, path, message, hint));
  }
}

function buildTree(supported: readonly SupportedAttribute[]): SupportTree {
  const root: SupportTree = { keys: new Map() };
  for (const row of supported) {
    let tree = root;
    for (const key of row.path.split('.')) {
      let next = tree.keys.get(key);
      if (next === undefined) tree.keys.set(key, (next = { keys: new Map() }));
      tree = next;
    }
    tree.row = row;
  }
  return root;
}

function step(tree: SupportTree | undefined, key: string | number): SupportTree | undefined {
  return tree?.keys.get(String(key)) ?? tree?.keys.get('*');
}

function reasonOf(path: NodePath, value?: string): string | undefined {
  return FOREIGN_ATTRIBUTES.find(({ path: pattern, values }) => {
    if (values !== undefined && !(value !== undefined && values.includes(value))) return false;
    return isAtOrBelow(path, pattern);
  })?.reason;
}

function matchesPath(pattern: string, path: NodePath): boolean {
  const keys = pattern.split('.');
  return keys.length === path.length && keys.every((key, index) => key === '*' || key === path[index]);
}

function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function isAtOrBelow(path: NodePath, pattern: string): boolean {
  const keys = pattern.split('.');
  return keys.length <= path.length && keys.every((key, index) => key === '*' || key === path[index]);
}

/** `linux/arm64/v8` is what arm64 means. */
function isHostPlatform(platform: string, host: string): boolean {
  return platform === host || (host === 'linux/arm64' && platform === 'linux/arm64/v8');
}

function ownPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
}
