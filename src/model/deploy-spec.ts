/** `deploy` of a service: how many containers where, what they reserve, and how they are replaced on a cluster. */
export interface DeploySpec {
  /** `global`: one on every node that suits; jobs run until they have completed, and no more. */
  readonly mode: 'replicated' | 'global' | 'replicated-job' | 'global-job';
  readonly endpointMode: 'vip' | 'dnsrr' | null;
  readonly placement: PlacementSpec;
  readonly reservations: ReservationsSpec;
  /** Null = all at once, stop-first. */
  readonly update: UpdateSpec | null;
  readonly rollback: UpdateSpec | null;
  /** How long an update waits for a new container to come up before that one counts as failed, whatever ratio is put up with. */
  readonly progressDeadlineMs: number;
  /** Of a job: how many of its containers run at once; null = all. */
  readonly maxConcurrent: number | null;
  /** Of a job: when it runs; null = once, when it is brought up. */
  readonly schedule: ScheduleSpec | null;
  /** `auto`: containers move to nodes that have fewer, one after the other; `manual`: when `service rebalance` asks for it. */
  readonly rebalance: 'auto' | 'manual';
}

/** Most containers of a service, and of a job at once: as many as a whole cluster is made for. */
export const maxReplicas = 100_000;

/** Of a cluster's engine, see decisions.md: one after the other, watched for 5 s. */
export const defaultUpdate: UpdateSpec = {
  parallelism: 1,
  delayMs: 0,
  monitorMs: 5000,
  maxFailureRatio: 0,
  failureAction: 'pause',
  order: 'stop-first',
};

/** Times at which a job runs. */
export interface ScheduleSpec {
  /** Cron expression. */
  readonly cron: string;
  /** IANA name, as Europe/Berlin. */
  readonly timeZone: string;
}

/** True for a service whose containers run until they have completed, and no more. */
export function isJob({ deploy }: { readonly deploy: DeploySpec }): boolean {
  return deploy.mode === 'replicated-job' || deploy.mode === 'global-job';
}

/** True for a service with one container on each node that suits. */
export function isGlobal({ deploy }: { readonly deploy: DeploySpec }): boolean {
  return deploy.mode === 'global' || deploy.mode === 'global-job';
}

interface PlacementSpec {
  readonly constraints: readonly ConstraintSpec[];
  /** Labels of nodes over whose values the containers are spread, the first one first. */
  readonly spread: readonly string[];
  readonly maxReplicasPerNode: number | null;
  /** Of the image, in the words of the OCI image spec (`amd64`), which the node has to have; null = what the image is for is not said. */
  readonly architecture: string | null;
}

/** What a node has to be: `node.hostname == n1`. */
export interface ConstraintSpec {
  readonly key: string;
  readonly operator: '==' | '!=';
  readonly value: string;
}

/** What a node has to have left for a container. */
interface ReservationsSpec {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  /** Numbers of what the operator of a node says it has, by kind. */
  readonly generic: Readonly<Record<string, number>>;
}

/** How containers are replaced by those of a changed service. */
export interface UpdateSpec {
  /** 0 = all at once. */
  readonly parallelism: number;
  readonly delayMs: number;
  readonly monitorMs: number;
  readonly maxFailureRatio: number;
  readonly failureAction: 'continue' | 'pause' | 'rollback';
  readonly order: 'stop-first' | 'start-first';
}
