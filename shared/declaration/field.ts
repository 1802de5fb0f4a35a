import * as z from "zod/mini";
import {
  MAX_ALLOWED_FAILURES_PATTERN,
  MAX_CONCURRENCY_PATTERN,
  MAX_NAME_CHARACTERS,
  NAME_PATTERN,
} from "./limits.ts";

export { _default as byDefault } from "zod/mini";

/**
 * Schemas say what shape a document has; rules about values are in `rules/`, so that one wrong value
 * does not hide the other findings. Editors still see them: they are in the JSON Schema's metadata.
 */
export function field<T extends z.ZodMiniType>(
  schema: T,
  description: string,
  metadata: Readonly<Record<string, unknown>> = {},
): T {
  z.globalRegistry.add(schema, { description, ...metadata });
  return schema;
}

export const named = (description: string) =>
  field(z.string(), description, {
    minLength: 1,
    maxLength: MAX_NAME_CHARACTERS,
    pattern: NAME_PATTERN.source,
  });

export const duration = (description: string) =>
  field(z.string(), `${description} A number with a unit: 90s, 30m, 1h30m, 7d.`, {
    pattern: String.raw`^(\d+[smhd])+$`,
    examples: ["30m"],
  });

export const maxConcurrency = (description: string) =>
  field(z.string(), `${description} A count or a percentage, quoted: "5" or "25%".`, {
    pattern: MAX_CONCURRENCY_PATTERN.source,
    examples: ["5"],
  });

export const maxAllowedFailures = (description: string) =>
  field(
    z.string(),
    `${description} A count or a percentage, rounded up and quoted: "2" or "25%". A preview of Fleet (api-version 2026-06-02-preview); each level counts for itself, and unset is 0.`,
    { pattern: MAX_ALLOWED_FAILURES_PATTERN.source, examples: ["0"] },
  );
