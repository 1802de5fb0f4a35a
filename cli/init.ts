import { access, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArmId } from "../shared/core/arm-id.ts";
import { FleetwrightError } from "../shared/core/errors.ts";
import { formatFinding } from "../shared/declaration/finding.ts";
import { lint } from "../shared/declaration/lint.ts";
import { parseDeclarations } from "../shared/declaration/parse.ts";
import { COMMON, readArguments, readFolder, readOutput, type Output } from "./arguments.ts";
import { connectAzure } from "./azure.ts";
import { observeFleet, type FleetToRead, type ObservedFleet } from "./init/observed.ts";
import { reversedOrder, sayOrder } from "./init/promotion-order.ts";
import { nameOf, workspaceFiles, type WorkspaceFile } from "./init/workspace-files.ts";
import { UsageError } from "./usage.ts";

const USAGE = `fleetwright init [DIR] --fleet [NAME=]ID... [--strategy NAME] [--dry-run] [--force] [-o table|json]

Writes a first workspace from live fleets: fleetwright.yaml, the strategy and one release per environment, which
pins what runs there now. Nothing in Azure is changed. Files that are there already are left alone.

  --fleet       ARM id of a fleet, with the name of its environment before it (default: the fleet's own name);
                repeat it from the first environment to the last: each promotes from the one before it
  --strategy    an update strategy that the fleets have (default: the only one they have, or else one that is
                made of the members' update groups: a canary, a day's wait, a gate, and all others)
  --dry-run     print the files instead of writing them
  --force       write over files that are there
  -o, --output  table (default) or json; --json is the same as -o json

Exit code: 0, 1 when it cannot be done, 2 when the command is not understood.
`;

interface Options {
  readonly folder: string;
  readonly fleets: readonly FleetToRead[];
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly output: Output;
}

/** `fleetwright init`: resolves to the exit code. */
export async function runInit(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const azure = connectAzure(process.env, "Reader");
  const observed: ObservedFleet[] = [];
  for (const fleet of options.fleets) observed.push(await observeFleet(azure, fleet));
  const files = workspaceFiles(observed);
  if (!options.dryRun) await write(files, options);
  process.stdout.write(options.output === "json" ? asJson(files, options) : asText(files, options));
  const reversed = reversedOrder(options.fleets.map(({ environment }) => environment));
  if (reversed !== undefined) process.stderr.write(`fleetwright: warning: ${reversed}\n`);
  return 0;
}

function readOptions(args: readonly string[]): Options | undefined {
  const options = {
    ...COMMON,
    fleet: { type: "string", multiple: true },
    strategy: { type: "string" },
    "dry-run": { type: "boolean", default: false },
    force: { type: "boolean", default: false },
  } as const;
  const { values, positionals } = readArguments(args, options, USAGE);
  if (values.help) return undefined;
  const fleets = (values.fleet ?? []).map((text) => readFleet(text, values.strategy));
  if (fleets.length === 0) throw new UsageError(`--fleet is missing`, USAGE);
  const names = fleets.map(({ environment }) => environment);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new UsageError(`two environments are named ${twice}`, USAGE);
  return {
    folder: readFolder(positionals, USAGE),
    fleets,
    dryRun: values["dry-run"],
    force: values.force,
    output: readOutput(values, USAGE),
  };
}

function readFleet(text: string, strategy: string | undefined): FleetToRead {
  const cut = text.startsWith("/") ? -1 : text.indexOf("=");
  const fleet = text.slice(cut + 1);
  const { type, name } = parseArmId(fleet);
  if (type.toLowerCase() !== "microsoft.containerservice/fleets") {
    throw new UsageError(`--fleet takes the ARM id of a fleet, not of a ${type}`, USAGE);
  }
  const environment = cut < 0 ? name : text.slice(0, cut);
  if (nameOf(environment) === "") throw new UsageError(`${text} has no name`, USAGE);
  return { environment: nameOf(environment), fleet, strategy };
}

async function write(files: readonly WorkspaceFile[], { folder, force }: Options): Promise<void> {
  const there = await Promise.all(
    files.map(({ path }) =>
      access(join(folder, path)).then(
        () => path,
        () => undefined,
      ),
    ),
  );
  const present = there.filter((path) => path !== undefined);
  if (present.length > 0 && !force) throw wouldOverwrite(folder, present);
  for (const { path, text } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

function wouldOverwrite(folder: string, present: readonly string[]): FleetwrightError {
  return new FleetwrightError("conflict", `${folder} has ${present.join(", ")} already`, {
    subject: folder,
    remedy: "look at the difference with --dry-run, or write over them with --force",
  });
}

function asJson(files: readonly WorkspaceFile[], { folder, dryRun }: Options): string {
  return `${JSON.stringify({ folder, written: !dryRun, files })}\n`;
}

function asText(files: readonly WorkspaceFile[], { folder, dryRun, fleets }: Options): string {
  const order = sayOrder(fleets.map(({ environment }) => environment));
  if (dryRun) {
    const texts = files.map(({ path, text }) => `# ${path}\n${text}`);
    return [...(order === undefined ? [] : [`# ${order}\n`]), ...texts].join("\n");
  }
  const parsed = parseDeclarations(files.map(({ path, text }) => ({ path, text })));
  const findings = [...parsed.findings, ...lint(parsed)].map(formatFinding);
  const next = [
    "Next:",
    "  read them, and give the stages the waits and gates that fit you",
    `  fleetwright lint ${folder}`,
    `  fleetwright doctor ${folder}`,
  ];
  const written = files.map(({ path }) => `wrote ${join(folder, path)}`);
  const promotions = order === undefined ? [] : [order];
  return `${[...written, ...promotions, ...findings, "", ...next].join("\n")}\n`;
}
