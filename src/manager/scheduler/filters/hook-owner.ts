import type { Filter } from './filter.ts';

/** A pre_start hook runs where the container is that waits for it. */
export const hookOwner: Filter = {
  name: 'hook-owner',
  check: ({ task, node, view }) => {
    if (task.hookOf === null) return true;
    return view.get('task', task.hookOf.taskId)?.nodeId === node.id;
  },
  explain: () => 'without the container that waits for the hook',
};
