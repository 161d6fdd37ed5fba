/**
 * Draws terminal output as an SVG: `tmux capture-pane -e -p | bin/node tools/terminal-svg.ts > docs/session.svg`.
 * Understands the colour sequences (SGR) that tmux emits; everything else of the screen is text.
 */
import { readFileSync } from 'node:fs';

interface Style {
  readonly colour: string;
  readonly bold: boolean;
}

interface Span {
  readonly text: string;
  readonly style: Style;
}

const plain: Style = { colour: '#d0d7de', bold: false };
const palette = ['#6e7681', '#ff7b72', '#7ee787', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#d0d7de'] as const;
const cell = { width: 8.4, height: 19, size: 14 } as const;
const margin = 16;

function applyCodes(style: Style, codes: readonly number[]): Style {
  return codes.reduce<Style>((current, code) => {
    if (code === 0) return plain;
    if (code === 1) return { ...current, bold: true };
    if (code === 2) return { ...current, colour: '#6e7681' };
    if (code === 22) return { ...plain, colour: current.colour };
    if (code === 39) return { ...current, colour: plain.colour };
    const base = code >= 90 ? 90 : 30;
    return { ...current, colour: palette[code - base] ?? current.colour };
  }, style);
}

function parseLine(line: string, start: Style): { readonly spans: readonly Span[]; readonly end: Style } {
  const spans: Span[] = [];
  let style = start;
  for (const [index, piece] of line.split(/\x1b\[([\d;]*)m/).entries()) {
    if (index % 2 === 1) style = applyCodes(style, piece === '' ? [0] : piece.split(';').map(Number));
    else if (piece !== '') spans.push({ text: piece, style });
  }
  return { spans, end: style };
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function renderLine(spans: readonly Span[], row: number): string {
  const y = margin + 28 + row * cell.height;
  const pieces = spans.map(
    ({ text, style }) =>
      `<tspan fill="${style.colour}"${style.bold ? ' font-weight="bold"' : ''}>${escape(text)}</tspan>`,
  );
  return `<text x="${margin}" y="${y}" xml:space="preserve">${pieces.join('')}</text>`;
}

/** The lines of a terminal as one SVG document. */
function render(lines: readonly string[]): string {
  let style = plain;
  let columns = 0;
  const rows = lines.map((line, row) => {
    const { spans, end } = parseLine(line, style);
    style = end;
    columns = Math.max(
      columns,
      spans.reduce((sum, { text }) => sum + text.length, 0),
    );
    return renderLine(spans, row);
  });
  const width = Math.ceil(margin * 2 + columns * cell.width);
  const height = margin * 2 + 24 + lines.length * cell.height;
  const lights = ['#ff5f57', '#febc2e', '#28c840'].map(
    (colour, index) => `<circle cx="${20 + index * 18}" cy="18" r="5.5" fill="${colour}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, monospace" font-size="${cell.size}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${lights.join('')}
${rows.join('\n')}
</svg>
`;
}

process.stdout.write(render(readFileSync(0, 'utf8').trimEnd().split('\n')));
