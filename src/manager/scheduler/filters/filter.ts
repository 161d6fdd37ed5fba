import type { NodeObject, TaskObject } from '../../../model/objects.ts';
import type { ObjectLookup } from '../../store/object-index.ts';

/** What a placement rule looks at. */
export interface Placement {
  readonly task: TaskObject;
  readonly node: NodeObject;
  readonly view: ObjectLookup;
}

/** One rule of placement. */
export interface Filter {
  readonly name: string;
  /** True when the node will do. */
  check(placement: Placement): boolean;
  /** Why it will not, for people: the end of "2 nodes …". */
  explain(placement: Placement): string;
}
