/**
 * Writes what files say into README.md and docs/:
 * - the inputs and outputs of an action.yml between `<!-- action:NAME -->` and `<!-- /action -->`, and one table of all
 *   actions between `<!-- actions -->` and `<!-- /actions -->`;
 * - the fields of schemas/NAME.json between `<!-- schema:NAME -->` and `<!-- /schema -->`;
 * - a file of examples/ between `<!-- example:PATH -->` and `<!-- /example -->`.
 *
 * `--check` fails when one is stale.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { schemaFields } from "./schema-fields.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { check: { type: "boolean" } } });
const OVERVIEW = /(<!-- actions -->)[\s\S]*?(<!-- \/actions -->)/g;
const SECTION = /(<!-- action:([a-z-]+) -->)[\s\S]*?(<!-- \/action -->)/g;
const SCHEMA = /(<!-- schema:([a-z-]+) -->)[\s\S]*?(<!-- \/schema -->)/g;
const EXAMPLE = /(<!-- example:([\w./-]+) -->)[\s\S]*?(<!-- \/example -->)/g;

const cell = (text) =>
  String(text ?? "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replaceAll("|", "\\|");
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

const definitionOf = (name) =>
  parse(readFileSync(join(root, "actions", name, "action.yml"), "utf8"));

/** In the order in which a team meets them; an action that is not named here comes last. */
const ORDER = ["strategy", "update-run", "promote", "snapshot", "node-pool", "cluster"];
/** Outputs in the overview: scalars come first in each action.yml. */
const MAX_OUTPUTS = 4;

function overview() {
  const names = readdirSync(join(root, "actions"))
    .filter((name) => existsSync(join(root, "actions", name, "action.yml")))
    .toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const head = ["Action", "Does", "`operation`", "Needs", "Gives, among others"];
  return table(head, names.map(overviewRow));
}

function rank(name) {
  const at = ORDER.indexOf(name);
  return at < 0 ? ORDER.length : at;
}

function overviewRow(name) {
  const { description, inputs = {}, outputs = {} } = definitionOf(name);
  const operations = (inputs.operation?.description ?? "").match(/`[a-z-]+`/g) ?? [];
  const needs = Object.keys(inputs).filter(
    (key) => key !== "operation" && inputs[key].required === true,
  );
  return [
    `[\`${name}\`](docs/actions.md#${name})`,
    cell(description).split(/(?<=\.) /)[0],
    [...new Set(operations)].join(" "),
    needs.map((key) => `\`${key}\``).join(" "),
    Object.keys(outputs)
      .slice(0, MAX_OUTPUTS)
      .map((key) => `\`${key}\``)
      .join(" "),
  ];
}

function tables(name) {
  const { inputs = {}, outputs = {} } = definitionOf(name);
  const input = ([key, { description, required, default: value }]) => [
    `\`${key}\``,
    cell(description),
    required === true ? "required" : value === "" ? "" : `\`${cell(value)}\``,
  ];
  const output = ([key, { description }]) => [`\`${key}\``, cell(description)];
  return [
    table(["Input", "", "Default"], Object.entries(inputs).map(input)),
    table(["Output", ""], Object.entries(outputs).map(output)),
  ].join("\n\n");
}

function fields(name) {
  const schema = JSON.parse(readFileSync(join(root, "schemas", `${name}.json`), "utf8"));
  const rows = schemaFields(schema).map(({ path, type, fallback, meaning }) => [
    `\`${path}\``,
    type,
    fallback,
    cell(meaning).replaceAll("<", "\\<"),
  ]);
  return table(["Field", "Type", "Default", ""], rows);
}

function example(path) {
  return `\`\`\`yaml\n${readFileSync(join(root, "examples", path), "utf8").trimEnd()}\n\`\`\``;
}

function pages() {
  const docs = join(root, "docs");
  const inDocs = existsSync(docs) ? readdirSync(docs).filter((name) => name.endsWith(".md")) : [];
  return [join(root, "README.md"), ...inDocs.map((name) => join(docs, name))].filter(existsSync);
}

/** The formatter aligns tables: spaces and dashes are no difference. */
const comparable = (text) => text.replaceAll(/ +/g, " ").replaceAll(/-{2,}/g, "---");

const stale = [];
for (const page of pages()) {
  const text = readFileSync(page, "utf8");
  const fresh = text
    .replaceAll(SECTION, (_, start, name, end) => `${start}\n\n${tables(name)}\n\n${end}`)
    .replaceAll(SCHEMA, (_, start, name, end) => `${start}\n\n${fields(name)}\n\n${end}`)
    .replaceAll(EXAMPLE, (_, start, path, end) => `${start}\n\n${example(path)}\n\n${end}`)
    .replaceAll(OVERVIEW, (_, start, end) => `${start}\n\n${overview()}\n\n${end}`);
  if (comparable(fresh) === comparable(text)) continue;
  stale.push(page);
  if (!values.check) writeFileSync(page, fresh);
}
if (values.check && stale.length > 0) {
  console.error(`stale: ${stale.join(", ")}; run node scripts/readme.mjs`);
  process.exitCode = 1;
}
if (!values.check && stale.length > 0) {
  spawnSync("npx", ["oxfmt", ...stale], { cwd: root, stdio: "inherit" });
}
