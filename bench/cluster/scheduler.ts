/** The scheduler alone: how many tasks it places in a second of processor time, on an index in memory. */
import { scheduler } from '../../src/manager/scheduler/scheduler.ts';
import { ObjectIndex } from '../../src/manager/store/object-index.ts';
import { newTaskStatus } from '../../src/model/new-status.ts';
import { nodeObject, taskObject } from '../../test/fixtures/objects.ts';
import { serviceSpec } from '../../test/fixtures/specs.ts';
import type { Recorder } from '../lib/measure.ts';

const nodes = 1000;
const now = '2026-01-01T00:00:00.000Z';

/** So many tasks, in so many services of equal size. */
export function measureScheduler(tasks: number, services: number, target: number | null, recorder: Recorder): void {
  const view = new ObjectIndex();
  const put = (after: Parameters<typeof view.apply>[0][number]['after']): void => view.apply([{ before: null, after }]);
  for (let index = 0; index < nodes; index++) put(nodeObject({ id: `n${index}`, hostname: `n${index}` }));
  const specs = Array.from({ length: services }, (_, index) => serviceSpec(`s${index}`));
  for (let index = 0; index < tasks; index++) {
    const spec = specs[index % services];
    if (spec === undefined) throw new RangeError('there are no services');
    const slot = Math.floor(index / services) + 1;
    const status = { ...newTaskStatus(now), state: 'pending' as const };
    put(taskObject(spec.name, { spec, slot, status, nodeId: null }));
  }
  const { placed, seconds } = placeAll(view);
  if (placed !== tasks) throw new Error(`${placed} of ${tasks} tasks were placed`);
  const title = `scheduler alone: ${tasks} tasks of ${services} services on ${nodes} nodes`;
  recorder.add(title, 'placements/s', target, 'tsstack', tasks / seconds);
}

/** Pass after pass, as the loop does it; what the index takes is not counted. */
function placeAll(view: ObjectIndex): { readonly placed: number; readonly seconds: number } {
  for (let placed = 0, micros = 0; ;) {
    const before = process.threadCpuUsage();
    const { changes } = scheduler.reconcile(view, new Set(['placement']), now);
    const { user, system } = process.threadCpuUsage(before);
    micros += user + system;
    if (changes.length === 0) return { placed, seconds: micros / 1e6 };
    placed += changes.length;
    view.apply(changes.map(({ object }) => ({ before: view.get(object.kind, object.id) ?? null, after: object })));
  }
}
