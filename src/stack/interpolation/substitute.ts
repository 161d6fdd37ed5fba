import { parseTemplate, type Variable } from './template.ts';

/** The value of a variable, or undefined when it is unset. */
export type Lookup = (name: string) => string | undefined;

/** `${V:?message}` or `${V?message}` of a variable without a value. */
export class RequiredVariableError extends Error {
  readonly variable: string;

  constructor(variable: string, message: string) {
    super(`required variable ${variable} is missing a value${message === '' ? '' : `: ${message}`}`);
    this.name = 'RequiredVariableError';
    this.variable = variable;
  }
}

/**
 * Replaces the variables of a text. Defaults, replacements and messages are evaluated only when they are used.
 * @param onUnset called for each unset variable without a default, which becomes empty
 * @throws TemplateError, RequiredVariableError
 */
export function substitute(text: string, lookup: Lookup, onUnset: (name: string) => void): string {
  if (!text.includes('$')) return text;
  let result = '';
  for (const part of parseTemplate(text)) {
    result += typeof part === 'string' ? part : evaluate(part, lookup, onUnset);
  }
  return result;
}

function evaluate({ name, operator, argument }: Variable, lookup: Lookup, onUnset: (name: string) => void): string {
  const value = lookup(name);
  if (operator === null) {
    if (value === undefined) onUnset(name);
    return value ?? '';
  }
  // With a colon, empty is as good as unset.
  const hasValue = value !== undefined && !(operator.startsWith(':') && value === '');
  const isReplacement = operator.endsWith('+');
  if (hasValue !== isReplacement) return hasValue ? value : '';
  const text = substitute(argument, lookup, onUnset);
  if (operator.endsWith('?')) throw new RequiredVariableError(name, text);
  return text;
}
