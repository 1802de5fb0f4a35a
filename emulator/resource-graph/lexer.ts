import { invalid } from "../arm/refusal.ts";

export interface Token {
  readonly kind: "name" | "text" | "number" | "symbol" | "end";
  /** Of a text: what stands between its quotes. */
  readonly text: string;
  readonly at: number;
}

/** The longest query that is read; Azure's own portal writes none so long. */
const MAX_LENGTH = 20_000;
const SPACE = /(?:\s|\/\/[^\n]*)+/y;
const NAME = /[A-Za-z_$][\w$]*(?:-[a-z]+)?/y;
const NUMBER = /\d+(?:\.\d+)?/y;
const TEXT = /@?"(?:[^"\\\n]|\\.)*"|@?'(?:[^'\\\n]|\\.)*'/y;
const SYMBOL = /!~|=~|==|!=|<=|>=|[|(),.[\]=<>~-]|![a-z]+~?/y;

/** Takes a query apart; throws ArmError 400 `InvalidQuery`. */
export function tokensOf(query: string): readonly Token[] {
  if (query.length > MAX_LENGTH) {
    throw invalid(`The query is longer than ${MAX_LENGTH} characters.`, "InvalidQuery");
  }
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0];
  };
  while (at < query.length) {
    const space = match(SPACE);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const token = nextToken(match, at);
    if (token === undefined) throw notUnderstood(query.slice(at, at + 20), at);
    tokens.push(token.token);
    at += token.length;
  }
  return [...tokens, { kind: "end", text: "", at }];
}

function nextToken(
  match: (pattern: RegExp) => string | undefined,
  at: number,
): { readonly token: Token; readonly length: number } | undefined {
  const text = match(TEXT);
  if (text !== undefined) {
    return { token: { kind: "text", text: unquoted(text), at }, length: text.length };
  }
  for (const [kind, pattern] of [
    ["name", NAME],
    ["number", NUMBER],
    ["symbol", SYMBOL],
  ] as const) {
    const found = match(pattern);
    if (found !== undefined) return { token: { kind, text: found, at }, length: found.length };
  }
  return undefined;
}

function unquoted(text: string): string {
  if (text.startsWith("@")) return text.slice(2, -1);
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

export function notUnderstood(text: string, at: number): Error {
  return invalid(
    `The query is not understood at character ${at + 1}, '${text}'. Offered are tables with where, project, project-away, ` +
      "extend, mv-expand, summarize count(), distinct, order by, top, take and count.",
    "InvalidQuery",
  );
}
