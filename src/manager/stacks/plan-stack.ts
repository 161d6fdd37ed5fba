/** `up`: what has to happen so that the stack is what the file says. Pure: reads the given state, writes nothing, makes no ids. */
import { canonicalJson } from '../../model/canonical-json.ts';
import type { ServiceObject, TaskObject } from '../../model/objects.ts';
import type { PayloadSpec, ServiceSpec, StackSpec } from '../../model/spec.ts';
import { changeReasons } from '../orchestrators/replicated/change-reasons.ts';
import { planService, type ServiceStep } from '../orchestrators/replicated/plan-service.ts';
import { specHash, type PayloadDigests } from '../orchestrators/replicated/spec-hash.ts';
import { nodesWith, suitableNodes } from '../orchestrators/global/suitable-nodes.ts';
import { isUnderWay } from '../orchestrators/update/update-status.ts';
import { isCurrent } from '../tasks/slots.ts';
import { updateManner, type UpdateManner } from './update-manner.ts';
import type { StoreView } from '../store/object-index.ts';
import { inDependencyOrder, withDependencies } from '../tasks/dependencies-of.ts';
import { imageChange } from '../tasks/image-change.ts';
import { isGlobal, isJob } from '../../model/deploy-spec.ts';
import { ownerServices } from '../tasks/shared-tasks.ts';
import type { ApplyOptions } from './apply-options.ts';
import { checkClaims } from './check-claims.ts';
import { checkReplicas } from './check-replicas.ts';
import { checkSharedContainers } from './check-shared-containers.ts';
import { checkPlatforms } from './check-platforms.ts';
import { checkStorageLimits } from './check-storage-limits.ts';
import { isNewOwner, planFollowers } from './plan-followers.ts';
import { checkVolumeUsers } from './plan-changed-volume.ts';
import { findForeignPayload } from './find-resources.ts';
import { planOrphans } from './plan-orphans.ts';
import { planResources } from './plan-resources.ts';
import type { StackPlan, StackStep } from './stack-step.ts';
import { NotFoundError } from '../errors.ts';

/** Which services an apply is about. */
export interface Selection {
  /** Their containers are made what the file says. */
  readonly services: ReadonlySet<string>;
  /** Their networks, volumes, secrets and configs are made as well; those of `services` always are. */
  readonly resourcesOf: ReadonlySet<string>;
}

/** `spec` has the digests of its payloads filled in. Throws typed errors for what cannot be done. */
export function planStack(
  view: StoreView,
  spec: StackSpec,
  options: ApplyOptions,
  selection: Selection = selectServices(spec, options),
): StackPlan {
  const { services: selected } = selection;
  const scaled = scaleServices(spec, options, selected);
  checkClaims(view, scaled, selected);
  checkSharedContainers(view, scaled, selected);
  checkPlatforms(view, scaled, selected);
  checkStorageLimits(view, scaled, selected);
  const resources = planResources(view, scaled, selected.union(selection.resourcesOf), options);
  const volumes = resources.steps.filter((step) => step.type === 'replace-volume');
  const services = planServices(view, scaled, options, selected, new Set(volumes.map(({ key }) => key)));
  const orphans = planOrphans(view, scaled, options.removeOrphans);
  const going = new Set([...services, ...orphans.steps].flatMap(leavingTask));
  for (const { before } of volumes) checkVolumeUsers(view, before, ({ id }) => going.has(id));
  const followers = planFollowers(view, spec.name, services, options);
  const steps = [...planStackObject(view, spec), ...resources.steps, ...orphans.steps, ...services, ...followers];
  const { warnings, questions } = resources;
  return { steps, spec: scaled, orphans: orphans.left, warnings, questions, selected };
}

function leavingTask(step: StackStep): readonly string[] {
  return step.type === 'replace-task' || step.type === 'roll-task' || step.type === 'remove-task' ? [step.task.id] : [];
}

function selectServices(spec: StackSpec, options: ApplyOptions): Selection {
  const known = Object.keys(spec.services);
  for (const name of [...options.services, ...Object.keys(options.scale)]) {
    if (!known.includes(name)) throw new NotFoundError(`no such service: ${name}`);
  }
  const named = options.services.length === 0 ? known : options.services;
  const services = options.noDeps ? new Set(named) : withDependencies(named, spec.services);
  return { services, resourcesOf: services };
}

/** The spec with the numbers of `--scale` in it. */
function scaleServices(spec: StackSpec, options: ApplyOptions, selected: ReadonlySet<string>): StackSpec {
  for (const [name, count] of Object.entries(options.scale)) {
    const service = spec.services[name];
    if (service !== undefined) checkReplicas(service, count);
  }
  const services = Object.entries(spec.services).map(([name, service]): [string, ServiceSpec] => [
    name,
    selected.has(name) ? { ...service, replicas: options.scale[name] ?? service.replicas } : service,
  ]);
  return { ...spec, services: Object.fromEntries(services) };
}

function planStackObject(view: StoreView, spec: StackSpec): readonly StackStep[] {
  const before = view.ofStack('stack', spec.name)[0];
  const isSame =
    before !== undefined &&
    !before.removing &&
    before.workingDir === spec.workingDir &&
    equal([before.files, before.disabledServices], [spec.files, spec.disabledServices]) &&
    equal(before.providers, { ...before.providers, ...spec.providers });
  return isSame ? [] : [{ type: 'write-stack' }];
}

/** What has to happen to containers of the selected services. Owners of namespaces come before those who share them, because a replaced owner means replaced sharers. */
export function planServices(
  view: StoreView,
  spec: StackSpec,
  options: ApplyOptions,
  selected: ReadonlySet<string>,
  replacedVolumes: ReadonlySet<string>,
): readonly StackStep[] {
  const digests = digestsOf(view, spec);
  const replaced = new Set<string>();
  const steps: StackStep[] = [];
  for (const name of inDependencyOrder(spec.services)) {
    const service = spec.services[name];
    if (service === undefined || !selected.has(name)) continue;
    const own = planOneService(view, spec, service, options, { digests, replaced, replacedVolumes });
    if (own.some(isNewOwner)) replaced.add(name);
    steps.push(...own);
  }
  return steps;
}

interface Surroundings {
  readonly digests: PayloadDigests;
  /** Services before this one whose containers are new. */
  readonly replaced: ReadonlySet<string>;
  /** Keys of volumes that are made anew. */
  readonly replacedVolumes: ReadonlySet<string>;
}

function planOneService(
  view: StoreView,
  spec: StackSpec,
  service: ServiceSpec,
  options: ApplyOptions,
  { digests, replaced, replacedVolumes }: Surroundings,
): readonly StackStep[] {
  const before = view.ofStack('service', spec.name).find(({ name }) => name === service.name) ?? null;
  const tasks = view.tasksOfService(spec.name, service.name);
  const hash = specHash(service, { stack: spec, digests });
  const forceCount = nextForceCount(before, tasks, isForcedService(service.name, options));
  const isVolumeReplaced = service.container.mounts.some(
    (mount) => mount.type === 'volume' && replacedVolumes.has(mount.volume ?? ''),
  );
  const isNamespaceReplaced = ownerServices(service, spec.name, view).some((owner) => replaced.has(owner));
  const manner = updateManner({ view, spec, service, isVolumeReplaced, isStarted: !options.noStart });
  const wish = {
    replicas: service.replicas,
    specHash: hash,
    forceCount,
    recreate: options.noRecreate ? 'never' : 'diverged',
    isJob: isJob(service),
    start: !options.noStart,
    isVolumeReplaced,
    isNamespaceReplaced,
    hasImageMoved: (task: TaskObject) => imageChange(view, task) !== null,
    nodes: isGlobal(service) ? suitableNodes(view, service, nodesWith(tasks)) : null,
    maxConcurrent: service.deploy.maxConcurrent,
    isRolled: manner.isRolled,
  } as const;
  // A job with a schedule runs when its time has come.
  const planned = service.deploy.schedule === null ? planService(tasks, wish) : [];
  const steps = planned.flatMap((step) => toStackSteps(view, step, service, manner));
  const write: StackStep = { type: 'write-service', service: service.name, specHash: hash, forceCount, before };
  const isSame =
    before?.specHash === hash && before.forceCount === forceCount && !before.suspended && equal(before.spec, service);
  const begins = manner.isRolled && beginsUpdate(before, { specHash: hash, forceCount }, steps);
  return [
    ...(isSame ? [] : [write]),
    ...steps,
    ...(begins ? [{ type: 'begin-update', service: service.name } as const] : []),
  ];
}

/** A service that had left the file finds its containers as they were. */
function nextForceCount(before: ServiceObject | null, tasks: readonly TaskObject[], isForced: boolean): number {
  const highest = Math.max(0, ...tasks.map((task) => task.forceCount));
  const known = before?.forceCount ?? highest;
  return isForced && tasks.length > 0 ? Math.max(known, highest) + 1 : known;
}

/** What is being replaced already goes on; anything new, and what was given up, begins anew. */
function beginsUpdate(
  before: ServiceObject | null,
  wanted: Pick<ServiceObject, 'specHash' | 'forceCount'>,
  steps: readonly StackStep[],
): boolean {
  const update = before?.update ?? null;
  const rolled = steps.flatMap((step) => (step.type === 'roll-task' ? [step.task] : []));
  if (before === null || !isUnderWay(update)) return rolled.length > 0;
  return !isCurrent(before, wanted) || rolled.some((task) => isCurrent(task, wanted));
}

function isForcedService(name: string, options: ApplyOptions): boolean {
  const isNamed = options.services.length === 0 || options.services.includes(name);
  return isNamed ? options.forceRecreate : options.alwaysRecreateDeps;
}

function toStackSteps(
  view: StoreView,
  step: ServiceStep,
  service: ServiceSpec,
  manner: UpdateManner,
): readonly StackStep[] {
  switch (step.type) {
    case 'create':
      return [{ type: 'create-task', service: service.name, slot: step.slot, node: step.node }];
    case 'replace':
      return [replaceStep(view, step.task, service, manner)];
    case 'start':
      return [{ type: 'start-task', task: step.task }];
    case 'remove':
      return [{ type: 'remove-task', task: step.task, reason: removalReason(service) }];
    case 'keep':
      return [];
  }
}

function removalReason(service: ServiceSpec): string {
  return isGlobal(service) ? 'its node does not suit' : `scaled to ${service.replicas}`;
}

function replaceStep(
  view: StoreView,
  task: TaskObject,
  service: ServiceSpec,
  { isRolled, notes }: UpdateManner,
): StackStep {
  const reasons = [...reasonsOf(view, task, service), ...notes];
  return { type: isRolled ? 'roll-task' : 'replace-task', service: service.name, task, reasons };
}

function reasonsOf(view: StoreView, task: TaskObject, service: ServiceSpec): readonly string[] {
  const image = imageChange(view, task);
  if (!equal(task.spec, service)) return [...(image === null ? [] : [image]), ...changeReasons(task.spec, service)];
  return image === null ? [] : [image];
}

function equal(a: unknown, b: unknown): boolean {
  return canonicalJson([a]) === canonicalJson([b]);
}

function digestsOf(view: StoreView, spec: StackSpec): PayloadDigests {
  const digest = (kind: 'secret' | 'config', payload: PayloadSpec): string | null =>
    payload.external ? (findForeignPayload(view, kind, spec.name, payload.name)?.spec.digest ?? null) : payload.digest;
  const secrets = Object.entries(spec.secrets).map(([key, secret]) => [`secret/${key}`, digest('secret', secret)]);
  const configs = Object.entries(spec.configs).map(([key, config]) => [`config/${key}`, digest('config', config)]);
  return Object.fromEntries([...secrets, ...configs]) as PayloadDigests;
}
