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

/** What a promotion writes into the release of its target; nothing else is touched. */
export interface ReleaseChange {
  readonly release: string;
  readonly generation: number;
  readonly nodeImages: Readonly<Record<string, string>>;
  readonly kubernetesVersion?: string;
  readonly digest?: string;
  readonly from: { readonly environment: string; readonly generation: number };
}

/** The release file with new pins: all else, comments, order and quotes included, is as it was. */
export function withNodeImages(text: string, change: NodeImageChange): string {
  const pins = Object.entries(change.nodeImages);
  return editRelease(text, change.release, [
    { path: ["metadata", "generation"], value: change.generation },
    ...pins.map(([family, value]) => ({ path: ["spec", "nodeImages", family], value })),
  ]);
}

/** The release file with everything that was promoted to it, and where that came from. */
export function withPromotion(text: string, change: ReleaseChange): string {
  const { release, generation, nodeImages, kubernetesVersion, digest, from } = change;
  return editRelease(withNodeImages(text, { release, nodeImages, generation }), release, [
    ...(kubernetesVersion === undefined
      ? []
      : [{ path: ["spec", "kubernetesVersion"], value: kubernetesVersion }]),
    ...(digest === undefined ? [] : [{ path: ["spec", "strategy", "digest"], value: digest }]),
    ...(hasMap(text, release, ["spec", "from"])
      ? [
          { path: ["spec", "from", "environment"], value: from.environment },
          { path: ["spec", "from", "generation"], value: from.generation },
        ]
      : [{ path: ["spec", "from"], value: from }]),
  ]);
}

export interface VersionChange {
  readonly release: string;
  readonly kubernetesVersion: string;
  readonly generation: number;
}

/** The release file that upgrades Kubernetes: `NodeImageOnly` would leave the version alone. */
export function withKubernetesVersion(text: string, change: VersionChange): string {
  return editRelease(text, change.release, [
    { path: ["metadata", "generation"], value: change.generation },
    { path: ["spec", "kubernetesVersion"], value: change.kubernetesVersion },
    { path: ["spec", "upgradeType"], value: "Full" },
  ]);
}

function hasMap(text: string, release: string, path: readonly string[]): boolean {
  return isMap(findRelease(text, release).document.getIn(path, true));
}

type Scalars = Readonly<Record<string, string | number>>;

interface Edit {
  readonly path: readonly string[];
  readonly value: string | number | Scalars;
}

/** A proposal that waits for its review is looked at every minute, and parsing it costs more than all else. */
const edited = new Map<string, string>();
const MAX_EDITED = 50;

function editRelease(text: string, release: string, edits: readonly Edit[]): string {
  const key = JSON.stringify([text, release, edits]);
  const known = edited.get(key);
  if (known !== undefined) return known;
  const result = edits.reduce((written, edit) => applyEdit(written, release, edit), text);
  if (edited.size >= MAX_EDITED) edited.clear();
  edited.set(key, result);
  return result;
}

/**
 * Replaces characters in place where it can, since writing the whole document again would reflow it and
 * bury the change in the diff. The result is read back; if it does not say what it should (anchors,
 * explicit keys), the document is written by the library instead.
 */
function applyEdit(text: string, release: string, edit: Edit): string {
  const { documents, document } = findRelease(text, release);
  if (document.getIn(edit.path) === edit.value) return text;
  const wanted = canonicalJson(
    documents.map((other) => (other === document ? withValue(other.toJS(), edit) : other.toJS())),
  );
  const inPlace = editText(text, document, edit);
  if (inPlace !== undefined && contentsOf(inPlace) === wanted) return inPlace;
  document.setIn(edit.path, edit.value);
  const written = writeAgain(text, documents);
  if (contentsOf(written) === wanted) return written;
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

/** The edit on plain data: the yardstick, since an anchor would carry it to other places. */
function withValue(data: unknown, { path, value }: Edit): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const map = data !== null && typeof data === "object" ? (data as Record<string, unknown>) : {};
  return { ...map, [key]: withValue(map[key], { path: rest, value }) };
}

/** Everything that a text says, to compare; undefined when it cannot be read. */
function contentsOf(text: string): string | undefined {
  const documents = parse(text);
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
    return splice(text, start, end, valueText(value, quoteOf(node)));
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

function valueText(value: Edit["value"], quote: Quote): string {
  if (typeof value !== "object") return scalarText(value, quote);
  const pairs = Object.entries(value).map(([key, one]) => `${key}: ${scalarText(one, "")}`);
  return `{ ${pairs.join(", ")} }`;
}

/** A pair that is quoted and spaced like its sibling. */
function pairText(sibling: Pair, colon: string, key: string, value: Edit["value"]): string {
  const written = valueText(value, quoteOf(sibling.value));
  return `${scalarText(key, quoteOf(sibling.key))}${colon}${written}`;
}

/** `{a: 1}` → `{a: 1, b: 2}`; in JSON that spans lines, on a line of its own like its siblings. */
function insertFlow(
  text: string,
  parent: YAMLMap,
  key: string,
  value: Edit["value"],
): string | undefined {
  // Written flat: JSON would want its keys quoted, and is written by the library.
  if (typeof value === "object") return undefined;
  const last = parent.items.at(-1) as Pair | undefined;
  if (!last || !isScalar(last.key) || !isScalar(last.value)) return undefined;
  const [start, keyEnd] = last.key.range ?? [];
  const [valueStart, end] = last.value.range ?? [];
  if (start === undefined || end === undefined) return undefined;
  // JSON may be written without any space.
  const colon = text.slice(keyEnd, valueStart) === ":" ? ":" : ": ";
  const ownLine = /\r?\n[ \t]*$/.exec(text.slice(0, start))?.[0];
  const separator = ownLine ?? colon.slice(1);
  return splice(text, end, end, `,${separator}${pairText(last, colon, key, value)}`);
}

/** A new line after the last sibling, with its indentation. */
function insertLine(
  text: string,
  parent: YAMLMap,
  key: string,
  value: Edit["value"],
): string | undefined {
  const last = parent.items.at(-1) as Pair | undefined;
  if (!last || !isScalar(last.key)) return undefined;
  const [start] = last.key.range ?? [];
  const end = endOf(last.value);
  if (start === undefined || end === undefined) return undefined;
  const indentation = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  if (indentation.trim() !== "") return undefined;
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const line = `${indentation}${pairText(last, ": ", key, value)}${newline}`;
  // A comment may follow the value: the new line begins after it.
  const lineEnd = text.indexOf("\n", end);
  if (lineEnd === -1) return `${text}${newline}${line}`;
  return splice(text, lineEnd + 1, lineEnd + 1, line);
}

/** Where a value ends in the text; a map in block style ends with the last of its own values. */
function endOf(value: unknown): number | undefined {
  if (isMap(value) && !value.flow) return endOf(value.items.at(-1)?.value);
  return isScalar(value) || isMap(value) ? value.range?.[1] : undefined;
}
