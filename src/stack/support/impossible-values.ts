import { isCapability, linuxCapabilities } from '../../model/capability-names.ts';
import { TsstackError } from '../../model/errors.ts';
import { parseReference } from '../../model/image-reference.ts';
import { parseAddress } from '../../model/ip-range.ts';
import { signalOf } from '../../model/signal-names.ts';
import { isIpcSetting, isNetworkSetting } from '../../model/sysctl-names.ts';
import { ulimitNames } from '../../model/ulimit-names.ts';
import type { ComposeMount, ComposeService } from '../compose-types.ts';
import type { CheckedStack } from '../load-types.ts';
import { makeProblem, type Problem } from '../problems.ts';
import { didYouMean } from '../suggest.ts';
import { findPosition, type NodePath } from '../tree/node.ts';

type Report = (keys: NodePath, message: string, hint: string | null) => void;

/**
 * Names and values that mean nothing on any Linux host. `config` takes them, as that of docker compose does; commands that run containers say so before anything
 * has changed, rather than when the container before is gone.
 */
export function impossibleValues({ project, tree }: CheckedStack): Problem[] {
  const problems: Problem[] = [];
  for (const [name, service] of Object.entries(project.services)) {
    const report: Report = (keys, message, hint) => {
      const path = ['services', name, ...keys];
      problems.push(makeProblem('error', findPosition(tree, path), path, message, hint));
    };
    for (const check of checks) check(service, report);
  }
  return problems;
}

const checks = [
  checkImage,
  checkCapabilities,
  checkLimits,
  checkTargets,
  checkDns,
  checkProcess,
  checkExpose,
  checkSysctls,
];

function checkImage({ image }: ComposeService, report: Report): void {
  if (image === undefined) return;
  try {
    parseReference(image);
  } catch (error) {
    if (!(error instanceof TsstackError)) throw error;
    report(['image'], error.message, error.hint ?? null);
  }
}

function checkCapabilities(service: ComposeService, report: Report): void {
  for (const attribute of ['cap_add', 'cap_drop'] as const) {
    for (const [index, given] of (service[attribute] ?? []).entries()) {
      if (isCapability(given)) continue;
      const names = linuxCapabilities.map((name) => name.replace(/^CAP_/, ''));
      const word = given.toUpperCase().replace(/^CAP_/, '');
      report(
        [attribute, index],
        `unknown capability ${given}`,
        didYouMean(word, names) ?? 'capabilities(7) has the list',
      );
    }
  }
}

function checkLimits({ ulimits = {} }: ComposeService, report: Report): void {
  for (const name of Object.keys(ulimits)) {
    if (ulimitNames.includes(name)) continue;
    report(
      ['ulimits', name],
      `unknown limit ${name}`,
      didYouMean(name, ulimitNames) ?? `there are ${ulimitNames.join(', ')}`,
    );
  }
}

/** Relative to what? A mount needs a place. */
function checkTargets({ volumes = [], tmpfs = [] }: ComposeService, report: Report): void {
  const hint = 'it starts with /';
  for (const [index, mount] of volumes.entries()) {
    // The schema of the specification lets a mount be without; `config` prints it so.
    const target = (mount as Partial<ComposeMount>).target ?? '';
    if (target === '')
      report(['volumes', index], 'a mount needs a target', 'name a path in the container: `target: /data`');
    else if (!target.startsWith('/'))
      report(['volumes', index], `target "${target}" is no absolute path in the container`, hint);
  }
  for (const [index, mount] of tmpfs.entries()) {
    if (!mount.startsWith('/')) report(['tmpfs', index], `"${mount}" is no absolute path in the container`, hint);
  }
}

function checkDns({ dns = [] }: ComposeService, report: Report): void {
  for (const [index, address] of dns.entries()) {
    if (parseAddress(address) === undefined)
      report(['dns', index], `"${address}" is no IP address`, 'name servers have no names yet');
  }
}

/** What the first process is told and starts with. */
function checkProcess({ stop_signal, working_dir, environment = {} }: ComposeService, report: Report): void {
  if (stop_signal !== undefined && signalOf(stop_signal) === undefined)
    report(['stop_signal'], `unknown signal ${stop_signal}`, 'write a name such as SIGTERM or HUP, or a number');
  if (working_dir !== undefined && working_dir !== '' && !working_dir.startsWith('/'))
    report(['working_dir'], `"${working_dir}" is no absolute path in the container`, 'it starts with /');
  if (Object.hasOwn(environment, ''))
    report(['environment'], `a variable has no name, but the value "${environment[''] ?? ''}"`, 'write NAME=VALUE');
}

const highestPort = 65_535;

function checkExpose({ expose = [] }: ComposeService, report: Report): void {
  for (const [index, given] of expose.entries()) {
    const numbers = (given.split('/')[0] ?? '').split('-').map(Number);
    if (numbers.some((port) => port > highestPort))
      report(['expose', index], `"${given}" is no port`, `ports go up to ${highestPort}`);
  }
}

function checkSysctls({ sysctls = {} }: ComposeService, report: Report): void {
  for (const name of Object.keys(sysctls)) {
    if (isIpcSetting(name) || isNetworkSetting(name)) continue;
    const hint = `the whole host has but one: set it there with \`sysctl -w ${name}=…\``;
    report(['sysctls', name], `${name} is not a setting of one container`, hint);
  }
}
