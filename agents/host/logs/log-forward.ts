import { existsSync } from 'node:fs';
import type { TaskObject } from '../../../src/model/objects.ts';
import { shortId } from '../../../src/model/ids.ts';
import type { LogForwardSpec } from '../../../src/model/spec.ts';
import { TaskError } from '../errors.ts';
import type { ShimForward } from '../native/shim-config.ts';

/** What the lines of a container tell of it. */
export interface LogOrigin {
  readonly task: TaskObject;
  /** Id of its image. */
  readonly image: string;
  /** `NAME=value` */
  readonly environment: readonly string[];
  /** Of the node. */
  readonly hostname: string;
}

/** Where the journal listens (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
const journalSocket = '/run/systemd/journal/socket';

/** Severities of RFC 5424 that stand for the streams, as docker has them: informational and error. */
const severities = { stdout: 6, stderr: 3 } as const;

/** How the shim sends the lines of a container on; null when it does not. Throws when nobody listens on this host. */
export function logForward(spec: LogForwardSpec | null, origin: LogOrigin): ShimForward | null {
  if (spec === null) return null;
  const forward = spec.driver === 'journald' ? toJournal(spec, origin) : toSyslog(spec, origin);
  if (forward.socket === null || existsSync(forward.socket)) return forward;
  const what = spec.driver === 'journald' ? 'has no journal' : 'has no such syslog';
  throw new TaskError(
    'unsupported',
    `logging driver ${spec.driver}: this host ${what}: ${forward.socket} does not exist`,
    {
      hint: 'start the service that listens there, or use the driver local',
    },
  );
}

type Syslog = Extract<LogForwardSpec, { driver: 'syslog' }>;
type Journald = Extract<LogForwardSpec, { driver: 'journald' }>;

function toSyslog(spec: Syslog, origin: LogOrigin): ShimForward {
  const { address, facility, format } = spec;
  const tag = fillTag(spec.tag, origin);
  const isNew = format === 'rfc5424' || format === 'rfc5424micro';
  const isNetwork = 'host' in address;
  // A local syslog knows its host; others are told.
  const hostname = format === 'local' && !isNetwork ? '' : `${origin.hostname} `;
  const head = (severity: number): string => `<${facility * 8 + severity}>${isNew ? '1 ' : ''}`;
  return {
    socket: isNetwork ? null : address.socket,
    host: isNetwork ? address.host : null,
    port: isNetwork ? address.port : 0,
    isStream: isNetwork && address.transport === 'tcp',
    stdoutHead: head(severities.stdout),
    stderrHead: head(severities.stderr),
    time: timeOf(format, isNetwork),
    infix: isNew ? ` ${hostname}${tag} ${process.pid} ${tag} - ` : ` ${hostname}${tag}[${process.pid}]: `,
    isJournal: false,
  };
}

/** Without a format: that of a local syslog, or with the time of RFC 3339 over the network, as docker sends it. */
function timeOf(format: Syslog['format'], isNetwork: boolean): ShimForward['time'] {
  switch (format) {
    case 'local':
      return isNetwork ? 'seconds' : 'stamp';
    case 'rfc3164':
      return 'stamp';
    case 'rfc5424':
      return 'seconds';
    case 'rfc5424micro':
      return 'microseconds';
  }
}

function toJournal(spec: Journald, origin: LogOrigin): ShimForward {
  const { task, image, environment } = origin;
  const tag = fillTag(spec.tag, origin);
  const labels = new Map(Object.entries(task.spec.container.labels));
  const variables = new Map(environment.map((pair) => pair.split(/=(.*)/s, 2) as [string, string]));
  const fields = {
    ...fieldsOf(chosenNames(spec.labels, spec.labelsPattern, labels.keys()), (name) => labels.get(name)),
    ...fieldsOf(chosenNames(spec.env, spec.envPattern, variables.keys()), (name) => variables.get(name)),
    CONTAINER_ID: shortId(task.id),
    CONTAINER_ID_FULL: task.id,
    CONTAINER_NAME: task.containerName,
    CONTAINER_TAG: tag,
    IMAGE_NAME: task.spec.image,
    IMAGE_ID: image,
    SYSLOG_IDENTIFIER: tag,
  };
  // A field in the form of one line has no line ends.
  const lines = Object.entries(fields).map(([name, value]) => `${name}=${value.replaceAll('\n', ' ')}\n`);
  const head = (severity: number): string => `PRIORITY=${severity}\n${lines.join('')}MESSAGE\n`;
  return {
    socket: journalSocket,
    host: null,
    port: 0,
    isStream: false,
    stdoutHead: head(severities.stdout),
    stderrHead: head(severities.stderr),
    time: 'none',
    infix: '',
    isJournal: true,
  };
}

function chosenNames(named: readonly string[], pattern: string | null, all: Iterable<string>): readonly string[] {
  const wanted = pattern === null ? null : new RegExp(pattern, 'u');
  return [...named, ...(wanted === null ? [] : [...all].filter((name) => wanted.test(name)))];
}

/** The journal takes names of upper-case letters, digits and underscores that begin with a letter. */
function fieldsOf(names: readonly string[], find: (name: string) => string | undefined): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = find(name);
      const field = name
        .toUpperCase()
        .replaceAll(/[^A-Z0-9]/g, '_')
        .replace(/^[_0-9]+/, '');
      return value === undefined || field === '' ? [] : [[field, value]];
    }),
  );
}

function fillTag(tag: string, { task, image }: LogOrigin): string {
  const fields: Readonly<Record<string, string>> = {
    ID: shortId(task.id),
    FullID: task.id,
    Name: task.containerName,
    ImageID: shortId(image.replace(/^sha256:/, '')),
    ImageFullID: image,
    ImageName: task.spec.image,
    DaemonName: 'tsstack',
  };
  return tag.replaceAll(/\{\{ *\.(\w+) *\}\}/g, (_whole, field: string) => fields[field] ?? '');
}
