import type { VerbTable } from '../../command-line/verb.ts';

/** `tsstack node …` */
export const nodeVerbs: VerbTable = {
  ls: { summary: 'List the nodes of the cluster', load: async () => (await import('./ls.ts')).ls },
  ps: { summary: 'List the containers on nodes', load: async () => (await import('./ps.ts')).ps },
  inspect: { summary: 'Show nodes in full', load: async () => (await import('./inspect.ts')).inspect },
  update: {
    summary: 'Change the labels of a node, or whether it gets containers',
    load: async () => (await import('./update.ts')).update,
  },
  rm: { summary: 'Take nodes out of the cluster', load: async () => (await import('./rm.ts')).rm },
};
