import type { VerbTable } from '../../command-line/verb.ts';

/** `tsstack service …` */
export const serviceVerbs: VerbTable = {
  ls: { summary: 'List services', load: async () => (await import('./ls.ts')).ls },
  ps: {
    summary: 'List the containers of services, with those that were there before',
    load: async () => (await import('./ps.ts')).ps,
  },
  inspect: { summary: 'Show all of a service', load: async () => (await import('./inspect.ts')).inspect },
  logs: { summary: 'Show the output of services', load: async () => (await import('./logs.ts')).logs },
  scale: {
    summary: 'Set the number of containers, beside the file',
    load: async () => (await import('./scale.ts')).scale,
  },
  update: { summary: 'Change a service, beside the file', load: async () => (await import('./update.ts')).update },
  rollback: {
    summary: 'Go back to what a service was before its last change',
    load: async () => (await import('./rollback.ts')).rollback,
  },
  rebalance: {
    summary: 'Spread the containers of a service over the nodes again',
    load: async () => (await import('./rebalance.ts')).rebalance,
  },
};
