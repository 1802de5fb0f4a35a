import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Folders below the app's root that are walked; a glob deeper than that is a mistake. */
const MAX_DEPTH = 16;

/** Files of a folder that match a glob of package.json's `main`: `*`, `**`, `?` and `{a,b}`. */
export async function findFiles(directory: string, glob: string): Promise<string[]> {
  const pattern = globPattern(glob);
  const found = (await walk(directory, "", 0)).filter((path) => pattern.test(path));
  return found.toSorted().map((path) => join(directory, path));
}

async function walk(root: string, folder: string, depth: number): Promise<string[]> {
  if (depth > MAX_DEPTH) return [];
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const below = entries.map(async (entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return entry.name === "node_modules" || entry.name === ".git"
      ? []
      : walk(root, path, depth + 1);
  });
  return (await Promise.all(below)).flat();
}

/** The glob as an expression over paths with forward slashes. */
export function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/^\.\//, "")
    .replace(/\*\*\/|\*\*|\*|\?|[{},]|[.+^$()|[\]\\]/g, translate);
  return new RegExp(`^${source}$`);
}

function translate(token: string): string {
  const meaning: Readonly<Record<string, string>> = {
    "**/": "(?:.*/)?",
    "**": ".*",
    "*": "[^/]*",
    "?": "[^/]",
    "{": "(?:",
    "}": ")",
    ",": "|",
  };
  return meaning[token] ?? `\\${token}`;
}
