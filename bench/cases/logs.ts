import type { Case } from './case.ts';
import { run } from '../lib/command.ts';
import { writePrinter } from '../lib/stack-file.ts';

const lines = 2_000_000;

/** 200 MB in lines of 100 bytes: into the log (until the container has ended) and out of `logs`. */
export const logs: Case = {
  name: 'logs',
  async run({ engine, directory, image, repeat, recorder }) {
    const file = writePrinter(directory, image, lines);
    for (let round = 0; round < Math.min(repeat, 3); round += 1) {
      const into = await run(
        engine.compose(file, ['up', '--exit-code-from', 'printer', '--no-log-prefix', ...quietAttach(engine.name)]),
      );
      const out = await run(engine.compose(file, ['logs', '--no-color', '--no-log-prefix', 'printer']));
      if (out.stdoutBytes < lines * 100)
        throw new Error(`${engine.name}: ${out.stdoutBytes} of ${lines * 100} bytes of logs came out`);
      recorder.add('200 MB of logs in', 'ms', null, engine.name, into.milliseconds);
      recorder.add('200 MB of logs out', 'ms', null, engine.name, out.milliseconds);
      recorder.add('200 MB of logs in and out', 'ms', 2000, engine.name, into.milliseconds + out.milliseconds);
      await run(engine.compose(file, ['down']));
    }
  },
};

/** `in` shall be measured without a client that also reads everything, where the front end can do that. */
function quietAttach(engine: string): readonly string[] {
  return engine === 'tsstack' ? ['--no-attach', 'printer'] : [];
}
