export interface Annotation {
  readonly kind: "error" | "warning" | "notice";
  readonly message: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly title: string | undefined;
}

export interface CommandReader {
  read(line: string): void;
  readonly annotations: readonly Annotation[];
  log(): string;
}

const COMMAND = /^\s*::([a-z-]+)(?: (.*?))?::(.*)$/;

/** Reads the log of a step line by line: acts on `::commands::`, masks secrets, keeps the rest. */
export function createCommandReader(onLine?: (line: string) => void): CommandReader {
  const annotations: Annotation[] = [];
  const lines: string[] = [];
  const secrets = new Set<string>();
  let resumeToken: string | undefined;

  const keep = (line: string) => {
    const masked = mask(line, secrets);
    lines.push(masked);
    onLine?.(masked);
  };
  const act = (name: string, properties: string, data: string) => {
    if (name === "add-mask") for (const line of data.split("\n")) secrets.add(line.trim());
    else if (name === "stop-commands") resumeToken = data;
    else if (name === "error" || name === "warning" || name === "notice") {
      const annotation = toAnnotation(name, properties, mask(data, secrets));
      annotations.push(annotation);
      keep(`${name}: ${annotation.message}`);
    } else if (name === "group") keep(`▸ ${data}`);
    else if (name !== "endgroup" && name !== "debug") keep(`::${name}::${data}`);
  };
  const read = (line: string) => {
    const [, name = "", properties = "", data = ""] = COMMAND.exec(line) ?? [];
    if (name === "" || (resumeToken !== undefined && name !== resumeToken)) keep(line);
    else if (name === resumeToken) resumeToken = undefined;
    else act(name, properties, unescapeData(data));
  };
  return { read, annotations, log: () => lines.join("\n") };
}

function toAnnotation(kind: Annotation["kind"], properties: string, message: string): Annotation {
  const values = new Map(
    properties
      .split(",")
      .filter((property) => property.includes("="))
      .map((property): [string, string] => {
        const cut = property.indexOf("=");
        return [property.slice(0, cut).trim(), unescapeProperty(property.slice(cut + 1))];
      }),
  );
  const number = (name: string) => (values.has(name) ? Number(values.get(name)) : undefined);
  return {
    kind,
    message,
    file: values.get("file"),
    line: number("line"),
    column: number("col"),
    title: values.get("title"),
  };
}

function mask(text: string, secrets: ReadonlySet<string>): string {
  let masked = text;
  for (const secret of secrets) if (secret !== "") masked = masked.replaceAll(secret, "***");
  return masked;
}

function unescapeData(data: string): string {
  return data.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
}

function unescapeProperty(value: string): string {
  return unescapeData(value.replaceAll("%3A", ":").replaceAll("%2C", ","));
}
