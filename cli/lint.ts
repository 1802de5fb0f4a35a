import { parseArgs } from "node:util";
import { toError } from "../shared/core/errors.ts";
import { compareFindings, formatFinding } from "../shared/declaration/finding.ts";
import { lint } from "../shared/declaration/lint.ts";
import { readDeclarations } from "../shared/declaration/load.ts";
import { parseDeclarations } from "../shared/declaration/parse.ts";
import { UsageError } from "./usage.ts";

/** `fleetwright lint [DIR] [--json]`: the findings that the strategy action would annotate. */
export async function runLint(args: readonly string[]): Promise<number> {
  const { directory, json } = readOptions(args);
  const declarations = parseDeclarations(await readDeclarations(directory));
  const findings = [...declarations.findings, ...lint(declarations)].toSorted(compareFindings);
  if (json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else for (const finding of findings) process.stdout.write(`${formatFinding(finding)}\n`);
  const errors = findings.filter(({ severity }) => severity === "error").length;
  if (!json) process.stdout.write(`${errors} errors, ${findings.length - errors} warnings\n`);
  return errors === 0 ? 0 : 1;
}

function readOptions(args: readonly string[]): { directory: string; json: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const [directory = ".", ...more] = positionals;
    if (more.length > 0) throw new Error("lint takes one folder");
    return { directory, json: values.json };
  } catch (error) {
    throw new UsageError(`${toError(error).message}\nusage: fleetwright lint [DIR] [--json]`);
  }
}
