import { counted } from "../shared/core/markdown.ts";
import { compareFindings, formatFinding } from "../shared/declaration/finding.ts";
import { lint } from "../shared/declaration/lint.ts";
import { readDeclarations } from "../shared/declaration/load.ts";
import { parseDeclarations } from "../shared/declaration/parse.ts";
import { COMMON, readArguments, readFolder, readOutput } from "./arguments.ts";

const USAGE = `fleetwright lint [DIR] [-o table|json]

Checks the declared files of DIR (default: here): file, line, column, code and remedy of each finding.

  -o, --output  table (default) or json; --json is the same as -o json

Exit code: 0 without errors, 1 with an error, 2 when the command is not understood.
`;

/** `fleetwright lint`: the findings that the strategy action would annotate. */
export async function runLint(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, COMMON, USAGE);
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const json = readOutput(values, USAGE) === "json";
  const declarations = parseDeclarations(await readDeclarations(readFolder(positionals, USAGE)));
  const findings = [...declarations.findings, ...lint(declarations)].toSorted(compareFindings);
  if (json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else for (const finding of findings) process.stdout.write(`${formatFinding(finding)}\n`);
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const told = [counted(errors, "error"), counted(findings.length - errors, "warning")];
  if (!json) process.stdout.write(`${told.join(", ")}\n`);
  return errors === 0 ? 0 : 1;
}
