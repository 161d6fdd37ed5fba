/**
 * Properties are tried with the same inputs in each `npm test`, so that a change is judged by what it changed. New ones are looked for by `npm run
 * fuzz`, which gives a seed in TSSTACK_FUZZ_SEED; a failure names its seed and path.
 */
import fc from 'fast-check';

const everydaySeed = 20_261_121;

fc.configureGlobal({ seed: Number(process.env['TSSTACK_FUZZ_SEED'] ?? everydaySeed) });
