import type { AnyVerb } from '../../command-line/verb.ts';
import { logs as logsOfStack } from '../logs.ts';

/** `tsstack service logs`: that of the stack, for services that are named. */
export const logs: AnyVerb = { ...logsOfStack, name: 'service logs', usage: 'SERVICE...', arity: [1, null] };
