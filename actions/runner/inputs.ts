import { getInput } from "@actions/core";
import { parseArmId } from "../../shared/core/arm-id.ts";
import type { ArmId, ParsedArmId } from "../../shared/core/arm-id.ts";
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
  return oneOf(name, requiredText(name), options);
}

export function optionalChoice<const T extends string>(
  name: string,
  options: readonly T[],
): T | undefined {
  const value = optionalText(name);
  return value === undefined ? undefined : oneOf(name, value, options);
}

function oneOf<const T extends string>(name: string, value: string, options: readonly T[]): T {
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
  const milliseconds = named(name, text, () => parseDuration(text));
  if (milliseconds < bounds.min || milliseconds > bounds.max) {
    throw invalid(
      `input ${name} is ${JSON.stringify(text)}`,
      `use a duration from ${bounds.min / 1_000}s to ${bounds.max / 1_000}s`,
    );
  }
  return milliseconds;
}

export function optionalDuration(
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  return optionalText(name) === undefined ? undefined : duration(name, bounds);
}

/** A whole number within bounds. */
export function wholeNumber(
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const text = requiredText(name);
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max) return value;
  throw invalid(
    `input ${name} is ${JSON.stringify(text)}`,
    `use a whole number from ${bounds.min} to ${bounds.max}`,
  );
}

export function optionalCount(
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  return optionalText(name) === undefined ? undefined : wholeNumber(name, bounds);
}

/** Values separated by commas or new lines. */
export function list(name: string): readonly string[] {
  return getInput(name)
    .split(/[,\n]/)
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** An ARM resource id that an input holds. */
export function armIdOf(name: string, id: ArmId): ParsedArmId {
  return named(name, id, () => parseArmId(id));
}

/** What a value lacks, said of its input. */
function named<T>(name: string, value: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FleetwrightError)) throw error;
    const message = `input ${name} is ${JSON.stringify(value)}`;
    throw new FleetwrightError(error.code, message, {
      ...(error.remedy !== undefined && { remedy: error.remedy }),
      cause: error,
    });
  }
}

function invalid(message: string, remedy: string): FleetwrightError {
  return new FleetwrightError("invalid-input", message, { remedy });
}
