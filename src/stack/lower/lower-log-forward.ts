import { isIP } from 'node:net';
import type { LogForwardSpec } from '../../model/spec.ts';
import type { LoggingOptions } from './logging-options.ts';

/** RFC 5424, table 1; the number of a facility is its place. */
const facilityNames =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7';
const facilities: Readonly<Record<string, number>> = Object.fromEntries(
  facilityNames.split(' ').flatMap((name, number) => [
    [name, number],
    [String(number), number],
  ]),
);
const formats = {
  rfc3164: 'rfc3164',
  rfc5424: 'rfc5424',
  rfc5424micro: 'rfc5424micro',
} as const;

/** Fields of tags, which the agent fills in (agents/host/logs/log-forward.ts). */
const tagFields = new Set(['ID', 'FullID', 'Name', 'ImageID', 'ImageFullID', 'ImageName', 'DaemonName']);

const defaultFacility = 3;
const defaultPort = 514;

/** Where the lines of a container go besides its files; null for drivers that only keep them. */
export function lowerForward(driver: string, options: LoggingOptions): LogForwardSpec | null {
  if (driver === 'journald') {
    return {
      driver,
      tag: lowerTag(options),
      labels: options.list('labels'),
      env: options.list('env'),
      labelsPattern: options.pattern('labels-regex'),
      envPattern: options.pattern('env-regex'),
    };
  }
  if (driver !== 'syslog') return null;
  return {
    driver,
    address: lowerAddress(options),
    facility: options.choose('syslog-facility', facilities, defaultFacility),
    format: options.choose<'local' | keyof typeof formats>('syslog-format', formats, 'local'),
    tag: lowerTag(options),
  };
}

function lowerTag(options: LoggingOptions): string {
  const tag = options.take('tag') ?? '{{.ID}}';
  for (const [whole, field = ''] of tag.matchAll(/\{\{(.*?)\}\}/g)) {
    if (tagFields.has(/^ *\.(\w+) *$/.exec(field)?.[1] ?? '')) continue;
    throw options.invalid(
      'tag',
      `${whole} is no field of a tag`,
      `there are ${[...tagFields].map((name) => `{{.${name}}}`).join(' ')}`,
    );
  }
  return tag;
}

type Address = Extract<LogForwardSpec, { driver: 'syslog' }>['address'];

function lowerAddress(options: LoggingOptions): Address {
  const text = options.take('syslog-address') ?? 'unix:///dev/log';
  const [, kind = '', rest = ''] = /^(unix|unixgram|udp|tcp|tcp\+tls):\/\/(.+)$/.exec(text) ?? [];
  const name = 'syslog-address';
  switch (kind) {
    case 'unix':
    case 'unixgram':
      if (rest.startsWith('/')) return { socket: rest };
      throw options.invalid(name, `"${text}" has no absolute path`);
    case 'udp':
    case 'tcp':
      return { transport: kind, ...lowerHost(options, text, rest) };
    case 'tcp+tls':
      throw options.invalid(
        name,
        'tcp+tls is not supported: nothing that sits beside a container has keys',
        'send to a syslog of this host, by tcp://127.0.0.1:514 or unix://PATH, and have that forward it encrypted',
      );
    default:
      throw options.invalid(
        name,
        `"${text}" is no address`,
        'use udp://ADDRESS:PORT, tcp://ADDRESS:PORT or unix://PATH',
      );
  }
}

function lowerHost(
  options: LoggingOptions,
  text: string,
  rest: string,
): { readonly host: string; readonly port: number } {
  const [, six, four = '', port = String(defaultPort)] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(rest) ?? [];
  const host = six ?? (four === 'localhost' ? '127.0.0.1' : four);
  if (isIP(host) === 0)
    throw options.invalid(
      'syslog-address',
      `"${text}" names no IP address`,
      'nobody looks names up while a container writes: give the address',
    );
  return { host, port: Number(port) };
}
