import { TsstackError } from '../../../../src/model/errors.ts';
import type { OciImageConfig } from './image-config.ts';

/** A `--change` of `import` is no instruction that changes a configuration. */
export class ChangeError extends TsstackError {
  constructor(line: string, problem: string) {
    super('invalid', `apply change ${JSON.stringify(line)}: ${problem}`, {
      hint: `expected a Dockerfile instruction: ${Object.keys(instructions).join(', ')}`,
    });
  }
}

type Change = (config: OciImageConfig, value: string, line: string) => OciImageConfig;

const instructions: Readonly<Record<string, Change>> = {
  CMD: (config, value, line) => ({ ...config, Cmd: command(value, line) }),
  ENTRYPOINT: (config, value, line) => ({ ...config, Entrypoint: command(value, line) }),
  ENV: (config, value, line) => ({ ...config, Env: mergeEnvironment(config.Env, pairs(value, line)) }),
  EXPOSE: (config, value) => ({ ...config, ExposedPorts: union(config.ExposedPorts, words(value).map(port)) }),
  LABEL: (config, value, line) => ({
    ...config,
    Labels: { ...config.Labels, ...Object.fromEntries(pairs(value, line)) },
  }),
  ONBUILD: (config, value) => ({ ...config, OnBuild: [...config.OnBuild, value] }),
  STOPSIGNAL: (config, value) => ({ ...config, StopSignal: value }),
  USER: (config, value) => ({ ...config, User: value }),
  VOLUME: (config, value, line) => ({
    ...config,
    Volumes: union(config.Volumes, jsonStrings(value, line) ?? words(value)),
  }),
  WORKDIR: (config, value) => ({ ...config, WorkingDir: value }),
};

/** Applies Dockerfile instructions to a configuration, as `docker import --change` does. */
export function applyChanges(config: OciImageConfig, lines: readonly string[]): OciImageConfig {
  return lines.reduce((current, line) => {
    const [, name = '', value = ''] = /^\s*([A-Za-z]+)\s*(.*?)\s*$/s.exec(line) ?? [];
    const change = instructions[name.toUpperCase()];
    if (change === undefined) throw new ChangeError(line, 'unknown instruction');
    if (value === '') throw new ChangeError(line, 'a value is missing');
    return change(current, value, line);
  }, config);
}

/** The exec form (a JSON list), or a line for the shell. */
function command(value: string, line: string): string[] {
  return jsonStrings(value, line) ?? ['/bin/sh', '-c', value];
}

function jsonStrings(value: string, line: string): string[] | null {
  if (!value.startsWith('[')) return null;
  try {
    const list: unknown = JSON.parse(value);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // Told below: the value looks like a list but is none.
  }
  throw new ChangeError(line, 'the list is no JSON array of strings');
}

/** Words in the manner of a shell: quotes group, a backslash takes the next character as it is. */
function words(value: string): string[] {
  const found = value.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs) ?? [];
  return found.map((word) =>
    word.replace(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
      (_match, double?: string, single?: string, escaped?: string) =>
        double === undefined ? (single ?? escaped ?? '') : double.replace(/\\(["\\$])/g, '$1'),
    ),
  );
}

/** `KEY=VALUE …`, or the old form `KEY VALUE`. */
function pairs(value: string, line: string): [string, string][] {
  const parts = words(value);
  if (parts[0]?.includes('=') === false) {
    const [, key = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(value) ?? [];
    if (key === '') throw new ChangeError(line, 'expected KEY=VALUE');
    return [[key, rest]];
  }
  return parts.map((part) => {
    const equals = part.indexOf('=');
    if (equals <= 0) throw new ChangeError(line, `expected KEY=VALUE, found ${part}`);
    return [part.slice(0, equals), part.slice(equals + 1)];
  });
}

function mergeEnvironment(current: readonly string[], added: readonly [string, string][]): string[] {
  const merged = new Map(current.map((entry) => [entry.split('=', 1)[0] ?? '', entry]));
  for (const [key, value] of added) merged.set(key, `${key}=${value}`);
  return [...merged.values()];
}

function union(current: readonly string[], added: readonly string[]): string[] {
  return [...new Set([...current, ...added])];
}

function port(text: string): string {
  return text.includes('/') ? text : `${text}/tcp`;
}
