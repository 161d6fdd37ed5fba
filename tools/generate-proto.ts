/**
 * Writes src/rpc/generated/ (message types, field tables and methods) from proto/**. The .proto text is read here, by
 * @grpc/proto-loader, and not by the programs: loading it at run time costs each of them 30 ms, a third of what a whole `ps` may take.
 *
 * Usage: bin/node tools/generate-proto.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadProtosWithOptionsSync } from '@grpc/proto-loader/build/src/util.js';
import { format } from 'prettier';
import { renderContract } from './generate-proto/render-contract.ts';
import type { NamespaceJson, PackageJson } from './generate-proto/proto-json.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A proto package that becomes one generated file. */
export interface Contract {
  readonly packageName: string;
  /** Below proto/. */
  readonly files: readonly string[];
  /** From the root of the project. */
  readonly target: string;
}

/** What the programs speak: our own contract, and etcd's as far as the store uses it. */
export const contracts: readonly Contract[] = [
  {
    packageName: 'tsstack.v1',
    files: ['control', 'dispatcher', 'authority', 'host'].map((name) => `tsstack/v1/${name}.proto`),
    target: 'src/rpc/generated/contract.ts',
  },
  { packageName: 'etcdserverpb', files: ['etcd/rpc.proto'], target: 'src/rpc/generated/etcd.ts' },
];

/** The text that the contract's generated file has to have. */
export async function generateContract({ packageName, files }: Contract): Promise<string> {
  const proto = loadProtosWithOptionsSync([...files], {
    includeDirs: [join(root, 'proto')],
    keepCase: false,
    alternateCommentMode: true,
  });
  const json = findPackage(proto.toJSON({ keepComments: true }), packageName);
  return format(renderContract(packageName, json), { parser: 'typescript', printWidth: 120, singleQuote: true });
}

function findPackage(top: NamespaceJson, packageName: string): PackageJson {
  let found: NamespaceJson | undefined = top;
  for (const part of packageName.split('.')) found = found?.nested?.[part] as NamespaceJson | undefined;
  if (found?.nested === undefined) throw new Error(`proto/ has no package ${packageName}`);
  return found as PackageJson;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const contract of contracts) {
    const wanted = await generateContract(contract);
    const target = join(root, contract.target);
    if (!process.argv.includes('--check')) writeFileSync(target, wanted);
    else if (readFileSync(target, 'utf8') !== wanted) {
      process.stderr.write(`${contract.target} is stale: run bin/node tools/generate-proto.ts\n`);
      process.exitCode = 1;
    }
  }
}
