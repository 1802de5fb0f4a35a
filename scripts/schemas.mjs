/**
 * Writes the JSON Schemas of the declared documents into schemas/, from the schemas that the code
 * parses with. `--check` writes nothing and fails when a committed file says something else.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const home = "https://raw.githubusercontent.com/fleetwright/fleetwright/v1/schemas";
const { values } = parseArgs({ options: { check: { type: "boolean" } } });

/** The library and the documents in one module: a second copy of the library has another registry. */
async function load() {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export { toJSONSchema } from "zod/mini";
        export { Release, UpdateStrategy, Workspace } from "./shared/declaration/documents.ts";`,
      resolveDir: root,
    },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  const source = Buffer.from(outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${source}`);
}

function render({ toJSONSchema }, schema, name) {
  // input: what a person writes; fields with a default may be left out.
  const { $schema, ...body } = toJSONSchema(schema, { target: "draft-7", io: "input" });
  return { $schema, $id: `${home}/${name}.json`, ...body };
}

async function committed(path) {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

const library = await load();
const schemas = {
  workspace: library.Workspace,
  "update-strategy": library.UpdateStrategy,
  release: library.Release,
};
const folder = join(root, "schemas");
if (!values.check) await mkdir(folder, { recursive: true });
for (const [name, schema] of Object.entries(schemas)) {
  const path = join(folder, `${name}.json`);
  const wanted = render(library, schema, name);
  if (isDeepStrictEqual(await committed(path), wanted)) continue;
  if (values.check) {
    console.error(`schemas/${name}.json is out of date: run node scripts/schemas.mjs`);
    process.exitCode = 1;
  } else {
    await writeFile(path, `${JSON.stringify(wanted, undefined, 2)}\n`);
    console.log(`wrote schemas/${name}.json`);
  }
}
