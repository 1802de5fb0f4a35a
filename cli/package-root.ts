import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder with package.json and host.json: what Azure would deploy. */
export const PACKAGE_ROOT = packageRoot(dirname(fileURLToPath(import.meta.url)));

/** The same folder whether this file runs from the sources or from dist. */
function packageRoot(from: string): string {
  return existsSync(join(from, "host.json")) ? from : packageRoot(dirname(from));
}
