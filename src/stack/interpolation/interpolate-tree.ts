import type { Diagnostics } from '../diagnostics.ts';
import { brokenNode, listNode, mapNode, scalarNode, type MapEntry, type Node, type ScalarNode } from '../tree/node.ts';
import { RequiredVariableError, substitute, type Lookup } from './substitute.ts';
import { TemplateError } from './template.ts';

/** Replaces the variables in every string value of a tree, never in keys. What does not change is shared with the old tree. */
export function interpolateTree(root: Node, lookup: Lookup, diagnostics: Diagnostics): Node {
  return new TreeInterpolator(lookup, diagnostics).visit(root);
}

class TreeInterpolator {
  readonly #lookup: Lookup;
  readonly #diagnostics: Diagnostics;
  readonly #path: (string | number)[] = [];

  constructor(lookup: Lookup, diagnostics: Diagnostics) {
    this.#lookup = lookup;
    this.#diagnostics = diagnostics;
  }

  visit(node: Node): Node {
    if (node.kind === 'scalar') {
      return typeof node.value === 'string' && node.value.includes('$') ? this.#replace(node, node.value) : node;
    }
    if (node.kind === 'list') {
      const items = node.items.map((item, index) => this.#child(index, item));
      return items.every((item, index) => item === node.items[index]) ? node : listNode(items, node, node.tag);
    }
    let changed: Map<string, MapEntry> | undefined;
    for (const [key, entry] of node.entries) {
      const value = this.#child(key, entry.value);
      if (value === entry.value) continue;
      changed ??= new Map(node.entries);
      changed.set(key, { value, file: entry.file, offset: entry.offset });
    }
    return changed === undefined ? node : mapNode(changed, node, node.tag);
  }

  #child(key: string | number, value: Node): Node {
    this.#path.push(key);
    const result = this.visit(value);
    this.#path.pop();
    return result;
  }

  #replace(node: ScalarNode, text: string): Node {
    try {
      const value = substitute(text, this.#lookup, (name) => {
        const message = `variable "${name}" is not set; it becomes empty`;
        this.#diagnostics.warning(placeIn(node, `$${name}`, `\${${name}`), this.#path, message);
      });
      return scalarNode(value, node, node.tag);
    } catch (error) {
      if (error instanceof TemplateError) {
        const hint = 'write $$ for a $ that is no variable';
        this.#diagnostics.error(placeIn(node, error.text), this.#path, error.message, hint);
      } else if (error instanceof RequiredVariableError) {
        this.#diagnostics.error(placeIn(node, `\${${error.variable}`), this.#path, error.message);
      } else throw error;
      return brokenNode(node);
    }
  }
}

/** The place of an expression inside its scalar, as far as the text was written without escapes. */
function placeIn(node: ScalarNode, ...candidates: string[]): { file: ScalarNode['file']; offset: number } {
  // Block scalars and quoted text are longer in the file than their value; twice its length covers both.
  const window = node.file.text.slice(node.offset, node.offset + 2 * String(node.value).length + 64);
  for (const candidate of candidates) {
    const at = window.indexOf(candidate);
    if (at >= 0) return { file: node.file, offset: node.offset + at };
  }
  return node;
}
