/** Markup made by `html`: whatever was put into it has been escaped. Only this file can make one. */
export class Html {
  readonly #markup: string;

  constructor(key: typeof MAKER, markup: string) {
    if (key !== MAKER) throw new TypeError("markup is made by html`…`");
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

const MAKER = Symbol("html");

type Part = string | number | undefined | false | Html | readonly Part[];

/** A template whose values are text: they are escaped for element content and quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  const markup = dense(strings).reduce(
    (text, string, index) => `${text}${render(values[index - 1])}${string}`,
  );
  return new Html(MAKER, markup);
}

const condensed = new WeakMap<TemplateStringsArray, readonly string[]>();

/** Without the indentation of the source, of which a thousand rows would be half. */
function dense(strings: TemplateStringsArray): readonly string[] {
  const known = condensed.get(strings) ?? strings.map((text) => text.replaceAll(/\s*\n\s*/g, " "));
  condensed.set(strings, known);
  return known;
}

/** Style and script, which HTML does not unescape: only for constants of this folder. */
export function verbatim(constant: string): Html {
  return new Html(MAKER, constant);
}

function render(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Html) return part.toString();
  if (typeof part === "string" || typeof part === "number") return escape(String(part));
  return part.map(render).join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}
