import { isAlias, isMap, isScalar, isSeq, type Document, type LineCounter, type Node } from "yaml";
import type { Position } from "./finding.ts";

/** A field of a document: keys of maps and indexes of lists, from the outside in. */
export type Path = readonly (string | number)[];

/** Where a document's fields stand in its text. */
export interface SourceMap {
  /** Position of a field's value; of the nearest field around it when it is absent. */
  locate(path: Path): Position;
  /** Position of a field's name. */
  locateKey(path: Path): Position;
  /** A plain scalar as it is written: `1.30` where the value is the number 1.3. */
  sourceOf(path: Path): string | undefined;
}

export function createSourceMap(document: Document.Parsed, lines: LineCounter): SourceMap {
  const at = (node: unknown): Position => {
    const range = (node as Node | null)?.range ?? document.contents?.range ?? document.range;
    return positionAt(lines, range[0]);
  };
  return {
    locate: (path) => at(follow(document, path).value),
    locateKey: (path) => {
      const { key, value } = follow(document, path);
      return at(key ?? value);
    },
    sourceOf: (path) => {
      const { value } = follow(document, path);
      return isScalar(value) ? value.source : undefined;
    },
  };
}

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

interface Found {
  readonly key: unknown;
  readonly value: unknown;
}

function follow(document: Document.Parsed, path: Path): Found {
  let found: Found = { key: undefined, value: document.contents };
  for (const step of path) {
    const parent = isAlias(found.value) ? found.value.resolve(document) : found.value;
    const child = childOf(parent, step);
    // A key without a value (`stages:`) has nothing to point at but itself.
    if (!child) return found;
    found = { key: child.key, value: child.value ?? child.key };
  }
  return found;
}

function childOf(parent: unknown, step: string | number): Found | undefined {
  if (isSeq(parent)) {
    const value = parent.items[Number(step)];
    return value === undefined ? undefined : { key: undefined, value };
  }
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
}

/** `spec.stages[1].groups[0].name`, for messages. */
export function pathText(path: Path): string {
  const text = path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
  return text === "" ? "the document" : text;
}
