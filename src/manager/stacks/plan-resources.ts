/** Networks, volumes, secrets and configs that the selected services use. Pure. */
import { canonicalJson } from '../../model/canonical-json.ts';
import type { PayloadObject } from '../../model/objects.ts';
import type { PayloadSpec, StackSpec } from '../../model/spec.ts';
import { InvalidRequestError, NotFoundError } from '../errors.ts';
import { networkIdentity } from '../orchestrators/replicated/spec-hash.ts';
import type { StoreView } from '../store/object-index.ts';
import { checkStaticAddresses, checkSubnet } from './check-addresses.ts';
import { checkEncrypted } from './check-encrypted.ts';
import { checkLinks } from './check-links.ts';
import {
  findForeignNetwork,
  findForeignPayload,
  findOwnNetwork,
  findOwnVolume,
  findPayload,
  findVolumeContent,
  usedKeys,
} from './find-resources.ts';
import type { ApplyOptions } from './apply-options.ts';
import { planChangedVolume } from './plan-changed-volume.ts';
import type { ReplaceVolume, StackStep } from './stack-step.ts';

/** What the networks, volumes, secrets and configs of the selected services need. */
export interface ResourcePlan {
  readonly steps: readonly StackStep[];
  readonly warnings: readonly string[];
  readonly questions: readonly ReplaceVolume[];
}

/** Steps for what is missing or changed; throws when something declared external does not exist. */
export function planResources(
  view: StoreView,
  spec: StackSpec,
  selected: ReadonlySet<string>,
  options: ApplyOptions,
): ResourcePlan {
  const used = usedKeys(Object.values(spec.services).filter(({ name }) => selected.has(name)));
  for (const name of selected) {
    const service = spec.services[name];
    if (service === undefined) continue;
    checkStaticAddresses(service, spec.networks);
    checkLinks(view, spec, service);
  }
  const warnings: string[] = [];
  const questions: ReplaceVolume[] = [];
  const steps = [
    ...[...used.networks].flatMap((key) => planNetwork(view, spec, key, warnings)),
    ...[...used.volumes].flatMap((key) => planVolume(view, spec, key, { options, warnings, questions })),
    ...[...used.secrets].flatMap((key) => planPayload(view, spec, 'secret', key)),
    ...[...used.configs].flatMap((key) => planPayload(view, spec, 'config', key)),
  ];
  return { steps, warnings, questions };
}

/** A network of somebody else is only referred to: the stack gets an object that is marked external and stands for it by its name. */
function planNetwork(view: StoreView, spec: StackSpec, key: string, warnings: string[]): readonly StackStep[] {
  const wanted = declared(spec.networks[key], 'network', key);
  checkEncrypted(view, wanted);
  const own = findOwnNetwork(view, spec.name, key);
  const foreign = findForeignNetwork(view, spec.name, wanted.name);
  if (foreign === undefined && wanted.external) throw missingExternal('network', key, wanted.name);
  const isForeign = foreign !== undefined && (wanted.external || own === undefined || own.spec.external);
  const stored = isForeign ? { ...wanted, external: true } : wanted;
  if (isForeign && !wanted.external) warnings.push(foreignWarning('network', wanted.name));
  if (own !== undefined && isSame(networkIdentity(own.spec), networkIdentity(stored)))
    return isForeign || isSame(own.spec, stored) ? [] : [{ type: 'update-network', key, before: own, spec: stored }];
  if (!isForeign) checkSubnet(view, spec.name, key, wanted);
  return [{ type: 'create-network', key, owner: isForeign ? 'foreign' : 'own', before: own ?? null }];
}

interface VolumeContext {
  readonly options: ApplyOptions;
  readonly warnings: string[];
  readonly questions: ReplaceVolume[];
}

function planVolume(
  view: StoreView,
  spec: StackSpec,
  key: string,
  { options, warnings, questions }: VolumeContext,
): readonly StackStep[] {
  const wanted = declared(spec.volumes[key], 'volume', key);
  const content = findVolumeContent(view, wanted.name);
  if (content === undefined && wanted.external) throw missingExternal('volume', key, wanted.name);
  const own = findOwnVolume(view, spec.name, key, wanted.name);
  if (own !== undefined) {
    const verdict = planChangedVolume(own, wanted, options);
    if (verdict.kind === 'keep') warnings.push(verdict.warning);
    if (verdict.kind === 'ask') questions.push(verdict.step);
    return verdict.kind === 'replace' ? [verdict.step] : [];
  }
  if (content === undefined) return [{ type: 'create-volume', key, owner: 'own' }];
  if (!wanted.external) warnings.push(foreignWarning('volume', wanted.name));
  return [{ type: 'create-volume', key, owner: 'foreign' }];
}

function planPayload(view: StoreView, spec: StackSpec, kind: 'secret' | 'config', key: string): readonly StackStep[] {
  const wanted = declared((kind === 'secret' ? spec.secrets : spec.configs)[key], kind, key);
  const before = findPayload(view, kind, spec.name, key) ?? null;
  if (wanted.external) return planForeignPayload(view, spec, kind, key, before, wanted);
  if (before !== null && isSame(withoutContent(before.spec), withoutContent(wanted))) return [];
  if (wanted.content === null) throw new InvalidRequestError(`${kind} ${key} has no content`);
  return [{ type: 'write-payload', kind, key, before }];
}

/** The stack gets an object that is marked external and stands for the other one by its name. */
function planForeignPayload(
  view: StoreView,
  spec: StackSpec,
  kind: 'secret' | 'config',
  key: string,
  before: PayloadObject | null,
  wanted: PayloadSpec,
): readonly StackStep[] {
  if (findForeignPayload(view, kind, spec.name, wanted.name) === undefined)
    throw missingExternal(kind, key, wanted.name);
  const isThere = before !== null && before.spec.external && before.name === wanted.name;
  return isThere ? [] : [{ type: 'refer-payload', kind, key, before }];
}

/** A payload as its document has it: the content is stored beside it, and the digest stands for it. */
export function withoutContent(spec: PayloadSpec): PayloadSpec {
  return { ...spec, content: null };
}

function declared<Spec>(spec: Spec | undefined, kind: string, key: string): Spec {
  if (spec === undefined) throw new InvalidRequestError(`service refers to undefined ${kind} ${key}`);
  return spec;
}

/** Ways to make what a file says that it does not make itself. */
const createCommands = {
  network: 'network create',
  volume: 'volume create',
  secret: 'secret create',
  config: 'config-object create',
} as const;

function missingExternal(kind: keyof typeof createCommands, key: string, name: string): NotFoundError {
  const from = kind === 'secret' || kind === 'config' ? ' FILE' : '';
  return new NotFoundError(`${kind} ${name} declared as external, but could not be found`, {
    hint: `make it with \`tsstack ${createCommands[kind]} ${name}${from}\``,
    keys: [`${kind}s`, key, 'external'],
  });
}

function foreignWarning(kind: string, name: string): string {
  return `${kind} ${name} exists already but was not made for this stack: it is used as it is; say \`external: true\` if that is meant`;
}

function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson([a]) === canonicalJson([b]);
}
