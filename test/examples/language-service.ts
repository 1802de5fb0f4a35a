import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as LanguageService from "@actions/languageservice";
import { build } from "esbuild";

/** GitHub's own language service; its imports of JSON have no attributes, so Node takes it only bundled. */
export async function loadLanguageService(): Promise<typeof LanguageService> {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-language-service-"));
  const outfile = join(folder, "service.mjs");
  try {
    await build({
      stdin: {
        contents: 'export * from "@actions/languageservice";',
        resolveDir: import.meta.dirname,
      },
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
    });
    return (await import(pathToFileURL(outfile).href)) as typeof LanguageService;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
