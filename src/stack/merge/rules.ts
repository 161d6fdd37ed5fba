import { childText, type MapNode } from '../tree/node.ts';

/**
 * How a value of a later file meets one of an earlier file. Without a rule: mappings merge key by key, lists append, scalars
 * replace, and an empty value in the later file changes nothing.
 */
type MergeRule =
  /** The later value stands alone. */
  | 'replace'
  /** Likewise, and even an empty one counts: it means "the image's" or "inherit". */
  | 'replace-also-by-null'
  /** Options of two different drivers do not mix. */
  | 'same-driver'
  /** Entries of equal subnet merge, others append. */
  | 'by-subnet';

const RULES: Readonly<Record<string, MergeRule>> = {
  'services.*.command': 'replace-also-by-null',
  'services.*.entrypoint': 'replace-also-by-null',
  'services.*.environment.*': 'replace-also-by-null',
  'services.*.build.args.*': 'replace-also-by-null',
  'services.*.healthcheck.test': 'replace',
  'services.*.ulimits.*': 'replace',
  'services.*.build.ulimits.*': 'replace',
  'services.*.logging': 'same-driver',
  'networks.*.ipam.config': 'by-subnet',
};

/** The rules as a tree that is walked together with the values. */
export interface RuleTree {
  rule?: MergeRule;
  readonly keys: Map<string, RuleTree>;
}

/** Rules from the root of a stack file. */
export const FILE_RULES = buildRules();

/** Rules of one service, for `extends`. */
export const SERVICE_RULES = childRules(childRules(FILE_RULES, 'services'), '*');

export function childRules(rules: RuleTree | undefined, key: string): RuleTree | undefined {
  return rules?.keys.get(key) ?? rules?.keys.get('*');
}

/** True when two logging blocks speak of one driver. */
export function namesSameDriver(base: MapNode, over: MapNode): boolean {
  const first = childText(base, 'driver');
  const second = childText(over, 'driver');
  return first === undefined || second === undefined || first === second;
}

function buildRules(): RuleTree {
  const root: RuleTree = { keys: new Map() };
  for (const [pattern, rule] of Object.entries(RULES)) {
    let tree = root;
    for (const key of pattern.split('.')) {
      let next = tree.keys.get(key);
      if (next === undefined) tree.keys.set(key, (next = { keys: new Map() }));
      tree = next;
    }
    tree.rule = rule;
  }
  return root;
}
