import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";
import { toError } from "../shared/core/errors.ts";
import { UsageError } from "./usage.ts";

export type Output = "table" | "json";

/** Options that every command of this kind takes. */
export const COMMON = {
  output: { type: "string", short: "o", default: "table" },
  help: { type: "boolean", short: "h", default: false },
} as const;

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Parses, or throws a UsageError that repeats how the command is called. */
export function readArguments<T extends Options>(
  args: readonly string[],
  options: T,
  usage: string,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${toError(error).message}\n\n${usage}`);
  }
}

export function readOutput(text: string, usage: string): Output {
  if (text === "table" || text === "json") return text;
  throw new UsageError(`--output takes table or json, not ${JSON.stringify(text)}\n\n${usage}`);
}

/** The one folder that a command may be given; the current one otherwise. */
export function readFolder(positionals: readonly string[], usage: string): string {
  const [folder = ".", ...more] = positionals;
  if (more.length === 0) return folder;
  throw new UsageError(`one folder is enough: ${more.join(" ")} is too much\n\n${usage}`);
}
