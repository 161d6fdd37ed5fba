import type { Case } from './case.ts';
import { run } from '../lib/command.ts';
import { writeSleepers } from '../lib/stack-file.ts';

/** `run --rm SERVICE true`: what one container costs from the prompt to the prompt. */
export const runOnce: Case = {
  name: 'run',
  async run({ engine, directory, image, repeat, recorder }) {
    const file = writeSleepers(directory, image, 1);
    for (let round = 0; round < repeat * 2; round += 1) {
      const { milliseconds } = await run(engine.compose(file, ['run', '--rm', '-T', 's1', 'true']));
      recorder.add('run --rm true', 'ms', 120, engine.name, milliseconds);
    }
    await run(engine.compose(file, ['down']));
  },
};
