import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { GitStore } from "./git-store.ts";
import type { TreeEdit } from "./trees.ts";

/** A repository of declarations has dozens; a folder given by mistake may have a million. */
const MAX_FILES = 10_000;

/** Files given as text, as edits of an empty tree. */
export async function editsOfFiles(
  store: GitStore,
  files: Readonly<Record<string, string>>,
): Promise<TreeEdit[]> {
  return Promise.all(
    Object.entries(files).map(async ([path, text]) => ({
      path,
      entry: {
        mode: "100644",
        type: "blob" as const,
        oid: await store.writeBlob(Buffer.from(text, "utf8")),
      },
    })),
  );
}

/** All files of a folder but its .git, with their executable bits. */
export async function editsOfFolder(store: GitStore, folder: string): Promise<TreeEdit[]> {
  const edits: TreeEdit[] = [];
  await collect(store, folder, "", edits);
  return edits;
}

async function collect(
  store: GitStore,
  folder: string,
  prefix: string,
  edits: TreeEdit[],
): Promise<void> {
  for (const item of await readdir(folder, { withFileTypes: true })) {
    if (item.name === ".git") continue;
    const from = join(folder, item.name);
    const path = `${prefix}${item.name}`;
    if (item.isDirectory()) await collect(store, from, `${path}/`, edits);
    else edits.push({ path, entry: await entryOf(store, from, item.isSymbolicLink()) });
    if (edits.length > MAX_FILES) throw new Error(`${folder} has more than ${MAX_FILES} files.`);
  }
}

async function entryOf(
  store: GitStore,
  file: string,
  isLink: boolean,
): Promise<NonNullable<TreeEdit["entry"]>> {
  if (isLink) {
    const oid = await store.writeBlob(Buffer.from(await readlink(file)));
    return { mode: "120000", type: "blob", oid };
  }
  const executable = ((await stat(file)).mode & 0o100) !== 0;
  const oid = await store.writeBlob(await readFile(file));
  return { mode: executable ? "100755" : "100644", type: "blob", oid };
}
