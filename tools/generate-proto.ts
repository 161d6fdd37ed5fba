/**
 * Writes src/rpc/generated/contract.ts (message types, field tables and methods) from proto/**. The .proto text is read here, by
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
import type { PackageJson } from './generate-proto/proto-json.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'src/rpc/generated/contract.ts');

interface NestedJson {
  readonly tsstack: { readonly nested: { readonly v1: PackageJson } };
}

/** The text that src/rpc/generated/contract.ts has to have. */
export async function generateContract(): Promise<string> {
  const proto = loadProtosWithOptionsSync(['tsstack/v1/control.proto', 'tsstack/v1/dispatcher.proto'], {
    includeDirs: [join(root, 'proto')],
    keepCase: false,
    alternateCommentMode: true,
  });
  const json = proto.toJSON({ keepComments: true }).nested as unknown as NestedJson;
  return format(renderContract('tsstack.v1', json.tsstack.nested.v1), {
    parser: 'typescript',
    printWidth: 120,
    singleQuote: true,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = await generateContract();
  if (!process.argv.includes('--check')) writeFileSync(target, wanted);
  else if (readFileSync(target, 'utf8') !== wanted) {
    process.stderr.write('src/rpc/generated/contract.ts is stale: run bin/node tools/generate-proto.ts\n');
    process.exitCode = 1;
  }
}
