/** Steps of the plan of a stack. What has no step stays as it is. */
import type { NetworkObject, PayloadObject, ServiceObject, TaskObject, VolumeObject } from '../../model/objects.ts';
import type { NetworkSpec, StackSpec } from '../../model/spec.ts';

export type StackStep =
  | { readonly type: 'write-stack' }
  | {
      readonly type: 'create-network';
      readonly key: string;
      readonly owner: 'own' | 'foreign';
      /** What it replaces. */
      readonly before: NetworkObject | null;
    }
  /** What says nothing about the network that is there (labels, attachable) is taken over in place. */
  | {
      readonly type: 'update-network';
      readonly key: string;
      readonly before: NetworkObject;
      readonly spec: NetworkSpec;
    }
  | { readonly type: 'create-volume'; readonly key: string; readonly owner: 'own' | 'foreign' }
  | {
      readonly type: 'replace-volume';
      readonly key: string;
      readonly before: VolumeObject;
      readonly reasons: readonly string[];
    }
  | {
      readonly type: 'write-payload';
      readonly kind: 'secret' | 'config';
      readonly key: string;
      readonly before: PayloadObject | null;
    }
  | {
      readonly type: 'refer-payload';
      readonly kind: 'secret' | 'config';
      readonly key: string;
      readonly before: PayloadObject | null;
    }
  | {
      readonly type: 'write-service';
      readonly service: string;
      readonly specHash: string;
      readonly forceCount: number;
      readonly before: ServiceObject | null;
    }
  | { readonly type: 'remove-service'; readonly service: ServiceObject }
  | { readonly type: 'create-task'; readonly service: string; readonly slot: number; readonly node: string | null }
  | ({ readonly type: 'replace-task' } & TaskReplacement)
  /** When its turn has come, as `update_config` says. */
  | ({ readonly type: 'roll-task' } & TaskReplacement)
  /** After the steps that say what it is about. */
  | { readonly type: 'begin-update'; readonly service: string }
  | { readonly type: 'start-task'; readonly task: TaskObject }
  | { readonly type: 'follow-task'; readonly task: TaskObject; readonly dependency: string }
  | { readonly type: 'remove-task'; readonly task: TaskObject; readonly reason: string };

interface TaskReplacement {
  readonly service: string;
  readonly task: TaskObject;
  readonly reasons: readonly string[];
}

export type ReplaceVolume = Extract<StackStep, { type: 'replace-volume' }>;

export interface StackPlan {
  readonly steps: readonly StackStep[];
  /** The stack with the numbers of `--scale` in it. */
  readonly spec: StackSpec;
  /** Names of containers of services that the file does not have, left alone. */
  readonly orphans: readonly string[];
  readonly warnings: readonly string[];
  /** Volumes that would be made anew if somebody agreed to the loss of their content; nothing is to be done before that is known. */
  readonly questions: readonly ReplaceVolume[];
  /** Services that the apply is about. */
  readonly selected: ReadonlySet<string>;
}
