import { stringify } from "yaml";
import { API_VERSION, OUR_GATE_PREFIX } from "../../shared/declaration/documents.ts";
import { MAX_GROUPS_PER_STAGE, MAX_NAME_CHARACTERS } from "../../shared/declaration/limits.ts";
import type { UpdateStage } from "../../shared/update-run/ports.ts";
import type { ObservedFleet } from "./observed.ts";

export interface WorkspaceFile {
  readonly path: string;
  readonly text: string;
}

const SCHEMAS = "https://raw.githubusercontent.com/fleetwright/fleetwright/v1/schemas";
const GATE = `${OUR_GATE_PREFIX} verified`;
/** A day shows what a night batch and office hours do to a new image. */
const CANARY_WAIT_SECONDS = 86_400;
/** Update group of members that have none: without a group a member is in no stage. */
const UNGROUPED = "ungrouped";

/** The files of a first workspace, first environment to last. Pure. */
export function workspaceFiles(observed: readonly ObservedFleet[]): readonly WorkspaceFile[] {
  const strategies = observed.map(strategyOf);
  return [
    file("fleetwright.yaml", "workspace", {
      kind: "Workspace",
      spec: {
        environments: observed.map((fleet, index) => environment(fleet, observed[index - 1])),
      },
    }),
    ...strategies
      .filter((one, index) => strategies.findIndex(({ name }) => name === one.name) === index)
      .map(({ name, stages }) =>
        file(`strategies/${name}.yaml`, "update-strategy", strategy(name, stages)),
      ),
    ...observed.map((fleet, index) =>
      file(
        `releases/${fleet.environment}.yaml`,
        "release",
        release(fleet, strategies[index]?.name ?? ""),
      ),
    ),
  ];
}

function environment(fleet: ObservedFleet, before: ObservedFleet | undefined): object {
  return {
    name: fleet.environment,
    fleet: fleet.fleet,
    members: members(fleet),
    ...(before && { promotesFrom: before.environment }),
  };
}

/** Groups stay where they are kept, unless a member has none: then the workspace says them. */
function members({ members: all }: ObservedFleet): unknown {
  if (all.every(({ group }) => group !== undefined)) return "fleet";
  return all.map(({ name, group }) => ({ name, group: group ?? UNGROUPED }));
}

interface NamedStages {
  readonly name: string;
  readonly stages: readonly UpdateStage[];
}

/** The fleet's own strategy as it is; or its first update group as a canary, and all others after it. */
function strategyOf(fleet: ObservedFleet): NamedStages {
  if (fleet.strategy) return fleet.strategy;
  return { name: nameOf(`${fleet.environment}-in-stages`), stages: stagesOf(groupsOf(fleet)) };
}

function groupsOf({ members: all }: ObservedFleet): readonly string[] {
  return [...new Set(all.map(({ group }) => group ?? UNGROUPED))].toSorted(canariesFirst);
}

/** Names that people give to what goes first. */
const FIRST = /canar|pilot|ring-?0|dev|test|early|first/i;

function canariesFirst(a: string, b: string): number {
  return Number(FIRST.test(b)) - Number(FIRST.test(a)) || a.localeCompare(b);
}

function stagesOf([first = UNGROUPED, ...others]: readonly string[]): readonly UpdateStage[] {
  const canary: UpdateStage = {
    name: "canary",
    groups: [{ name: first }],
    afterStageWaitInSeconds: CANARY_WAIT_SECONDS,
    afterGates: [{ displayName: GATE, type: "Approval" }],
  };
  if (others.length === 0) return [{ name: "all", groups: [{ name: first }] }];
  const rest: UpdateStage[] = [];
  for (let start = 0; start < others.length; start += MAX_GROUPS_PER_STAGE) {
    const groups = others.slice(start, start + MAX_GROUPS_PER_STAGE).map((name) => ({ name }));
    const isLast = start + MAX_GROUPS_PER_STAGE >= others.length;
    rest.push({
      name: others.length <= MAX_GROUPS_PER_STAGE ? "rest" : `rest-${rest.length + 1}`,
      groups,
      ...(isLast ? {} : { afterGates: [{ displayName: GATE, type: "Approval" as const }] }),
    });
  }
  return [canary, ...rest];
}

function strategy(name: string, stages: readonly UpdateStage[]): object {
  const verified = stages.filter(({ afterGates = [] }) =>
    afterGates.some(({ displayName }) => displayName.startsWith(OUR_GATE_PREFIX)),
  );
  return {
    kind: "UpdateStrategy",
    metadata: { name },
    spec: { stages },
    ...(verified.length > 0 && {
      verification: Object.fromEntries(
        verified.map((stage) => [
          stage.name,
          {
            approves: stage.afterGates?.find(({ displayName }) =>
              displayName.startsWith(OUR_GATE_PREFIX),
            )?.displayName,
            checks: ["nodes"],
          },
        ]),
      ),
    }),
  };
}

function release(fleet: ObservedFleet, strategyName: string): object {
  return {
    kind: "Release",
    metadata: { name: fleet.environment, generation: 1 },
    spec: {
      strategy: { name: strategyName },
      ...(fleet.kubernetesVersion && { kubernetesVersion: fleet.kubernetesVersion }),
      nodeImages: fleet.nodeImages,
    },
  };
}

function file(path: string, schema: string, document: object): WorkspaceFile {
  const head = `# yaml-language-server: $schema=${SCHEMAS}/${schema}.json\n`;
  return {
    path,
    text: head + stringify({ apiVersion: API_VERSION, ...document }, { lineWidth: 0 }),
  };
}

/** Lower case, digits and hyphens, as Fleet names things. */
export function nameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return name.slice(0, MAX_NAME_CHARACTERS).replace(/-+$/, "");
}
