import { nearest } from "../shared/core/nearest.ts";

/** What is said of `--environment` with a name that nobody declared. */
export function noEnvironment(strange: string, known: readonly string[]): string {
  const meant = nearest(strange, known);
  const guess = meant === undefined ? "" : `did you mean ${meant}? `;
  return `there is no environment ${strange}: ${guess}declared: ${known.join(", ") || "none"}`;
}
