import { TsstackError } from '../../src/model/errors.ts';
import type { ControlHandlers } from '../../src/rpc/service-types.ts';

const unused = (): never => {
  throw new TsstackError('unsupported', 'not part of this test');
};

/** Handlers of which a test brings those that it needs. */
export function controlHandlers(handlers: Partial<ControlHandlers>): ControlHandlers {
  const none = { getInfo: unused, applyStack: unused, removeStack: unused, actOnTasks: unused, createOneOff: unused };
  const objects = { createObject: unused, removeObjects: unused, listObjects: unused };
  const services = {
    updateService: unused,
    rollbackService: unused,
    rebalanceService: unused,
    updateNode: unused,
    acceptStore: unused,
    removeNode: unused,
  };
  return { ...none, ...objects, ...services, watch: unused, open: unused, events: unused, ...handlers };
}
