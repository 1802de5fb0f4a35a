/** Above this many lines on either side GitHub, too, leaves the patch out. */
const MAX_DIFF_LINES = 3_000;
const contextLines = 3;

export interface LineDiff {
  readonly additions: number;
  readonly deletions: number;
  /** Unified hunks without file headers; undefined for binary or too large files. */
  readonly patch: string | undefined;
}

interface Line {
  readonly kind: " " | "-" | "+";
  readonly text: string;
}

export function diffLines(before: Buffer, after: Buffer): LineDiff {
  if (before.includes(0) || after.includes(0)) {
    return { additions: 0, deletions: 0, patch: undefined };
  }
  const old = splitLines(before);
  const now = splitLines(after);
  if (Math.max(old.length, now.length) > MAX_DIFF_LINES) {
    return { additions: now.length, deletions: old.length, patch: undefined };
  }
  const lines = align(old, now);
  return {
    additions: lines.filter((line) => line.kind === "+").length,
    deletions: lines.filter((line) => line.kind === "-").length,
    patch: renderHunks(lines),
  };
}

function splitLines(content: Buffer): string[] {
  const lines = content.toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Longest common subsequence over what remains between common head and common tail. */
function align(old: readonly string[], now: readonly string[]): Line[] {
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  return [
    ...old.slice(0, head).map(kept),
    ...alignMiddle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...old.slice(old.length - tail).map(kept),
  ];
}

function kept(text: string): Line {
  return { kind: " ", text };
}

function alignMiddle(old: readonly string[], now: readonly string[]): Line[] {
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const was = old[i];
    const is = now[j];
    if (was !== undefined && was === is) {
      lines.push(kept(was));
      i += 1;
      j += 1;
    } else if (was !== undefined && (is === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "-", text: was });
      i += 1;
    } else if (is !== undefined) {
      lines.push({ kind: "+", text: is });
      j += 1;
    }
  }
  return lines;
}

function renderHunks(lines: readonly Line[]): string {
  const near = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - contextLines), index + contextLines + 1)
      .some((line) => line.kind !== " "),
  );
  const hunks: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  let hunk: { old: number; now: number; lines: Line[] } | undefined;
  for (const [index, line] of lines.entries()) {
    if (near[index] === true) {
      hunk ??= { old: oldLine, now: newLine, lines: [] };
      hunk.lines.push(line);
    } else if (hunk !== undefined) {
      hunks.push(renderHunk(hunk));
      hunk = undefined;
    }
    if (line.kind !== "+") oldLine += 1;
    if (line.kind !== "-") newLine += 1;
  }
  if (hunk !== undefined) hunks.push(renderHunk(hunk));
  return hunks.join("\n");
}

function renderHunk(hunk: { old: number; now: number; lines: readonly Line[] }): string {
  const range = (start: number, without: Line["kind"]): string => {
    const count = hunk.lines.filter((line) => line.kind !== without).length;
    // A side without lines is numbered by the line before it.
    return `${count === 0 ? start - 1 : start},${count}`;
  };
  const header = `@@ -${range(hunk.old, "+")} +${range(hunk.now, "-")} @@`;
  return [header, ...hunk.lines.map((line) => line.kind + line.text)].join("\n");
}
