import { invalidTemplate } from "./refusal.ts";

/** A template expression, such as `[concat(parameters('name'), '-1').value[0]]`. */
export type Expression =
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "call"; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: "member"; readonly of: Expression; readonly name: Expression };

/** ARM's own bounds on an expression. Source: learn.microsoft.com, template limits */
const MAX_LENGTH = 24_576;
/** So that no template exhausts the stack. */
const MAX_DEPTH = 100;

/** The expression in a text of a template; undefined for a text that means itself. */
export function parseExpression(text: string): Expression | undefined {
  if (!text.startsWith("[") || text.startsWith("[[") || !text.endsWith("]")) return undefined;
  if (text.length > MAX_LENGTH) {
    throw invalidTemplate(`an expression is longer than ${MAX_LENGTH} characters`);
  }
  return new ExpressionParser(text).parse();
}

/** `[[` is how a text begins that is meant to begin with a bracket. */
export function unescaped(text: string): string {
  return text.startsWith("[[") ? text.slice(1) : text;
}

const TOKEN = /\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_]\w*)|([()[\],.]))\s*/y;

interface Token {
  readonly kind: "text" | "number" | "name" | "sign" | "end";
  readonly value: string;
}

class ExpressionParser {
  readonly #text: string;
  readonly #source: string;
  #at = 0;
  #token: Token;
  #depth = 0;

  constructor(text: string) {
    this.#source = text;
    this.#text = text.slice(1, -1);
    this.#token = this.#next();
  }

  parse(): Expression {
    const expression = this.#expression();
    if (this.#token.kind !== "end") throw this.#unexpected();
    return expression;
  }

  #expression(): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw invalidTemplate("an expression is nested too deep");
    let expression = this.#primary();
    while (this.#token.value === "." || this.#token.value === "[") {
      if (this.#token.kind !== "sign") break;
      expression = { kind: "member", of: expression, name: this.#memberName() };
    }
    this.#depth -= 1;
    return expression;
  }

  #memberName(): Expression {
    if (this.#take() === ".") {
      if (this.#token.kind !== "name") throw this.#unexpected();
      return { kind: "literal", value: this.#take() };
    }
    const index = this.#expression();
    this.#expect("]");
    return index;
  }

  #primary(): Expression {
    const { kind } = this.#token;
    if (kind === "text") return { kind: "literal", value: this.#take().replaceAll("''", "'") };
    if (kind === "number") return { kind: "literal", value: Number(this.#take()) };
    if (kind !== "name") throw this.#unexpected();
    let name = this.#take();
    while (this.#isSign(".")) {
      this.#take();
      name = `${name}.${this.#take()}`;
    }
    this.#expect("(");
    const given: Expression[] = [];
    while (!this.#isSign(")")) {
      if (given.length > 0) this.#expect(",");
      given.push(this.#expression());
    }
    this.#expect(")");
    return { kind: "call", name, arguments: given };
  }

  #isSign(sign: string): boolean {
    return this.#token.kind === "sign" && this.#token.value === sign;
  }

  #expect(sign: string): void {
    if (!this.#isSign(sign)) throw this.#unexpected();
    this.#take();
  }

  #take(): string {
    const { value } = this.#token;
    this.#token = this.#next();
    return value;
  }

  #next(): Token {
    if (this.#at >= this.#text.length) return { kind: "end", value: "" };
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (!match) throw this.#unexpected();
    this.#at = TOKEN.lastIndex;
    const [, text, number, name, sign = ""] = match;
    if (text !== undefined) return { kind: "text", value: text };
    if (number !== undefined) return { kind: "number", value: number };
    return name === undefined ? { kind: "sign", value: sign } : { kind: "name", value: name };
  }

  #unexpected(): Error {
    const shown = this.#source.length > 200 ? `${this.#source.slice(0, 200)}…` : this.#source;
    return invalidTemplate(
      `the language expression '${shown}' is not valid near position ${this.#at}`,
    );
  }
}
