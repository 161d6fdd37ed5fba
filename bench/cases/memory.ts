import type { Case } from './case.ts';
import { run } from '../lib/command.ts';
import { pssMiB } from '../lib/memory.ts';
import { writeSleepers } from '../lib/stack-file.ts';

/** Memory of the daemons, and of supervision per container, with 50 containers up. */
export const memory: Case = {
  name: 'memory',
  async run({ engine, directory, image, recorder }) {
    const count = 50;
    const file = writeSleepers(directory, image, count);
    await run(engine.compose(file, ['up', '-d']));
    recorder.add('daemons (PSS)', 'MiB', 120, engine.name, pssMiB(engine.daemonPids()));
    recorder.add('supervision per container (PSS)', 'MiB', 1.5, engine.name, pssMiB(engine.supervisionPids()) / count);
    await run(engine.compose(file, ['down']));
  },
};
