import {
  isMap,
  isScalar,
  parseAllDocuments,
  Scalar,
  type Document,
  type Pair,
  type YAMLMap,
} from "yaml";
import { canonicalJson } from "../core/digest.ts";
import { FleetwrightError } from "../core/errors.ts";

export interface NodeImageChange {
  /** Name of the release. */
  readonly release: string;
  /** Pins to set, by image family; other pins stay. */
  readonly nodeImages: Readonly<Record<string, string>>;
  readonly generation: number;
}

export interface DigestChange {
  readonly release: string;
  readonly digest: string;
  readonly generation: number;
}

/** The release file with new pins: all else, comments, order and quotes included, is as it was. */
export function withNodeImages(text: string, change: NodeImageChange): string {
  const pins = Object.entries(change.nodeImages);
  return editRelease(text, change.release, [
    { path: ["metadata", "generation"], value: change.generation },
    ...pins.map(([family, value]) => ({ path: ["spec", "nodeImages", family], value })),
  ]);
}

/** The release file with the digest of the strategy that was promoted with it. */
export function withStrategyDigest(text: string, change: DigestChange): string {
  return editRelease(text, change.release, [
    { path: ["metadata", "generation"], value: change.generation },
    { path: ["spec", "strategy", "digest"], value: change.digest },
  ]);
}

interface Edit {
  readonly path: readonly string[];
  readonly value: string | number;
}

function editRelease(text: string, release: string, edits: readonly Edit[]): string {
  return edits.reduce((edited, edit) => applyEdit(edited, release, edit), text);
}

/**
 * Replaces characters in place where it can, since writing the whole document again would reflow it and
 * bury the change in the diff. The result is read back; if it does not say what it should (anchors,
 * explicit keys), the document is written by the library instead.
 */
function applyEdit(text: string, release: string, edit: Edit): string {
  const { documents, document } = findRelease(text, release);
  if (document.getIn(edit.path) === edit.value) return text;
  const inPlace = editText(text, document, edit);
  document.setIn(edit.path, edit.value);
  const wanted = contentsOf(documents);
  for (const edited of [inPlace, writeAgain(text, documents)]) {
    if (edited !== undefined && contentsOf(parse(edited)) === wanted) return edited;
  }
  throw new FleetwrightError(
    "invalid-declaration",
    `${edit.path.join(".")} of release ${release} cannot be changed without changing something else`,
    { remedy: "write the release without anchors, aliases and tags" },
  );
}

/** JSON stays JSON: the library would write new keys without quotes. */
function writeAgain(text: string, documents: readonly Document[]): string {
  const [only] = documents;
  if (documents.length === 1 && only && isJson(text)) {
    return `${JSON.stringify(only.toJS(), undefined, 2)}\n`;
  }
  return documents.map((document) => document.toString({ lineWidth: 0 })).join("");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parse(text: string): Document.Parsed[] {
  return [...parseAllDocuments(text, { logLevel: "error" })];
}

/** Everything that the documents say, to compare; undefined when they cannot be read. */
function contentsOf(documents: readonly Document[]): string | undefined {
  if (documents.some(({ errors }) => errors.length > 0)) return undefined;
  return canonicalJson(documents.map((document) => document.toJS() as unknown));
}

function findRelease(
  text: string,
  release: string,
): { readonly documents: Document.Parsed[]; readonly document: Document.Parsed } {
  const documents = parse(text);
  const document = documents.find(
    (candidate) =>
      candidate.errors.length === 0 &&
      isMap(candidate.contents) &&
      candidate.get("kind") === "Release" &&
      candidate.getIn(["metadata", "name"]) === release,
  );
  if (document) return { documents, document };
  throw new FleetwrightError("invalid-declaration", `the file declares no release ${release}`, {
    remedy: "check metadata.name, and that the file is valid YAML",
  });
}

/** The text with the edit, or undefined when there is no plain place for it. */
function editText(text: string, document: Document, { path, value }: Edit): string | undefined {
  const node = document.getIn(path, true);
  if (isScalar(node) && node.range) {
    const [start, end] = node.range;
    return splice(text, start, end, scalarText(value, quoteOf(node)));
  }
  if (node !== undefined) return undefined;
  const key = path.at(-1);
  const parent = document.getIn(path.slice(0, -1), true);
  if (key === undefined || !isMap(parent)) return undefined;
  return parent.flow ? insertFlow(text, parent, key, value) : insertLine(text, parent, key, value);
}

function splice(text: string, start: number, end: number, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

type Quote = "" | '"' | "'";

function quoteOf(node: unknown): Quote {
  if (!isScalar(node)) return "";
  if (node.type === Scalar.QUOTE_DOUBLE) return '"';
  return node.type === Scalar.QUOTE_SINGLE ? "'" : "";
}

function scalarText(value: string | number, quote: Quote): string {
  if (typeof value === "number") return String(value);
  if (quote === "'") return `'${value.replaceAll("'", "''")}'`;
  // A digest has a colon, a version such as 1.30 would be a number: both need quotes.
  const plain = quote === "" && /^[A-Za-z0-9][-\w.]*$/.test(value) && Number.isNaN(Number(value));
  return plain ? value : JSON.stringify(value);
}

function pairText(parent: YAMLMap, key: string, value: string | number): string {
  const last = parent.items.at(-1) as Pair | undefined;
  const written = scalarText(value, quoteOf(last?.value));
  return `${scalarText(key, quoteOf(last?.key))}: ${written}`;
}

/** `{a: 1}` → `{a: 1, b: 2}`; in JSON that spans lines, on a line of its own like its siblings. */
function insertFlow(
  text: string,
  parent: YAMLMap,
  key: string,
  value: string | number,
): string | undefined {
  const last = parent.items.at(-1) as Pair | undefined;
  const end = isScalar(last?.value) || isMap(last?.value) ? last.value.range?.[1] : undefined;
  const start = isScalar(last?.key) ? last.key.range?.[0] : undefined;
  if (end === undefined || start === undefined) return undefined;
  const lead = /\n[ \t]*$/.exec(text.slice(0, start))?.[0];
  const separator = lead === undefined ? " " : (text.includes("\r\n") ? "\r" : "") + lead;
  return splice(text, end, end, `,${separator}${pairText(parent, key, value)}`);
}

/** A new line after the last sibling, with its indentation. */
function insertLine(
  text: string,
  parent: YAMLMap,
  key: string,
  value: string | number,
): string | undefined {
  const last = parent.items.at(-1) as Pair | undefined;
  if (!last || !isScalar(last.key) || !last.key.range) return undefined;
  const end = isScalar(last.value) || isMap(last.value) ? last.value.range?.[1] : undefined;
  if (end === undefined) return undefined;
  const lineStart = text.lastIndexOf("\n", last.key.range[0] - 1) + 1;
  const indentation = text.slice(lineStart, last.key.range[0]);
  if (indentation.trim() !== "") return undefined;
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  // A block map ends after its own line break: look for the end of the line that holds its last value.
  const from = text[end - 1] === "\n" ? end - 1 : end;
  const lineEnd = text.indexOf("\n", from);
  const line = `${indentation}${pairText(parent, key, value)}${newline}`;
  if (lineEnd === -1) return `${text}${newline}${line}`;
  return splice(text, lineEnd + 1, lineEnd + 1, line);
}
