import { payloadVerb } from '../objects/payload-verb.ts';

/** `tsstack secret` */
export const secret = payloadVerb('secret', 'secret');
