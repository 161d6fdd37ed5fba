import type { WatchResponse } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { writeWarnings } from '../output/write-warnings.ts';

/** The same connection; what it shows that may not be the latest is said to be so, once for each reason. */
export function warnWhenStale(control: ControlClient, io: CommandContext['io']): ControlClient {
  const said = new Set<string>();
  const note = ({ stale }: { readonly stale: string }): void => {
    if (stale === '' || said.has(stale)) return;
    said.add(stale);
    writeWarnings(io, [`this may not be the latest: ${stale}`]);
  };
  return {
    ...control,
    listObjects: async (request, options) => {
      const response = await control.listObjects(request, options);
      note(response);
      return response;
    },
    watch: (request, options) => noted(control.watch(request, options), note),
  };
}

async function* noted(
  responses: AsyncIterable<WatchResponse>,
  note: (response: WatchResponse) => void,
): AsyncGenerator<WatchResponse> {
  for await (const response of responses) {
    note(response);
    yield response;
  }
}
