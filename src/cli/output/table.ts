/** Columns with a header, three spaces apart, as docker's tools print them. */
export function formatColumns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  // One by one: a call with very many arguments has no room on the stack.
  const widths = header.map((title, column) =>
    rows.reduce((width, row) => Math.max(width, displayWidth(row[column] ?? '')), title.length),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(cell))))
      .join('   ')
      .trimEnd();
  return [header, ...rows].map((row) => `${line(row)}\n`).join('');
}

function displayWidth(text: string): number {
  return Array.from(text).length;
}
