import { FOREIGN_ATTRIBUTES } from './foreign-attributes.ts';
import type { SupportedAttribute } from './supported-attribute.ts';
import { SUPPORTED_ATTRIBUTES } from './supported-attributes.ts';

/** What this version does with an attribute that it can read. */
export interface AttributeSupport {
  /** `read`: it is used while the file is loaded; `foreign`: no Linux host can honour it. */
  readonly kind: 'read' | 'honoured' | 'partly' | 'not yet' | 'foreign';
  /** The values that are honoured, or the reason; null = all. */
  readonly values: string | null;
  /** One value only is taken, the one that changes nothing. */
  readonly isFixed: boolean;
}

const READ_WHILE_LOADING =
  /^(version|name|include(\..*)?|services|services\.\*\.extends(\..*)?|[a-z]+\.\*\.external\.name)$/;

/** How far the attribute at a path (with `*` for names and indexes) is supported. */
export function supportOf(path: string): AttributeSupport {
  if (READ_WHILE_LOADING.test(path)) return { kind: 'read', values: null, isFixed: false };
  const own = SUPPORTED_ATTRIBUTES.filter((row) => coversPath(row, path));
  const foreign = FOREIGN_ATTRIBUTES.find((row) => path === row.path || path.startsWith(`${row.path}.`));
  if (own.length === 0) {
    const isParent = SUPPORTED_ATTRIBUTES.some((row) => row.path.startsWith(`${path}.`));
    if (isParent) return { kind: 'partly', values: null, isFixed: false };
    if (foreign !== undefined) return { kind: 'foreign', values: foreign.reason, isFixed: false };
    return { kind: 'not yet', values: null, isFixed: false };
  }
  const limited = own.find((row) => row.values !== undefined);
  if (limited === undefined) return { kind: 'honoured', values: null, isFixed: false };
  return { kind: 'honoured', values: shownValues(limited), isFixed: isFixed(limited) };
}

/** `command.**` is the row of `command` and of all below it, `cap_add.*` that of `cap_add`. */
function coversPath({ path: row }: SupportedAttribute, path: string): boolean {
  if (row === path || row === `${path}.*` || row === `${path}.**`) return true;
  return row.endsWith('.**') && path.startsWith(row.slice(0, -2));
}

function shownValues({ shown, values = [] }: SupportedAttribute): string {
  return shown ?? values.map((value) => `\`${String(value)}\``).join(', ');
}

function isFixed({ values = [] }: SupportedAttribute): boolean {
  return values.length === 1 && !(values[0] instanceof RegExp);
}
