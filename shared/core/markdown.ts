/** Messages of services may carry whole stack traces; a table is read at a glance. */
const MAX_CELL_LENGTH = 400;

/** A table for GitHub. Cells are plain text: names and messages break neither the table nor the page. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    `|${"---|".repeat(head.length)}`,
    ...rows.map((row) => line(row.map(cell))),
  ].join("\n");
}

function cell(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ").trim();
  const cut = flat.length <= MAX_CELL_LENGTH ? flat : `${flat.slice(0, MAX_CELL_LENGTH)}…`;
  return escapeMarkdown(cut).replaceAll("|", "\\|");
}

/** Keeps GitHub from reading a text as HTML, a link or an image. */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/[\\[\]]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** `1 error`, `2 errors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
