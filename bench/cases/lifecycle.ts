import type { Case } from './case.ts';
import { run } from '../lib/command.ts';
import { writeSleepers } from '../lib/stack-file.ts';

const targetsMs: Readonly<Record<number, { up: number; noop: number; down: number }>> = {
  50: { up: 1200, noop: 150, down: 1200 },
};

/** up, a second up that changes nothing, ps, and down, of 1, 10 and 50 services. */
export const lifecycle: Case = {
  name: 'lifecycle',
  async run({ engine, directory, image, repeat, recorder }) {
    for (const count of [1, 10, 50]) {
      const file = writeSleepers(directory, image, count);
      const targets = targetsMs[count];
      for (let round = 0; round < repeat; round += 1) {
        const timed = async (name: string, target: number | null, args: readonly string[]): Promise<void> => {
          const { milliseconds } = await run(engine.compose(file, args));
          recorder.add(name, 'ms', target, engine.name, milliseconds);
        };
        await timed(`up ${count}`, targets?.up ?? null, ['up', '-d']);
        await timed(`no-op up ${count}`, targets?.noop ?? null, ['up', '-d']);
        await timed(`ps of ${count}`, 100, ['ps']);
        await timed(`down ${count}`, targets?.down ?? null, ['down']);
      }
    }
  },
};
