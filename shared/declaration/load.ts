import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FleetwrightError, toError } from "../core/errors.ts";
import {
  DECLARATION_FOLDERS,
  isDeclarationPath,
  MAX_DECLARED_FILES,
  WORKSPACE_FILES,
  type DeclarationSource,
} from "./places.ts";
import { MAX_FILE_CHARACTERS, type DeclaredFile } from "./read-documents.ts";

/** Folders inside `strategies/` and `releases/`: deeper is a mistake, or a loop. */
const MAX_DEPTH = 8;

/** A character of UTF-8 has at most four bytes; a larger file is refused unread. */
const MAX_FILE_BYTES = 4 * MAX_FILE_CHARACTERS;

/** Reads the declared files of a checked-out repository, in the order of their paths. */
export async function readDeclarations(root: string): Promise<readonly DeclaredFile[]> {
  await assertFolder(root);
  const paths: string[] = [...WORKSPACE_FILES];
  for (const folder of DECLARATION_FOLDERS) paths.push(...(await filesIn(root, folder, 1)));
  const declared = paths.filter(isDeclarationPath).toSorted();
  if (declared.length > MAX_DECLARED_FILES + WORKSPACE_FILES.length) throw tooMany(root);
  const files: DeclaredFile[] = [];
  for (const path of declared) {
    const text = await readIfPresent(root, path);
    if (text !== undefined) files.push({ path, text });
  }
  return files;
}

export function folderSource(root: string): DeclarationSource {
  return { read: () => readDeclarations(root) };
}

async function assertFolder(root: string): Promise<void> {
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new FleetwrightError("not-found", `${root} is not a folder`, {
    subject: root,
    remedy: "name the folder that holds fleetwright.yaml",
  });
}

/** Links are not followed: declared files are files of this repository. */
async function filesIn(root: string, folder: string, depth: number): Promise<readonly string[]> {
  const found = await lstat(join(root, folder)).catch(absent);
  if (!found?.isDirectory()) return [];
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  if (depth > MAX_DEPTH || entries.length > MAX_DECLARED_FILES) throw tooMany(join(root, folder));
  const paths: string[] = [];
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...(await filesIn(root, path, depth + 1)));
    else if (entry.isFile()) paths.push(path);
  }
  return paths;
}

async function readIfPresent(root: string, path: string): Promise<string | undefined> {
  const found = await lstat(join(root, path)).catch(absent);
  if (!found?.isFile()) return undefined;
  if (found.size > MAX_FILE_BYTES) {
    throw new FleetwrightError(
      "invalid-declaration",
      `${path} has ${found.size} bytes, at most ${MAX_FILE_BYTES} are read`,
      { subject: path, remedy: "split it into several files" },
    );
  }
  return readFile(join(root, path), "utf8");
}

function absent(thrown: unknown): undefined {
  const error = toError(thrown);
  if ("code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
  throw error;
}

function tooMany(subject: string): FleetwrightError {
  return new FleetwrightError(
    "invalid-declaration",
    `${subject} holds more than ${MAX_DECLARED_FILES} declared files, or is nested deeper than ${MAX_DEPTH} folders`,
    { subject, remedy: "keep only strategies in strategies/ and releases in releases/" },
  );
}
