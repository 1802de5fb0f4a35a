import { FUNCTIONS } from "./functions.ts";
import { notUnderstood, tokensOf } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import type { Column, Expression, Query, SortKey, Step } from "./query.ts";

/** Parentheses within parentheses: more than anybody writes, less than the stack holds. */
const MAX_DEPTH = 100;
const COMPARISONS = new Set([
  "==",
  "!=",
  "=~",
  "!~",
  "<",
  "<=",
  ">",
  ">=",
  "contains",
  "!contains",
  "startswith",
  "!startswith",
  "endswith",
  "!endswith",
  "has",
  "!has",
]);
const CONSTANTS = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** Reads the part of the Kusto language that questions about clusters and fleets need; throws ArmError 400. */
export function parseQuery(text: string): Query {
  return new Parser(tokensOf(text)).query();
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    const table = this.#name();
    const steps: Step[] = [];
    while (this.#skip("|")) steps.push(...this.#step());
    if (this.#peek.kind !== "end") throw this.#refuse();
    return { table, steps };
  }

  get #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "", at: 0 };
  }

  #refuse(): Error {
    return notUnderstood(this.#peek.text, this.#peek.at);
  }

  #take(): Token {
    const token = this.#peek;
    this.#next += 1;
    return token;
  }

  /** Goes past a symbol or word when it comes next. */
  #skip(text: string): boolean {
    const { kind, text: found } = this.#peek;
    if (kind === "text" || kind === "end" || found.toLowerCase() !== text) return false;
    this.#next += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) throw this.#refuse();
  }

  #name(): string {
    if (this.#peek.kind !== "name") throw this.#refuse();
    return this.#take().text;
  }

  #number(): number {
    if (this.#peek.kind !== "number") throw this.#refuse();
    return Math.floor(Number(this.#take().text));
  }

  #list<T>(read: () => T): readonly T[] {
    const found = [read()];
    while (this.#skip(",")) found.push(read());
    return found;
  }

  #step(): readonly Step[] {
    const refusal = this.#refuse();
    const operator = this.#name().toLowerCase();
    switch (operator) {
      case "where":
        return [{ kind: "where", condition: this.#expression() }];
      case "project":
      case "extend":
      case "distinct":
        return [{ kind: operator, columns: this.#list(() => this.#column()) }];
      case "project-away":
        return [{ kind: operator, names: this.#list(() => this.#name()) }];
      case "mv-expand":
        return [{ kind: operator, column: this.#column() }];
      case "summarize":
        return [this.#summarize()];
      case "order":
      case "sort":
        this.#expect("by");
        return [{ kind: "order", keys: this.#list(() => this.#sortKey()) }];
      case "take":
      case "limit":
        return [{ kind: "take", rows: this.#number() }];
      case "top": {
        const rows = this.#number();
        this.#expect("by");
        return [
          { kind: "order", keys: [this.#sortKey()] },
          { kind: "take", rows },
        ];
      }
      case "count":
        return [{ kind: "count" }];
      default:
        throw refusal;
    }
  }

  #summarize(): Step {
    const first = this.#name();
    const isNamed = this.#skip("=");
    if (isNamed ? !this.#skip("count") : first.toLowerCase() !== "count") throw this.#refuse();
    this.#expect("(");
    this.#expect(")");
    const by = this.#skip("by") ? this.#list(() => this.#column()) : [];
    return { kind: "summarize", count: isNamed ? first : "count_", by };
  }

  #sortKey(): SortKey {
    const value = this.#expression();
    const isAscending = this.#skip("asc");
    if (!isAscending) this.#skip("desc");
    return { value, isAscending };
  }

  /** `name = expression`, or an expression that names itself: `properties.count` is `properties_count`. */
  #column(): Column {
    const [first, second] = [this.#peek, this.#tokens[this.#next + 1]];
    if (first.kind === "name" && second?.kind === "symbol" && second.text === "=") {
      this.#next += 2;
      return { name: first.text, value: this.#expression() };
    }
    const value = this.#expression();
    return { name: nameOf(value), value };
  }

  #expression(): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#refuse();
    let left = this.#conjunction();
    while (this.#skip("or")) left = { kind: "or", sides: [left, this.#conjunction()] };
    this.#depth -= 1;
    return left;
  }

  #conjunction(): Expression {
    let left = this.#comparison();
    while (this.#skip("and")) left = { kind: "and", sides: [left, this.#comparison()] };
    return left;
  }

  #comparison(): Expression {
    const left = this.#operand();
    const operator = this.#peek.kind === "text" ? "" : this.#peek.text.toLowerCase();
    if (COMPARISONS.has(operator)) {
      this.#next += 1;
      return { kind: "compare", operator, sides: [left, this.#operand()] };
    }
    const bare = operator.replace("!", "");
    if (bare !== "in" && bare !== "in~") return left;
    this.#next += 1;
    // `in~` comes as a name and a symbol: the tilde is no part of names.
    const ignoresCase = bare === "in~" || this.#skip("~");
    this.#expect("(");
    const list = this.#list(() => this.#expression());
    this.#expect(")");
    return { kind: "in", value: left, list, ignoresCase, isNegated: operator.startsWith("!") };
  }

  #operand(): Expression {
    let value = this.#primary();
    for (;;) {
      if (this.#skip(".")) value = { kind: "member", of: value, key: this.#name() };
      else if (this.#skip("[")) {
        const token = this.#take();
        if (token.kind !== "text" && token.kind !== "number") throw this.#refuse();
        const key = token.kind === "number" ? Number(token.text) : token.text;
        value = { kind: "member", of: value, key };
        this.#expect("]");
      } else return value;
    }
  }

  #primary(): Expression {
    if (this.#skip("(")) {
      const value = this.#expression();
      this.#expect(")");
      return value;
    }
    const isNegative = this.#skip("-");
    if (isNegative && this.#peek.kind !== "number") throw this.#refuse();
    const refusal = this.#refuse();
    const { kind, text } = this.#take();
    if (kind === "text") return { kind: "value", value: text };
    if (kind === "number") return { kind: "value", value: Number(text) * (isNegative ? -1 : 1) };
    if (kind !== "name") throw refusal;
    const constant = CONSTANTS.get(text.toLowerCase());
    if (constant !== undefined) return { kind: "value", value: constant };
    if (!this.#skip("(")) return { kind: "column", name: text };
    if (!FUNCTIONS.has(text.toLowerCase())) throw refusal;
    const given = this.#skip(")") ? [] : this.#list(() => this.#expression());
    if (given.length > 0) this.#expect(")");
    return { kind: "call", name: text.toLowerCase(), with: given };
  }
}

function nameOf(value: Expression): string {
  switch (value.kind) {
    case "column":
      return value.name;
    case "member":
      return `${nameOf(value.of)}_${value.key}`;
    case "call":
      return value.with[0] ? nameOf(value.with[0]) : value.name;
    default:
      return "Column1";
  }
}
