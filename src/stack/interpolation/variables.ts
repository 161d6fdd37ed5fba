import type { Node } from '../tree/node.ts';
import { parseTemplate, TemplateError, type Variable } from './template.ts';

/** A variable that a stack file uses, named as `config --variables --format json` prints it. */
export interface VariableUse {
  readonly Name: string;
  readonly DefaultValue: string;
  readonly PresenceValue: string;
  readonly Required: boolean;
}

/** Every variable of the trees, those in defaults and replacements included. */
export function collectVariables(roots: Iterable<Node>): Map<string, VariableUse> {
  const found = new Map<string, VariableUse>();
  for (const root of roots) visit(root, found);
  return found;
}

function visit(node: Node, found: Map<string, VariableUse>): void {
  if (node.kind === 'map') for (const entry of node.entries.values()) visit(entry.value, found);
  else if (node.kind === 'list') for (const item of node.items) visit(item, found);
  else if (typeof node.value === 'string') collectFromText(node.value, found);
}

function collectFromText(text: string, found: Map<string, VariableUse>): void {
  if (!text.includes('$')) return;
  let parts: (string | Variable)[];
  try {
    parts = parseTemplate(text);
  } catch (error) {
    if (error instanceof TemplateError) return; // loading reports it, with its place
    throw error;
  }
  for (const part of parts) {
    if (typeof part === 'string') continue;
    const use = describe(part);
    // A use that says more (a default, a demand) tells more than a bare one.
    if (part.operator !== null || !found.has(part.name)) found.set(part.name, use);
    collectFromText(part.argument, found);
  }
}

function describe({ name, operator, argument }: Variable): VariableUse {
  return {
    Name: name,
    DefaultValue: operator === ':-' || operator === '-' ? argument : '',
    PresenceValue: operator === ':+' || operator === '+' ? argument : '',
    Required: operator === ':?' || operator === '?',
  };
}
