/**
 * Splits a command line into words as a POSIX shell would, with quotes and backslashes, but without expansions, globs or
 * operators. Undefined when a quote is not closed.
 */
export function splitShellWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === "'" || character === '"') {
      const quoted = readQuoted(line, at);
      if (quoted === undefined) return undefined;
      word = (word ?? '') + quoted.text;
      at = quoted.end;
    } else if (character === '\\') {
      at++;
      // A backslash before a line end joins the lines.
      if (line[at] !== '\n') word = (word ?? '') + (line[at] ?? '');
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function readQuoted(line: string, start: number): { text: string; end: number } | undefined {
  const quote = line[start];
  let text = '';
  for (let at = start + 1; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === quote) return { text, end: at };
    const next = line[at + 1];
    if (character === '\\' && quote === '"' && next !== undefined && '"\\$`\n'.includes(next)) {
      if (next !== '\n') text += next;
      at++;
    } else text += character;
  }
  return undefined;
}
