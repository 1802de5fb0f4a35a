import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";
import { toError } from "../shared/core/errors.ts";
import { UsageError } from "./usage.ts";

export type Output = "table" | "json";

export const HELP = { help: { type: "boolean", short: "h", default: false } } as const;

/** Options that every command of this kind takes. */
export const COMMON = {
  ...HELP,
  output: { type: "string", short: "o", default: "table" },
  json: { type: "boolean", default: false },
} as const;

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Parses, or throws a UsageError that tells how the command is called. */
export function readArguments<T extends Options>(
  args: readonly string[],
  options: T,
  usage: string,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node goes on to explain how such a text could be given as an argument, which no command takes.
    throw new UsageError(toError(error).message.split(". ", 1)[0] ?? "", usage);
  }
}

interface OutputValues {
  readonly output: string;
  readonly json: boolean;
}

export function readOutput({ output, json }: OutputValues, usage: string): Output {
  if (json) return "json";
  if (output === "table" || output === "json") return output;
  throw new UsageError(`--output takes table or json, not ${JSON.stringify(output)}`, usage);
}

/** The one folder that a command may be given; the current one otherwise. */
export function readFolder(positionals: readonly string[], usage: string): string {
  const [folder = ".", ...more] = positionals;
  if (more.length === 0) return folder;
  throw new UsageError(`one folder is enough: ${more.join(" ")} is too much`, usage);
}

/** For commands that take options alone. */
export function refusePositionals(positionals: readonly string[], usage: string): void {
  const [first] = positionals;
  if (first !== undefined) {
    throw new UsageError(`it takes no argument such as ${JSON.stringify(first)}`, usage);
  }
}
