import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { startEmulator } from "../../emulator/emulator.ts";
import { parseScenario } from "../../emulator/scenario.ts";
import { formatFinding } from "../../shared/declaration/finding.ts";
import { lint } from "../../shared/declaration/lint.ts";
import { readDeclarations } from "../../shared/declaration/load.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import type { Fleet, World } from "../../shared/simulator/model.ts";
import { EXAMPLE_STAGES } from "../declaration/sample.ts";

const folder = "examples/harbour";
const file = "examples/harbour-azure.yaml";
const fleetId =
  "/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/harbour/providers/microsoft.containerservice/fleets/harbour";
const target = "AKSUbuntu-2204gen2containerd-202607.09.0";
/** The longest run of nine clusters in groups takes some hours. */
const longestMilliseconds = 24 * 3_600_000;

it("declares what lint has nothing to say about, given the members that Azure has", async () => {
  const declarations = parseDeclarations(await readDeclarations(folder));
  const scenario = parseScenario(await readFile(file, "utf8"), file);
  const membersOf = (name: string) =>
    (scenario.fleets?.find((fleet) => fleet.name === name)?.members ?? []).map((member) => ({
      name: member.name,
      group: member.group,
    }));
  const [members, small] = [membersOf("harbour"), membersOf("harbour-dev")];
  expect([members.length, small.length]).toEqual([9, 2]);
  const findingsWith = (all: typeof members): readonly string[] =>
    lint(declarations, {
      members: new Map([
        [fleetId, all],
        [`${fleetId}-dev`, small],
      ]),
    }).map(formatFinding);
  expect([...declarations.findings, ...findingsWith(members)]).toEqual([]);
  const stranger = { name: "stranger", group: "group-9" };
  expect(findingsWith([...members, stranger])).toEqual([expect.stringContaining("stranger")]);
});

it("holds the stages file of the Fleet documentation unchanged", async () => {
  const text = await readFile(`${folder}/strategies/example-stages.json`, "utf8");
  expect(text).toBe(EXAMPLE_STAGES);
});

it.each(["operator", "reader"])("grants the %s the shipped role", async (role) => {
  const { principals } = parseScenario(await readFile(file, "utf8"), file);
  const shipped = JSON.parse(await readFile(`infra/roles/${role}.json`, "utf8")) as unknown;
  const [granted] = principals?.find(({ name }) => name === role)?.roles ?? [];
  expect(shipped).toMatchObject({
    Actions: granted?.actions,
    DataActions: granted?.dataActions,
  });
});

it("has exactly one node in its Azure that cannot be drained", async () => {
  const scenario = parseScenario(await readFile(file, "utf8"), file);
  const emulator = await startEmulator({ scenario, clock: "manual" });
  try {
    const { world } = emulator.environment;
    for (const region of ["westeurope", "northeurope"]) world.images.release(region, target);
    const fleet = fleetOf(world);
    const stages = ["1", "2"].map((stage) => ({
      name: `stage${stage}`,
      groups: ["a", "b", "c"].map((letter) => ({ name: `group-${stage}${letter}` })),
    }));
    const run = fleet.createRun({
      name: "prod-1",
      stages,
      upgrade: { type: "NodeImageOnly" },
      nodeImageSelection: { type: "Custom", customNodeImageVersions: [target] },
    });
    run.start();
    world.advanceTo(world.now + longestMilliseconds);
    expect(quarantined(world)).toEqual(["rotterdam/apps"]);
    const failed = run.stages.flatMap(({ groups }) =>
      groups.flatMap(({ members = [] }) => members.filter(({ state }) => state === "Failed")),
    );
    expect(failed.map(({ name }) => name)).toEqual(["rotterdam"]);
    expect(run.stages[0]?.state).toBe("Completed");
  } finally {
    await emulator.close();
  }
});

function fleetOf(world: World): Fleet {
  const fleet = world.fleets.get(fleetId);
  if (fleet === undefined) throw new Error(`the scenario has no fleet ${fleetId}`);
  return fleet;
}

function quarantined(world: World): string[] {
  return [...world.clusters.values()].flatMap((cluster) =>
    [...cluster.nodes.values()]
      .filter((node) => node.labels["kubernetes.azure.com/upgrade-status"] === "Quarantined")
      .map((node) => `${cluster.name}/${node.pool}`),
  );
}
