import type { ControlClient } from '../../rpc/service-types.ts';
import { connect } from '../connection/connect.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { parallelLimit } from '../command-line/parallel-limit.ts';
import { isLocalImage } from '../output/image-reference.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { QuietProgress } from '../output/progress/quiet-progress.ts';
import { loadProject } from '../project/load-project.ts';
import { withDependencies } from '../project/with-dependencies.ts';
import { forEachLimited } from '../streams/for-each-limited.ts';
import { buildableServices } from '../up/built-images.ts';
import { pullImage } from '../streams/pull-image.ts';

const flags = {
  image: { type: 'strings', value: 'IMAGE', help: 'Pull this image rather than those of a stack file' },
  'ignore-buildable': { type: 'boolean', help: 'Leave out images that can be built' },
  'ignore-pull-failures': { type: 'boolean', help: 'Pull what can be pulled and go on' },
  'include-deps': { type: 'boolean', help: 'Pull the images of dependencies too' },
  policy: {
    type: 'string',
    value: 'POLICY',
    choices: ['missing', 'always'],
    help: 'always (default), or only missing ones',
  },
  quiet: { type: 'boolean', short: 'q', help: 'Show no progress' },
} as const;

/** `tsstack pull` */
export const pull = defineVerb({ name: 'pull', usage: '[SERVICE...]', arity: [0, null], flags, run });

interface Wish {
  readonly reference: string;
  readonly policy: 'always' | 'missing' | 'never';
}

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const wishes = context.flags.image.length > 0 ? directWishes(context) : wishesOfFile(context);
  const progress = context.flags.quiet ? new QuietProgress(context.io.stderr) : openProgress(context, 'pull');
  try {
    if (context.globals['dry-run']) {
      for (const { reference } of wishes) progress.event({ id: `Image ${reference}`, state: 'done', text: 'Pulled' });
      return 0;
    }
    const control = await connect(context, 'start');
    await forEachLimited(wishes, parallelLimit(context), (wish) => pullOne(context, control, wish, progress));
  } finally {
    progress.stop();
  }
  return 0;
}

function directWishes(context: CommandContext<typeof flags>): readonly Wish[] {
  const policy = context.flags.policy === 'missing' ? 'missing' : 'always';
  return context.flags.image.map((reference) => ({ reference, policy }));
}

/** Each image once. What lies on this machine (a directory, an archive) needs no pull. */
function wishesOfFile(context: CommandContext<typeof flags>): readonly Wish[] {
  const project = loadProject(context, context.arguments);
  const { spec } = project;
  const named = context.arguments.length > 0 ? context.arguments : Object.keys(spec.services);
  const names = context.flags['include-deps'] ? withDependencies(spec, named) : named;
  const left = context.flags['ignore-buildable'] ? buildableServices(project) : [];
  const services = names.filter((name) => !left.includes(name)).flatMap((name) => spec.services[name] ?? []);
  const policy = context.flags.policy === 'missing' ? 'missing' : 'always';
  const wishes = services
    .filter(({ image }) => !isLocalImage(image))
    .map(({ image, pullPolicy }): [string, Wish] => [
      image,
      { reference: image, policy: pullPolicy === 'never' ? 'never' : policy },
    ]);
  return [...new Map(wishes).values()];
}

async function pullOne(
  context: CommandContext<typeof flags>,
  control: ControlClient,
  { reference, policy }: Wish,
  progress: Progress,
): Promise<void> {
  if (policy === 'never') {
    return progress.event({
      id: `Image ${reference}`,
      state: 'done',
      text: 'Skipped',
      details: 'pull_policy is never',
    });
  }
  try {
    await pullImage(control, reference, policy, progress);
  } catch (error) {
    if (!context.flags['ignore-pull-failures']) throw error;
  }
}
