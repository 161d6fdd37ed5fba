import { TsstackError } from '../../model/errors.ts';

/** What a node hears that is none any more. */
export function removedError(): TsstackError {
  return new TsstackError('permission', 'this host was removed from the cluster', {
    hint: 'its containers are left alone; `tsstack cluster leave --force` ends them, then it can join again',
  });
}
