import type { VerbTable } from '../../command-line/verb.ts';

/** `tsstack node …` */
export const nodeVerbs: VerbTable = {
  ls: { summary: 'List the nodes of the cluster', load: async () => (await import('./ls.ts')).ls },
};
