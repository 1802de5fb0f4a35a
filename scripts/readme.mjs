/**
 * Writes the tables of inputs and outputs of each action.yml between
 * `<!-- action:NAME -->` and `<!-- /action -->` in README.md and docs/. `--check` fails when one is stale.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "yaml";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { check: { type: "boolean" } } });
const SECTION = /(<!-- action:([a-z-]+) -->)[\s\S]*?(<!-- \/action -->)/g;

const cell = (text) =>
  String(text ?? "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replaceAll("|", "\\|");
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

function tables(name) {
  const { inputs = {}, outputs = {} } = parse(
    readFileSync(join(root, "actions", name, "action.yml"), "utf8"),
  );
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
  const fresh = text.replaceAll(
    SECTION,
    (_, start, name, end) => `${start}\n\n${tables(name)}\n\n${end}`,
  );
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
