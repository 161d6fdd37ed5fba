import { payloadVerb } from '../objects/payload-verb.ts';

/** `tsstack config-object`: `tsstack config` is about stack files. */
export const configObject = payloadVerb('config', 'config-object');
