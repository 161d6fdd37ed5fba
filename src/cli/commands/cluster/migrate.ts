import { readFileSync } from 'node:fs';
import { connectDaemon } from '../../connection/connect-daemon.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';

const flags = {
  to: {
    type: 'string',
    value: 'STORE',
    help: 'etcd, which managers run themselves; sqlite; or etcd://HOST[:PORT][,HOST[:PORT]...][/PREFIX]',
  },
  'etcd-ca': { type: 'string', value: 'FILE', help: 'Authority of an etcd that speaks TLS (PEM)' },
  'etcd-cert': { type: 'string', value: 'FILE', help: 'Certificate with which to go to it' },
  'etcd-key': { type: 'string', value: 'FILE', help: 'Its key' },
} as const;

/** All objects are copied. */
const deadlineMs = 600_000;

/** `tsstack cluster migrate` */
export const migrate = defineVerb({ name: 'cluster migrate', usage: '--to STORE', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { to, 'etcd-ca': ca, 'etcd-cert': certificate, 'etcd-key': key } = context.flags;
  if (to === undefined)
    throw new UsageError('tsstack cluster migrate needs --to', 'sqlite is for one manager, etcd for several');
  const [caText, certificateText, keyText] = [ca, certificate, key].map(read);
  const tls = { ca: caText ?? '', certificate: certificateText ?? '', key: keyText ?? '' };
  const host = await connectDaemon(context, 'if-known');
  const { from } = await host.migrateStore({ to, ...tls }, { deadlineMs });
  context.io.stderr.write(`The store has moved from ${from} to ${to}\n`);
  return 0;
}

function read(path: string | undefined): string {
  if (path === undefined) return '';
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(
      `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      'name a file in PEM',
    );
  }
}
