/** What a registry wants to see before it answers (header `WWW-Authenticate`). */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string; readonly scope: string };

/** Reads the header; null when it asks for something that we cannot do. Bearer is preferred. */
export function parseChallenge(header: string): Challenge | null {
  const bearer = /(?:^|,)\s*bearer\s+(.*)$/is.exec(header);
  if (bearer !== null) {
    const values = parseParameters(bearer[1] ?? '');
    const realm = values.get('realm');
    if (realm === undefined) return null;
    return { scheme: 'bearer', realm, service: values.get('service') ?? '', scope: values.get('scope') ?? '' };
  }
  return /(?:^|,)\s*basic\b/i.test(header) ? { scheme: 'basic' } : null;
}

function parseParameters(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [, key = '', quoted, plain] of text.matchAll(/(\w+)=(?:"((?:\\.|[^"\\])*)"|([^\s,"]+))/g)) {
    values.set(key.toLowerCase(), quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'));
  }
  return values;
}
