import { markdownTable } from "../../shared/core/markdown.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import { fleetStrategyName, resolveStages } from "../../shared/declaration/strategy.ts";
import { applyStrategy, planGroups } from "../../shared/update-run/apply-strategy.ts";
import type { FleetPort } from "../../shared/update-run/ports.ts";
import type { Annotation, Report } from "../runner/report.ts";
import type { Runner } from "../runner/run-action.ts";

/** One strategy or member's group in one fleet. */
export interface Applied {
  readonly environment: string;
  readonly what: string;
  readonly strategy?: { readonly declared: string; readonly stored: string };
  readonly outcome: "created" | "moved" | "unchanged" | "absent";
}

export async function applyEnvironment(
  environment: Environment,
  declarations: Declarations,
  { fleet, runner }: { readonly fleet: FleetPort; readonly runner: Runner },
): Promise<readonly Applied[]> {
  runner.leaves(`the strategies of ${environment.name} were being applied; apply again to finish`);
  const applied = [
    ...(await applyStrategies(environment, declarations, fleet)),
    ...(await applyGroups(environment, fleet)),
  ];
  for (const { what, outcome } of applied) runner.log(`${environment.name}: ${what} ${outcome}`);
  return applied;
}

async function applyStrategies(
  { name: environment, fleet, groups }: Environment,
  { strategies }: Declarations,
  port: FleetPort,
): Promise<readonly Applied[]> {
  const stored = await port.listStrategies(fleet);
  const applied: Applied[] = [];
  for (const { value } of strategies) {
    const name = fleetStrategyName(value, groups);
    const stages = resolveStages(value, groups);
    const { changed } = await applyStrategy(port, { fleet, name, stages }, stored);
    applied.push({
      environment,
      what: `strategy ${name}`,
      strategy: { declared: value.metadata.name, stored: name },
      outcome: changed ? "created" : "unchanged",
    });
  }
  return applied;
}

async function applyGroups(
  { name: environment, fleet, members }: Environment,
  port: FleetPort,
): Promise<readonly Applied[]> {
  // "fleet": the groups are owned elsewhere, here they are only checked.
  if (members === "fleet") return [];
  const { moves, absent } = planGroups(members, await port.listMembers(fleet));
  for (const { member, group } of moves) {
    await port.setMemberGroup(fleet, member.name, group, member.etag);
  }
  return [
    ...absent.map((name) => ({ environment, what: `member ${name}`, outcome: "absent" as const })),
    ...moves.map(({ member, group }) => ({
      environment,
      what: `member ${member.name} to group ${group}`,
      outcome: "moved" as const,
    })),
  ];
}

export function reportApplied(applied: readonly Applied[]): Report {
  const count = (outcome: Applied["outcome"]) =>
    applied.filter((entry) => entry.outcome === outcome).length;
  const rows = applied.map(({ environment, what, outcome }) => [environment, what, outcome]);
  return {
    outputs: {
      changed: String(count("created") + count("moved") > 0),
      "strategy-names": JSON.stringify(namesByEnvironment(applied)),
    },
    annotations: applied.filter(({ outcome }) => outcome === "absent").map(absentWarning),
    summary: [
      "## Declared strategies applied",
      `**${count("created")} created**, ${count("moved")} members moved, ${count("unchanged")} unchanged.`,
      markdownTable(["Environment", "", ""], rows),
    ].join("\n\n"),
  };
}

function namesByEnvironment(
  applied: readonly Applied[],
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const names: Record<string, Record<string, string>> = {};
  for (const { environment, strategy } of applied) {
    if (strategy === undefined) continue;
    names[environment] = { ...names[environment], [strategy.declared]: strategy.stored };
  }
  return names;
}

function absentWarning({ environment, what }: Applied): Annotation {
  return {
    kind: "warning",
    title: "absent-member",
    message: `${environment} declares ${what}, which its fleet does not have`,
  };
}
