/** What a quick look at a stack file says of its name; `unclear` = ask the YAML parser. */
export type ScannedName = { readonly kind: 'name'; readonly text: string } | { readonly kind: 'none' | 'unclear' };

// A plain word, or one in quotes without escapes, perhaps with a comment after it. Anything else may mean anything.
const simpleName = /^name:[ \t]+(?:"([^"\\\n]*)"|'([^'\n]*)'|([A-Za-z_][\w.-]*(?:[ \t]+(?!#)[\w.-]+)*))[ \t]*(?:#.*)?$/;
// Top-level keys of an ordinary block mapping; a document that begins otherwise (flow style, explicit keys, tags) is for the parser.
const ordinaryLine = /^(?:[A-Za-z_][\w.-]*:(?:[ \t].*)?|[ \t].*|#.*|-(?:[ \t].*)?|---[ \t]*|\.\.\.[ \t]*|[\]}].*|)$/;
// Plain words that YAML does not take for text.
const notText = /^(?:null|~|true|false|yes|no|on|off)$/i;

/** Finds the last top-level `name:` of a YAML text. */
export function scanName(text: string): ScannedName {
  let found: ScannedName = { kind: 'none' };
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    if (!ordinaryLine.test(line)) return { kind: 'unclear' };
    if (!line.startsWith('name:')) continue;
    const match = simpleName.exec(line);
    const word = match?.[1] ?? match?.[2] ?? match?.[3];
    if (word === undefined || word === '' || (match?.[3] !== undefined && notText.test(word)))
      return { kind: 'unclear' };
    found = { kind: 'name', text: word };
  }
  return found;
}
