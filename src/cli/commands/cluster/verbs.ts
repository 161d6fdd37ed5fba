import type { VerbTable } from '../../command-line/verb.ts';

/** `tsstack cluster …` */
export const clusterVerbs: VerbTable = {
  init: {
    summary: 'Make this host the first manager of a cluster; what runs here runs on',
    load: async () => (await import('./init.ts')).init,
  },
  join: { summary: 'Make this host a node of a cluster', load: async () => (await import('./join.ts')).join },
  leave: { summary: 'Make this host a lone one again', load: async () => (await import('./leave.ts')).leave },
  address: {
    summary: 'Say where this host, or its manager, is now',
    load: async () => (await import('./address.ts')).address,
  },
  migrate: {
    summary: 'Move what the manager has stored: to etcd for several managers, or back',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  status: {
    summary: 'Show what this host is in its cluster',
    load: async () => (await import('./status.ts')).status,
  },
  accept: {
    summary: 'Take a store that was set back to an older state for the true one',
    load: async () => (await import('./accept.ts')).accept,
  },
  recover: {
    summary: 'Go on with what this manager has stored, when too few of the others will ever come back',
    load: async () => (await import('./recover.ts')).recover,
  },
  autolock: {
    summary: "Lock the key of this manager's store, so that its disk alone gives no secret away",
    load: async () => (await import('./autolock.ts')).autolock,
  },
  unlock: {
    summary: 'Open the store of a manager that started locked',
    load: async () => (await import('./unlock.ts')).unlock,
  },
  ca: {
    summary: 'Replace the authority that signs the certificates of nodes',
    group: async () => (await import('./ca.ts')).caVerbs,
  },
  key: {
    summary: 'Replace the keys of encrypted networks',
    group: async () => (await import('./key.ts')).keyVerbs,
  },
  token: {
    summary: 'Show, or rotate, the token with which hosts join',
    load: async () => (await import('./token.ts')).token,
  },
};
