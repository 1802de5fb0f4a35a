import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Paths of the files below a folder whose path matches, sorted. */
export function filesBelow(folder: string, pattern: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(path))
    .toSorted();
}

/** Names of the functions: one file each, right in the folder. */
export function functionNames(): readonly string[] {
  return filesBelow("functions", /^functions\/[^/]+\.ts$/).map((path) =>
    path.replace(/^functions\/|\.ts$/g, ""),
  );
}
