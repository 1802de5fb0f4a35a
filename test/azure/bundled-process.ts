import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Runs TypeScript that imports ours in a process of its own: a certificate authority in NODE_EXTRA_CA_CERTS
 * counts only from the start of a process, and managed-identity tokens are cached for all of one.
 */
export async function runBundled(
  code: string,
  options: { readonly ca: string; readonly env: Readonly<Record<string, string>> },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-process-"));
  try {
    const outfile = join(folder, "main.cjs");
    const ca = join(folder, "ca.pem");
    await writeFile(ca, options.ca);
    await build({
      stdin: { contents: code, resolveDir: root, loader: "ts" },
      bundle: true,
      platform: "node",
      format: "cjs",
      outfile,
      logLevel: "silent",
    });
    const env = { PATH: process.env["PATH"], NODE_EXTRA_CA_CERTS: ca, ...options.env };
    const { stdout } = await run(process.execPath, [outfile], { env, timeout: 30_000 });
    return stdout.trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
