import { isCapability, linuxCapabilities } from '../../model/capability-names.ts';
import { TsstackError } from '../../model/errors.ts';
import { parseReference } from '../../model/image-reference.ts';
import { parseAddress } from '../../model/ip-range.ts';
import { ulimitNames } from '../../model/ulimit-names.ts';
import type { ComposeService } from '../compose-types.ts';
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
    for (const check of [checkImage, checkCapabilities, checkLimits, checkTargets, checkDns]) check(service, report);
  }
  return problems;
}

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
  for (const [index, { target }] of volumes.entries()) {
    if (!target.startsWith('/'))
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
