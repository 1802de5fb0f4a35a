import * as z from "zod/mini";
import { API_VERSION, Release, UpdateStrategy, Workspace } from "./documents.ts";
import type { Finding, FindingCode, Position } from "./finding.ts";
import { findingsOf } from "./issue.ts";
import { nearest } from "../core/nearest.ts";
import { readDocuments, type DeclaredFile, type RawDocument } from "./read-documents.ts";
import type { Path, SourceMap } from "./source-map.ts";

/** A document with the place it was declared at. */
export interface Declared<T> {
  readonly value: T;
  readonly file: string;
  /** Position of a field's value, or of the nearest field around it. */
  locate(path: Path): Position;
  /** Position of a field's name. */
  locateKey(path: Path): Position;
}

/** A document that has a finding and is left out: rules that look for it by name say nothing more. */
interface RefusedDocument {
  readonly kind: string | undefined;
  readonly name: string | undefined;
}

export interface Declarations {
  readonly workspace?: Declared<Workspace>;
  readonly strategies: readonly Declared<UpdateStrategy>[];
  readonly releases: readonly Declared<Release>[];
  readonly refused: readonly RefusedDocument[];
}

export interface ParsedDeclarations extends Declarations {
  readonly findings: readonly Finding[];
}

/** Reads documents from texts. Every problem is a finding; nothing is thrown. */
export function parseDeclarations(files: readonly DeclaredFile[]): ParsedDeclarations {
  const collected: Collected = {
    workspaces: [],
    strategies: [],
    releases: [],
    refused: [],
    findings: [],
  };
  for (const file of files) {
    const { documents, findings } = readDocuments(file);
    collected.findings.push(...findings);
    const isRefused = findings.some(({ severity }) => severity === "error");
    if (isRefused) collected.refused.push({ kind: undefined, name: undefined });
    for (const document of documents) collect(document, collected);
  }
  const { workspaces, strategies, releases, refused, findings } = collected;
  const [workspace, ...others] = workspaces;
  return {
    ...(workspace && { workspace }),
    strategies,
    releases,
    refused,
    findings: [...findings, ...others.map(duplicateWorkspace)],
  };
}

interface Collected {
  readonly workspaces: Declared<Workspace>[];
  readonly strategies: Declared<UpdateStrategy>[];
  readonly releases: Declared<Release>[];
  readonly refused: RefusedDocument[];
  readonly findings: Finding[];
}

function collect(document: RawDocument, into: Collected): void {
  const known = isBareStages(document) ? asStrategy(document) : document;
  const kind = fieldOf(known.value, "kind");
  const header = headerFinding(known, kind);
  if (header) {
    into.findings.push(header);
    into.refused.push({ kind: textOf(kind), name: nameOf(known.value) });
  } else if (kind === "Workspace") into.workspaces.push(...validate(Workspace, known, into));
  else if (kind === "UpdateStrategy")
    into.strategies.push(...validate(UpdateStrategy, known, into));
  else into.releases.push(...validate(Release, known, into));
}

function validate<T>(
  schema: z.ZodMiniType<T>,
  document: RawDocument,
  into: Collected,
): readonly Declared<T>[] {
  const result = z.safeParse(schema, document.value);
  if (result.success) {
    const { locate, locateKey } = document.map;
    return [{ value: result.data, file: document.file, locate, locateKey }];
  }
  into.findings.push(
    ...result.error.issues.flatMap((issue) => findingsOf(issue, document, schema)),
  );
  into.refused.push({
    kind: textOf(fieldOf(document.value, "kind")),
    name: nameOf(document.value),
  });
  return [];
}

const KINDS = ["Workspace", "UpdateStrategy", "Release"];

function headerFinding(document: RawDocument, kind: unknown): Finding | undefined {
  const { file, value, map } = document;
  const found = (code: FindingCode, path: Path, message: string, remedy: string): Finding => ({
    code,
    severity: "error",
    message,
    remedy,
    file,
    ...map.locate(path),
  });
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    const what = "a document must be a map with apiVersion, kind, metadata and spec";
    return found("wrong-type", [], what, `begin with apiVersion: ${API_VERSION}`);
  }
  if (typeof kind !== "string" || !KINDS.includes(kind)) {
    const meant = typeof kind === "string" ? nearest(kind, KINDS) : undefined;
    const message =
      kind === undefined ? "kind is missing" : `kind ${JSON.stringify(kind)} is not known`;
    const remedy = meant ? `did you mean ${meant}?` : `use one of ${KINDS.join(", ")}`;
    return found(kind === undefined ? "missing-field" : "unknown-kind", ["kind"], message, remedy);
  }
  const version = fieldOf(value, "apiVersion");
  if (version !== undefined && version !== API_VERSION) {
    const message = `apiVersion ${JSON.stringify(version)} is not known`;
    return found("unknown-api-version", ["apiVersion"], message, `use ${API_VERSION}`);
  }
  return undefined;
}

/**
 * The stages file of `az fleet updatestrategy create --stages` is a strategy named after its file.
 * Source: https://learn.microsoft.com/azure/kubernetes-fleet/update-orchestration (example-stages.json)
 */
function isBareStages({ file, value }: RawDocument): boolean {
  return (
    /(^|\/)strategies\//.test(file) &&
    fieldOf(value, "stages") !== undefined &&
    fieldOf(value, "kind") === undefined &&
    fieldOf(value, "apiVersion") === undefined
  );
}

function asStrategy({ file, value, map }: RawDocument): RawDocument {
  const { $schema: _schema, ...spec } = value as Record<string, unknown>;
  const name = file.replace(/^.*\//, "").replace(/\.[^.]+$/, "");
  return {
    file,
    value: { apiVersion: API_VERSION, kind: "UpdateStrategy", metadata: { name }, spec },
    map: withoutSpec(map),
  };
}

/** In a bare stages file the fields of `spec` stand at the top. */
function withoutSpec(map: SourceMap): SourceMap {
  const inFile = (path: Path): Path => (path[0] === "spec" ? path.slice(1) : []);
  return {
    locate: (path) => map.locate(inFile(path)),
    locateKey: (path) => map.locateKey(inFile(path)),
    sourceOf: (path) => map.sourceOf(inFile(path)),
  };
}

function duplicateWorkspace({ file, locate }: Declared<Workspace>): Finding {
  return {
    code: "duplicate-workspace",
    severity: "error",
    message: "a repository has one Workspace, this is another one",
    remedy: "move its environments into the first Workspace",
    file,
    ...locate([]),
  };
}

function fieldOf(value: unknown, key: string): unknown {
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function nameOf(value: unknown): string | undefined {
  return textOf(fieldOf(fieldOf(value, "metadata"), "name"));
}
