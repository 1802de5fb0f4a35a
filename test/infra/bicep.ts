import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, normalize } from "node:path";
import { Language, Parser, type Node } from "web-tree-sitter";

/** A Bicep file as far as our checks need it. The grammar is tree-sitter's; it knows the syntax, not Azure. */
export interface BicepFile {
  readonly path: string;
  readonly targetScope: string;
  readonly params: ReadonlyMap<string, { readonly isRequired: boolean }>;
  readonly outputs: ReadonlySet<string>;
  readonly resources: readonly {
    readonly name: string;
    readonly type: string;
    readonly apiVersion: string;
  }[];
  readonly modules: readonly BicepModule[];
  /** `file:line: what is wrong with its syntax`. */
  readonly syntaxErrors: readonly string[];
  /** Names that are used and declared nowhere, with their line. */
  readonly undeclared: readonly string[];
  /** Parameters and variables that nothing reads. */
  readonly unused: readonly string[];
  /** Names that are declared twice. */
  readonly doubled: readonly string[];
  /** JSON files that it reads, from the root of the repository. */
  readonly loaded: readonly string[];
  /** Functions that are called. */
  readonly calls: ReadonlySet<string>;
  /** Texts in quotes, with interpolations as they stand. */
  readonly strings: readonly string[];
  readonly text: string;
}

export interface BicepModule {
  readonly name: string;
  /** From the root of the repository. */
  readonly path: string;
  readonly params: readonly string[];
  readonly hasScope: boolean;
  /** Deployed only under a condition: Bicep refuses to read its outputs without one. */
  readonly isConditional: boolean;
  /** Outputs that this file reads of it. */
  readonly outputsRead: readonly string[];
}

let parser: Promise<Parser> | undefined;

async function bicepParser(): Promise<Parser> {
  await Parser.init();
  const grammar = createRequire(import.meta.url).resolve("tree-sitter-bicep/package.json");
  const language = await Language.load(join(dirname(grammar), "tree-sitter-bicep.wasm"));
  const made = new Parser();
  made.setLanguage(language);
  return made;
}

export async function readBicep(path: string): Promise<BicepFile> {
  const text = await readFile(path, "utf8");
  const root = (await (parser ??= bicepParser())).parse(text)?.rootNode;
  if (!root) throw new Error(`${path} cannot be parsed`);
  const all = [...descendants(root)];
  const of = (type: string): Node[] => all.filter((node) => node.type === type);
  return {
    path,
    text,
    targetScope: stringsOf(of("target_scope_assignment")[0])[0] ?? "resourceGroup",
    params: new Map(
      of("parameter_declaration").map((node) => [
        nameOf(node),
        { isRequired: !node.text.includes("=") },
      ]),
    ),
    outputs: new Set(of("output_declaration").map(nameOf)),
    resources: of("resource_declaration").map(toResource),
    modules: of("module_declaration").map((node) => toModule(path, node, all)),
    syntaxErrors: all
      .filter((node) => node.isError || node.isMissing)
      .map((node) => `${place(path, node)}: ${node.text.slice(0, 60)}`),
    undeclared: undeclaredNames({ path, text }, all),
    unused: unusedNames(all),
    doubled: doubledNames(all),
    loaded: [...text.matchAll(/loadJsonContent\('([^']+)'\)/g)].map(([, file = ""]) =>
      normalize(join(dirname(path), file)),
    ),
    calls: new Set(
      of("call_expression").map((node) => node.childForFieldName("function")?.text ?? ""),
    ),
    strings: of("string").map((node) => node.text.slice(1, -1)),
  };
}

function* descendants(node: Node): Generator<Node> {
  yield node;
  for (const child of node.namedChildren) if (child) yield* descendants(child);
}

function nameOf(declaration: Node): string {
  return declaration.namedChildren.find((child) => child?.type === "identifier")?.text ?? "";
}

function stringsOf(node: Node | undefined): string[] {
  if (!node) return [];
  return [...descendants(node)]
    .filter(({ type }) => type === "string")
    .map(({ text }) => text.slice(1, -1));
}

function toResource(node: Node): BicepFile["resources"][number] {
  const [typeAndVersion = ""] = stringsOf(node);
  const [type = "", apiVersion = ""] = typeAndVersion.split("@");
  return { name: nameOf(node), type, apiVersion };
}

function toModule(path: string, node: Node, all: readonly Node[]): BicepModule {
  const [file = ""] = stringsOf(node);
  const body = [...descendants(node)].find(({ type }) => type === "object");
  const params = valueOf(body, "params");
  const name = nameOf(node);
  const reading = new RegExp(`^${name}(?:\\[[^\\]]*\\])?\\.outputs\\.(\\w+)$`);
  return {
    name,
    path: normalize(join(dirname(path), file)),
    params: params ? propertyNames(params) : [],
    hasScope: valueOf(body, "scope") !== undefined,
    isConditional: /=\s*if\s*\(/.test(node.text.slice(0, 200)),
    outputsRead: all.flatMap(
      ({ type, text }) => (type === "member_expression" && reading.exec(text)?.[1]) || [],
    ),
  };
}

function propertyNames(object: Node): string[] {
  return properties(object).map((property) => property.namedChildren[0]?.text ?? "");
}

function valueOf(object: Node | undefined, name: string): Node | undefined {
  const found =
    object && properties(object).find((property) => property.namedChildren[0]?.text === name);
  return found?.namedChildren[1] ?? undefined;
}

function properties(object: Node): Node[] {
  return object.namedChildren
    .filter((child) => child?.type === "object_property")
    .filter((child) => child !== null);
}

const DECLARATIONS = new Set([
  "parameter_declaration",
  "variable_declaration",
  "resource_declaration",
  "module_declaration",
  "output_declaration",
]);

/** What Bicep declares by itself. */
const NAMESPACES = ["az", "sys"];

function undeclaredNames(
  { path, text }: Pick<BicepFile, "path" | "text">,
  all: readonly Node[],
): string[] {
  const declared = new Set([
    ...NAMESPACES,
    ...all.filter(({ type }) => DECLARATIONS.has(type)).map(nameOf),
  ]);
  for (const loop of all.filter(({ type }) => type === "for_statement")) {
    declared.add(loop.namedChildren[0]?.text ?? "");
  }
  // In a list the grammar takes a call's name for an identifier of its own.
  const isCalled = (node: Node): boolean => text[node.endIndex] === "(";
  return all
    .filter((node) => node.type === "identifier" && isUse(node) && !isCalled(node))
    .filter((node) => !declared.has(node.text))
    .map((node) => `${place(path, node)}: ${node.text}`);
}

/** Bicep's own linter calls these no-unused-params and no-unused-vars. */
function unusedNames(all: readonly Node[]): string[] {
  const read = new Set(
    all.filter((node) => node.type === "identifier" && isUse(node)).map(({ text }) => text),
  );
  return all
    .filter(({ type }) => type === "parameter_declaration" || type === "variable_declaration")
    .map(nameOf)
    .filter((name) => !read.has(name));
}

/** Outputs have names of their own; everything else shares one space. */
function doubledNames(all: readonly Node[]): string[] {
  const names = all
    .filter(({ type }) => DECLARATIONS.has(type))
    .map((node) => `${node.type === "output_declaration" ? "output " : ""}${nameOf(node)}`);
  return names.filter((name, index) => names.indexOf(name) !== index);
}

/** Neither the name of a property, nor of a function, nor what declares it. */
function isUse(node: Node): boolean {
  const { parent } = node;
  if (!parent || DECLARATIONS.has(parent.type)) return isValueOf(parent, node);
  if (parent.type === "object_property") return parent.namedChildren[0]?.id !== node.id;
  if (parent.type === "call_expression")
    return parent.childForFieldName("function")?.id !== node.id;
  return true;
}

function isValueOf(declaration: Node | null, node: Node): boolean {
  const isName =
    declaration?.namedChildren.find((child) => child?.type === "identifier")?.id === node.id;
  return declaration !== null && !isName;
}

function place(path: string, node: Node): string {
  return `${path}:${node.startPosition.row + 1}`;
}
