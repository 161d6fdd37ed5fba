import type { NodePath } from '../tree/node.ts';
import type { DraftProject, DraftService } from '../normalise/draft.ts';

/** What a consistency check sees and says. */
export interface CheckContext {
  readonly project: DraftProject;
  /** Services that are on; the others are there, but nobody may need them. */
  readonly enabled: ReadonlySet<string>;
  error(path: NodePath, message: string, hint?: string | null): void;
  warning(path: NodePath, message: string, hint?: string | null): void;
}

/** A check of one service. */
export type ServiceCheck = (name: string, service: DraftService, context: CheckContext) => void;
