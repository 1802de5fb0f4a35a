import { isAlias, isScalar, LineCounter, parseAllDocuments, visit, type Document } from "yaml";
import { toError } from "../core/errors.ts";
import type { Finding, FindingCode, Position } from "./finding.ts";
import { createSourceMap, positionAt, type SourceMap } from "./source-map.ts";

/** A declared file as it came: from a checkout, or from GitHub at a commit. */
export interface DeclaredFile {
  readonly path: string;
  readonly text: string;
}

/** A YAML or JSON document that could be read; its shape is not known yet. */
export interface RawDocument {
  readonly file: string;
  readonly value: unknown;
  readonly map: SourceMap;
}

/** The largest real strategy (50 groups, many stages) has some 20 KB; GitHub's contents API ends at 1 MB. */
export const MAX_FILE_CHARACTERS = 1_000_000;

/** A file with more documents is generated, and better kept as several files. */
const MAX_DOCUMENTS_PER_FILE = 200;

/** One stray character can break each following line: the first few errors say it all. */
const MAX_SYNTAX_FINDINGS = 10;

/** Aliases that repeat a group list are fine; a document that multiplies itself is not. */
const MAX_ALIASES = 100;

export function readDocuments(file: DeclaredFile): {
  readonly documents: readonly RawDocument[];
  readonly findings: readonly Finding[];
} {
  const refuse = (finding: Omit<Finding, "file" | "severity">) => ({
    documents: [],
    findings: [{ ...finding, file: file.path, severity: "error" as const }],
  });
  if (file.text.length > MAX_FILE_CHARACTERS) return refuse(tooLarge(file.text.length));
  const lines = new LineCounter();
  const parsed = parseAllDocuments(file.text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "error",
  });
  if (parsed.length > MAX_DOCUMENTS_PER_FILE) return refuse(tooMany(parsed.length));
  const results = parsed.map((document) => readDocument(file.path, document, lines));
  const documents = results.flatMap(({ document }) => document ?? []);
  const findings = results.flatMap((result) => result.findings);
  const isEmpty = documents.length + findings.length === 0;
  return {
    documents,
    findings: isEmpty ? [{ ...empty, severity: "warning", file: file.path }] : findings,
  };
}

interface ReadResult {
  readonly document?: RawDocument;
  readonly findings: readonly Finding[];
}

function readDocument(file: string, document: Document.Parsed, lines: LineCounter): ReadResult {
  const findings = [...syntaxFindings(file, document, lines), ...aliases(file, document, lines)];
  // A separator at the end of a file leaves an empty document behind.
  if (findings.length > 0 || document.contents === null) return { findings };
  const map = createSourceMap(document, lines);
  dropNulls(document);
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return value === null ? { findings } : { document: { file, value, map }, findings };
  } catch (thrown) {
    const position = map.locate([]);
    return {
      findings: [{ ...syntax(toError(thrown).message), severity: "error", file, ...position }],
    };
  }
}

/** What Azure's tools print writes `null` where nothing is set; a value that was forgotten is empty, and stays. */
function dropNulls(document: Document.Parsed): void {
  visit(document, {
    Pair: (_, { value }) =>
      isScalar(value) && value.value === null && value.source === "null" ? visit.REMOVE : undefined,
  });
}

function syntaxFindings(
  file: string,
  document: Document.Parsed,
  lines: LineCounter,
): readonly Finding[] {
  return document.errors.slice(0, MAX_SYNTAX_FINDINGS).map(({ code, pos, message }) => ({
    ...(code === "DUPLICATE_KEY" ? duplicateKey : syntax(message)),
    severity: "error",
    file,
    ...positionAt(lines, pos[0]),
  }));
}

/** The library finds an alias without an anchor only when it builds the value, and then names no place. */
function aliases(file: string, document: Document.Parsed, lines: LineCounter): readonly Finding[] {
  const findings: Finding[] = [];
  visit(document, {
    Alias(_, alias) {
      if (!isAlias(alias) || alias.resolve(document)) return;
      findings.push({
        code: "unresolved-alias",
        severity: "error",
        message: `nothing is anchored as &${alias.source} before this alias`,
        remedy: `define &${alias.source} above in the same document, or quote a text that begins with *`,
        file,
        ...positionAt(lines, alias.range?.[0] ?? 0),
      });
    },
  });
  return findings.slice(0, MAX_SYNTAX_FINDINGS);
}

interface Said {
  readonly code: FindingCode;
  readonly message: string;
  readonly remedy: string;
}

const duplicateKey: Said = {
  code: "duplicate-key",
  message: "this key stands twice in the same map",
  remedy: "keep one of the two",
};

const syntax = (message: string): Said => ({
  code: "syntax",
  message: `this is not valid YAML or JSON: ${message.split("\n")[0]}`,
  remedy: "check the indentation, quotes and brackets around this place",
});

const START: Position = { line: 1, column: 1 };

const empty: Said & Position = {
  code: "empty-file",
  message: "the file declares nothing: it is empty, or all comments",
  remedy: "fill it, or delete it",
  ...START,
};

const tooLarge = (characters: number): Said & Position => ({
  code: "too-large",
  message: `the file has ${characters} characters, at most ${MAX_FILE_CHARACTERS} are read`,
  remedy: "split it into several files",
  ...START,
});

const tooMany = (documents: number): Said & Position => ({
  code: "too-many-documents",
  message: `the file has ${documents} documents, at most ${MAX_DOCUMENTS_PER_FILE} are read`,
  remedy: "split it into several files",
  ...START,
});
