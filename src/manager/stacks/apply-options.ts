import type { ApplyStackRequest } from '../../rpc/messages.ts';

/** How a stack is to be applied; what each means is said at ApplyStackRequest in proto/. */
export type ApplyOptions = Omit<ApplyStackRequest, 'spec' | 'dryRun'>;

/** What a plain `up` of everything asks for. */
export const defaultApplyOptions: ApplyOptions = {
  services: [],
  noDeps: false,
  forceRecreate: false,
  noRecreate: false,
  alwaysRecreateDeps: false,
  removeOrphans: false,
  noStart: false,
  renewAnonymousVolumes: false,
  stopGraceMs: null,
  scale: {},
  changedVolumes: 'keep',
  recreateVolumes: [],
};
