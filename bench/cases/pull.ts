import type { Case } from './case.ts';
import { run } from '../lib/command.ts';

/** Pull and unpack of a 250 MB image from a registry on this machine. */
export const pull: Case = {
  name: 'pull',
  async run({ engine, repeat, recorder, bigReference }) {
    for (let round = 0; round < Math.min(repeat, 3); round += 1) {
      const { milliseconds } = await run(engine.pull(bigReference));
      recorder.add('pull and unpack 250 MB', 'ms', null, engine.name, milliseconds);
      await engine.removeImage(bigReference);
    }
  },
};
