import { counted } from "../shared/core/markdown.ts";
import { COMMON, readArguments, readFolder, readOutput, type Output } from "./arguments.ts";
import { connectAzure } from "./azure.ts";
import { checkUp, type Checkup } from "./doctor/checkup.ts";
import type { Diagnosis, Verdict } from "./doctor/diagnosis.ts";
import { ROLES } from "./doctor/permissions.ts";
import { columns, painter, type Colour } from "./terminal.ts";
import { UsageError } from "./usage.ts";

const USAGE = `fleetwright doctor [DIR] [--environment NAME]... [--role ROLE] [-o table|json]

Looks at everything that an upgrade stands on, and says what to do about what is wrong: the declared files of
DIR (default: here), the sign-in, the fleets, this identity's permissions, auto-upgrade that would undo pins,
node pools that one blocked node fails, each cluster's Kubernetes API, event subscriptions, the repository and
the GitHub App. It writes nothing.

  --environment  only this environment; may be repeated
  --role         whose permissions this identity should have: reader, operator (default), reactor, repairer
  -o, --output   table (default) or json

Exit code: 0 without errors, 1 with an error, 2 when the command is not understood.
`;

/** `fleetwright doctor`: resolves to the exit code. */
export async function runDoctor(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const azure = connectAzure(process.env, `Fleetwright ${options.role}`);
  const found = await checkUp(azure, options);
  process.stdout.write(options.output === "json" ? toJson(found) : render(found));
  return found.some(({ verdict }) => verdict === "error") ? 1 : 0;
}

interface Options extends Checkup {
  readonly output: Output;
}

function readOptions(args: readonly string[]): Options | undefined {
  const options = {
    ...COMMON,
    environment: { type: "string", multiple: true },
    role: { type: "string", default: "operator" },
  } as const;
  const { values, positionals } = readArguments(args, options, USAGE);
  if (values.help) return undefined;
  const role = ROLES.find((one) => one === values.role);
  if (role === undefined) throw new UsageError(`--role takes ${ROLES.join(", ")}`, USAGE);
  return {
    folder: readFolder(positionals, USAGE),
    environments: values.environment ?? [],
    role,
    output: readOutput(values, USAGE),
    env: process.env,
  };
}

const COLOURS: Readonly<Record<Verdict, Colour>> = {
  ok: "green",
  warning: "yellow",
  error: "red",
  unknown: "yellow",
};
const ORDER: readonly Verdict[] = ["error", "unknown", "warning", "ok"];

/** A program gets every name. */
function toJson(found: readonly Diagnosis[]): string {
  return `${JSON.stringify(found.map(({ brief: _brief, ...told }) => told))}\n`;
}

/** Worst first; what to do stands below what is wrong. */
function render(found: readonly Diagnosis[]): string {
  const paint = painter();
  const sorted = ORDER.flatMap((verdict) => found.filter((one) => one.verdict === verdict));
  const lines = columns(
    sorted.map(({ verdict, topic, message, brief = message }) => [verdict, topic, brief]),
  );
  const told = sorted.flatMap(({ verdict, remedy }, index) => {
    const line = (lines[index] ?? "").replace(verdict, (word) => paint(word, COLOURS[verdict]));
    return remedy === undefined ? [line] : [line, paint(`         → ${remedy}`, "dim")];
  });
  const count = (verdict: Verdict) => found.filter((one) => one.verdict === verdict).length;
  const sum = [
    counted(count("error"), "error"),
    `${count("unknown")} unknown`,
    counted(count("warning"), "warning"),
    `${count("ok")} ok`,
  ].join(", ");
  return `${[...told, "", sum].join("\n")}\n`;
}
