import { getInput } from "@actions/core";
import { parseDuration } from "../../shared/core/duration.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";

/** Typed readers of a step's inputs; the runner itself enforces neither `required` nor any type. */

export function optionalText(name: string): string | undefined {
  const value = getInput(name);
  return value === "" ? undefined : value;
}

export function requiredText(name: string): string {
  const value = optionalText(name);
  if (value === undefined) {
    throw invalid(`input ${name} is required`, `set \`${name}\` under \`with:\``);
  }
  return value;
}

export function choice<const T extends string>(name: string, options: readonly T[]): T {
  const value = requiredText(name);
  const chosen = options.find((option) => option === value);
  if (chosen === undefined) {
    throw invalid(
      `input ${name} is ${JSON.stringify(value)}`,
      `use one of ${options.map((option) => `\`${option}\``).join(", ")}`,
    );
  }
  return chosen;
}

export function flag(name: string): boolean {
  return choice(name, ["true", "false"]) === "true";
}

/** A duration such as `30s`, within bounds that keep both Azure and the job alive. */
export function duration(
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const text = requiredText(name);
  const milliseconds = parseDuration(text);
  if (milliseconds < bounds.min || milliseconds > bounds.max) {
    throw invalid(
      `input ${name} is ${JSON.stringify(text)}`,
      `use a duration from ${bounds.min / 1_000}s to ${bounds.max / 1_000}s`,
    );
  }
  return milliseconds;
}

/** Values separated by commas or new lines. */
export function list(name: string): readonly string[] {
  return getInput(name)
    .split(/[,\n]/)
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

function invalid(message: string, remedy: string): FleetwrightError {
  return new FleetwrightError("invalid-input", message, { remedy });
}
