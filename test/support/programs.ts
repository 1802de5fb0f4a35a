import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";

/** Programs that npm does not bring, with the Debian package of each. */
const PACKAGES = { az: "azure-cli", chromium: "chromium", kubectl: "kubernetes-client" } as const;

export type Program = keyof typeof PACKAGES;

/**
 * Why tests of these programs cannot run here; undefined where all are installed. CI installs every one, so
 * there the answer is an error: a suite that skips them unseen would prove nothing.
 */
export function absenceOf(programs: readonly Program[]): string | undefined {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return undefined;
  const packages = missing.map((program) => PACKAGES[program]).join(" ");
  return `${missing.join(" and ")} not found on the PATH (Debian: apt-get install ${packages})`;
}

/** Registers tests, or where a program is missing one that says so: failing in CI, skipped elsewhere. */
export function withPrograms(programs: readonly Program[], tests: () => void): void {
  const reason = absenceOf(programs);
  if (reason === undefined) tests();
  else if (process.env["CI"]) test(reason, () => expect.fail(reason));
  else test.skip(reason);
}

export function findProgram(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
