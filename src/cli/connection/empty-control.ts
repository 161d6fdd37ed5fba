import { TsstackError } from '../../model/errors.ts';
import type { ControlClient } from '../../rpc/service-types.ts';

/** What a daemon without any stack would answer, for machines where none ever ran: starting one to be told "nothing" would be a side effect. */
export function emptyControl(): ControlClient {
  return {
    getInfo: () => Promise.reject(noDaemon()),
    applyStack: () => Promise.reject(noDaemon()),
    removeStack: () => Promise.resolve({ steps: [], warnings: [] }),
    updateService: () => Promise.reject(noDaemon()),
    rollbackService: () => Promise.reject(noDaemon()),
    rebalanceService: () => Promise.reject(noDaemon()),
    updateNode: () => Promise.reject(noDaemon()),
    acceptStore: () => Promise.reject(noDaemon()),
    removeNode: () => Promise.reject(noDaemon()),
    actOnTasks: () => Promise.resolve({ taskIds: [] }),
    createOneOff: () => Promise.reject(noDaemon()),
    createObject: () => Promise.reject(noDaemon()),
    removeObjects: () => Promise.reject(noDaemon()),
    listObjects: () => Promise.resolve({ objects: [], stale: '', leader: '' }),
    async *watch() {
      yield { objects: [], synced: true, stale: '' };
    },
    open: () => {
      throw noDaemon();
    },
    async *events() {
      // Nothing ever happens here.
    },
    close: () => undefined,
  };
}

function noDaemon(): TsstackError {
  return new TsstackError('unavailable', 'no daemon runs on this machine', {
    hint: 'bring a stack up with `tsstack up`',
  });
}
