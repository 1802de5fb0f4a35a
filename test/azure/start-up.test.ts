import { build } from "esbuild";
import type { Metafile } from "esbuild";
import { describe, expect, it } from "vitest";

/** Each of these costs an action 15 to 60 ms before its first line runs. */
const HEAVY = /node_modules\/(@azure\/(identity|msal|data-tables|eventgrid)|@octokit|undici)/;

/** Files that are evaluated when the entry is: everything but what a dynamic import brings. */
function evaluated(metafile: Metafile, entry: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const imported of metafile.inputs[path]?.imports ?? []) {
      if (imported.kind !== "dynamic-import" && !imported.external) visit(imported.path);
    }
  };
  visit(entry);
  return seen;
}

describe("what an action loads before it does anything", () => {
  it.each(["arm-client", "credential", "fleet", "clusters", "snapshots", "kubernetes"])(
    "%s leaves sign-in libraries, tables, events and GitHub alone",
    async (name) => {
      const entry = `shared/azure/${name}.ts`;
      const { metafile } = await build({
        entryPoints: [entry],
        bundle: true,
        write: false,
        metafile: true,
        platform: "node",
        format: "cjs",
        logLevel: "silent",
      });
      const files = [...evaluated(metafile, entry)];
      expect(files).toContain(entry);
      expect(files.filter((file) => HEAVY.test(file))).toEqual([]);
    },
  );
});
