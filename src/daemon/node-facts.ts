/** What the operator of a host says of it, for placement: options of the daemon. */
import { TsstackError } from '../model/errors.ts';
import type { NodeDescription } from '../model/objects.ts';
import { parseBytes } from '../stack/units.ts';

export type NodeFacts = Pick<NodeDescription, 'genericResources' | 'engineLabels' | 'systemReserve'>;

/** The texts as they are given. */
export interface NodeFactTexts {
  /** `KIND=3`, or `KIND=NAME,NAME`. */
  readonly genericResources: readonly string[];
  /** `KEY=VALUE` or `KEY`. */
  readonly engineLabels: readonly string[];
  /** A number, as `0.5`; empty = none. */
  readonly reserveCpus: string;
  /** A size, as `512m`; empty = none. */
  readonly reserveMemory: string;
}

/** Throws a TsstackError that names the option which is wrong. */
export function parseNodeFacts(texts: NodeFactTexts): NodeFacts {
  return {
    genericResources: Object.fromEntries(texts.genericResources.map(parseResource)),
    engineLabels: Object.fromEntries(texts.engineLabels.map(parseLabel)),
    systemReserve: { cpus: parseCpus(texts.reserveCpus), memoryBytes: parseMemory(texts.reserveMemory) },
  };
}

function parseResource(text: string): [string, number | readonly string[]] {
  const [, kind = '', value = ''] = /^([A-Za-z0-9][\w.-]*)=(.+)$/.exec(text) ?? [];
  if (/^\d+$/.test(value)) return [kind, Number(value)];
  const names = value.split(',');
  const isWrong = kind === '' || names.includes('') || new Set(names).size !== names.length;
  if (isWrong) throw refuse('--generic-resource', text, 'a kind with a number or with names: ssd=3, gpu=GPU-1,GPU-2');
  return [kind, names];
}

function parseLabel(text: string): [string, string] {
  const [, key = '', value = ''] = /^([^\s=]+)(?:=(.*))?$/.exec(text) ?? [];
  if (key === '') throw refuse('--engine-label', text, 'a label such as zone=a');
  return [key, value];
}

function parseCpus(text: string): number {
  const cpus = Number(text);
  if (!Number.isFinite(cpus) || cpus < 0) throw refuse('--reserve-cpus', text, 'a number of processors such as 0.5');
  return cpus;
}

function parseMemory(text: string): number {
  const bytes = text === '' ? 0n : parseBytes(text);
  if (bytes === undefined || bytes < 0n) throw refuse('--reserve-memory', text, 'a size such as 512m');
  return Number(bytes);
}

function refuse(option: string, text: string, wanted: string): TsstackError {
  return new TsstackError('invalid', `${option}: "${text}" is not ${wanted}`);
}
