import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder with package.json and host.json, whether this file runs from the sources or from dist. */
export const PACKAGE_ROOT = packageRoot(dirname(fileURLToPath(import.meta.url)));
export const COMMAND = join(PACKAGE_ROOT, "dist", "cli", "fleetwright.js");
export const BENCH = join(PACKAGE_ROOT, "dist", "bench", "main.js");

function packageRoot(from: string): string {
  return existsSync(join(from, "host.json")) ? from : packageRoot(dirname(from));
}

/** A folder for as long as `use` takes. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-bench-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
