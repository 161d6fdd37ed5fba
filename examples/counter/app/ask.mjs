// Asks the store one question and prints the answer: node ask.mjs GET
import { ask } from './client.mjs';

console.log(await ask(process.argv.slice(2).join(' ')));
