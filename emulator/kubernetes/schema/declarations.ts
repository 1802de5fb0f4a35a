/**
 * Reads the type declarations of the package `kubernetes-types`, which are generated from Kubernetes' own
 * OpenAPI document: interfaces of fields with their documentation, of one form throughout.
 */
export interface Declaration {
  readonly description: string;
  /** Absent: the text of what the name stands for (`Quantity` is `string`). */
  readonly fields?: readonly DeclaredField[];
  readonly alias?: string;
}

export interface DeclaredField {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** As written: `Array<Container>`, `number | string`; that of the values when it is a map. */
  readonly type: string;
  readonly isMap: boolean;
}

export interface DeclarationFile {
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** Which file a name comes from that this one does not declare, such as `../meta/v1`. */
  readonly imports: ReadonlyMap<string, string>;
}

const IMPORT = /^import \{ (.*) \} from "(.*)";$/gm;
const DECLARATION =
  /(\/\*\*[\s\S]*?\*\/\n)?export (?:interface (\w+) \{\n([\s\S]*?)^\}|type (\w+) = (.*);)/gm;
const FIELD =
  /( {4}\/\*\*[\s\S]*?\*\/\n)? {4}(?:readonly )?"?([\w$-]+)"?(\??): (?:\{\n {8}\[name: string\]: (.*);\n {4}\}|(.*));\n/g;

export function parseDeclarations(source: string): DeclarationFile {
  const declarations = [...source.matchAll(DECLARATION)].map(
    ([, comment, name, body, aliasName, alias]): [string, Declaration] => {
      const description = commentText(comment);
      return alias === undefined
        ? [name ?? "", { description, fields: parseFields(body ?? "") }]
        : [aliasName ?? "", { description, alias }];
    },
  );
  const imports = [...source.matchAll(IMPORT)].flatMap(([, names = "", file = ""]) =>
    names.split(", ").map((name): [string, string] => [name, file]),
  );
  return { declarations: new Map(declarations), imports: new Map(imports) };
}

function parseFields(body: string): DeclaredField[] {
  return [...body.matchAll(FIELD)].map(
    ([, comment, name = "", optional, valueType, type = ""]) => ({
      name,
      description: commentText(comment),
      required: optional !== "?",
      type: valueType ?? type,
      isMap: valueType !== undefined,
    }),
  );
}

function commentText(comment = ""): string {
  const lines = comment.trim().slice("/**".length, -"*/".length).split("\n");
  return lines
    .map((line) => line.replace(/^ *\* ?/, ""))
    .join("\n")
    .trim();
}
