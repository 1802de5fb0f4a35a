export type RouteParams = Readonly<Record<string, string>>;

/** A route template of ASP.NET Core as HTTP functions use it. */
export interface Route {
  /** The values of the template's parameters; undefined when the path is another one. */
  match(path: string): RouteParams | undefined;
  /** Literal segments: of two routes that match, the more literal one wins. */
  readonly literals: number;
}

interface Segment {
  readonly source: string;
  readonly param: string | undefined;
}

/** Constraints of the template language that make a difference on the wire. */
const CONSTRAINTS: Readonly<Record<string, string>> = {
  int: "-?\\d+",
  long: "-?\\d+",
  bool: "(?:true|false)",
  guid: "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
  alpha: "[a-z]+",
};

/** `pets/{id:int}/{rest?}`, `files/{*path}`; compares without case. */
export function parseRoute(template: string): Route {
  const segments = template
    .split("/")
    .filter((part) => part !== "")
    .map(parseSegment);
  const pattern = new RegExp(`^${segments.map(({ source }) => source).join("")}/?$`, "i");
  const names = segments.flatMap(({ param }) => (param === undefined ? [] : [param]));
  return {
    literals: segments.length - names.length,
    match(path) {
      const found = pattern.exec(path);
      if (!found) return undefined;
      const values = names.map((name, index) => [name, found[index + 1]] as const);
      return Object.fromEntries(values.filter((pair): pair is [string, string] => !!pair[1]));
    },
  };
}

function parseSegment(text: string): Segment {
  const parameter = /^\{(\*{0,2})([A-Za-z0-9_]+)(?::([a-z]+)[^}]*)?(\?)?\}$/.exec(text);
  if (!parameter) return { source: `/${escape(text)}`, param: undefined };
  const [, star, param, constraint = "", optional] = parameter;
  if (star) return { source: "(?:/(.*))?", param };
  const value = `/(${CONSTRAINTS[constraint] ?? "[^/]+"})`;
  return { source: optional ? `(?:${value})?` : value, param };
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
