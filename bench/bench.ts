import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { toError } from "../shared/core/errors.ts";
import { ACTION_ROWS } from "./rows/actions.ts";
import { AZURE_CLI_ROWS } from "./rows/azure-cli.ts";
import { EMULATOR_ROWS } from "./rows/emulator.ts";
import { SIMULATOR_ROWS } from "./rows/simulator.ts";
import { jsonLines, table } from "./report.ts";
import type { Line } from "./report.ts";
import type { Row } from "./row.ts";
import { FULL, TINY } from "./sizes.ts";

const ROWS: Readonly<Record<string, Row>> = {
  ...SIMULATOR_ROWS,
  ...EMULATOR_ROWS,
  ...ACTION_ROWS,
  ...AZURE_CLI_ROWS,
};

const EXIT_USAGE = 2;

const HELP = `npm run bench -- [--json] [--tiny] [ROW…]

Measures each row beside something that runs beside it, all rows when none is named.
  --json  lines of JSON instead of a table
  --tiny  sizes that only show that the rows work

rows: ${Object.keys(ROWS).join(", ")}
`;

export async function bench(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === "string") {
    process.stderr.write(`${parsed}\n\n${HELP}`);
    return EXIT_USAGE;
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = positionals.filter((name) => !Object.hasOwn(ROWS, name));
  if (unknown.length > 0) {
    process.stderr.write(`no row ${unknown.join(", ")}; rows: ${Object.keys(ROWS).join(", ")}\n`);
    return EXIT_USAGE;
  }
  const chosen = positionals.length > 0 ? positionals : Object.keys(ROWS);
  const sizes = values.tiny === true ? TINY : FULL;
  const lines: Line[] = [];
  for (const name of chosen) {
    if (values.json !== true) process.stderr.write(`measuring ${name}\n`);
    const measured = (await ROWS[name]?.(sizes)) ?? [];
    lines.push(...measured);
    if (values.json === true) process.stdout.write(jsonLines(measured));
  }
  if (values.json !== true) process.stdout.write(`${table(lines)}\n${machine()}\n`);
  return 0;
}

/** A text says what is wrong with the arguments. */
function parse(args: readonly string[]) {
  const options = {
    json: { type: "boolean" },
    tiny: { type: "boolean" },
    help: { type: "boolean" },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (thrown) {
    return toError(thrown).message;
  }
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, Node.js ${process.versions.node}, ${availableParallelism()} × ${model}`;
}
