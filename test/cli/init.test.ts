import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import type { Release, UpdateStrategy, Workspace } from "../../shared/declaration/documents.ts";
import { startTestEmulator, type TestEmulator } from "../support/emulator.ts";
import { fleetwright } from "./command.ts";
import { FLEET, harbourScenario } from "./harbour.ts";

const SECOND_FLEET = FLEET.replace(/harbour$/, "North_Sea");
let azure: TestEmulator;
let folder: string;

beforeAll(async () => {
  const scenario = await harbourScenario((change) => {
    const [fleet] = change.fleets ?? [];
    change.images = [
      ...(change.images ?? []),
      { region: "westeurope", version: "AKSWindows-2022-containerd-20348.3207.250214" },
    ];
    change.fleets = [
      ...(fleet
        ? [{ ...fleet, members: fleet.members?.filter(({ group }) => group !== "group-2c") }]
        : []),
      {
        name: "North_Sea",
        resourceGroup: "harbour",
        location: "westeurope",
        members: [
          { name: "bergen", cluster: "dublin", group: "pilot" },
          { name: "oslo", cluster: "rotterdam" },
        ],
      },
      { name: "empty", resourceGroup: "harbour", location: "westeurope" },
    ];
  });
  azure = await startTestEmulator({ scenario, clock: "manual" });
});
afterAll(() => azure?.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleetwright-init-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const init = (...args: readonly string[]) => fleetwright(["init", folder, ...args], { azure });

async function read<T>(path: string): Promise<T> {
  return parse(await readFile(join(folder, path), "utf8")) as T;
}

test("the files of a live fleet pass the lint and the doctor, and pin what runs", async () => {
  const { code, stdout } = await init("--fleet", `prod=${FLEET}`);
  expect(code).toBe(0);
  expect(stdout).toContain("wrote");
  const release = await read<Release>("releases/prod.yaml");
  expect(release.spec).toEqual({
    strategy: { name: "prod-in-stages" },
    kubernetesVersion: "1.33.5",
    nodeImages: { "AKSUbuntu-2204gen2containerd": "202606.16.0" },
  });
  expect(await fleetwright(["lint", folder])).toMatchObject({
    code: 0,
    stdout: "0 errors, 0 warnings\n",
  });
  const doctor = await fleetwright(["doctor", folder, "-o", "json"], { azure });
  expect(doctor.stdout).toContain('{"topic":"declarations","verdict":"ok"');
});

test("the order of promotions is told, and warned of when it looks turned around", async () => {
  const fleets = (first: string, second: string) =>
    ["--fleet", `${first}=${SECOND_FLEET}`, "--fleet", `${second}=${FLEET}`, "--dry-run"] as const;
  const right = await init(...fleets("dev", "prod"));
  expect(right.stdout).toMatch(/^# promotions go from dev to prod$/m);
  expect(right.stderr).toBe("");
  const reversed = await init(...fleets("prod", "dev"));
  expect(reversed).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/warning: dev promotes from prod, which looks turned around/),
  });
});

test("several fleets become a way of promotion, and members without a group get one", async () => {
  const { code } = await init("--fleet", SECOND_FLEET, "--fleet", `prod=${FLEET}`);
  expect(code).toBe(0);
  const { spec } = await read<Workspace>("fleetwright.yaml");
  expect(spec.environments).toMatchObject([
    {
      name: "north-sea",
      members: [
        { name: "bergen", group: "pilot" },
        { name: "oslo", group: "ungrouped" },
      ],
    },
    { name: "prod", members: "fleet", promotesFrom: "north-sea" },
  ]);
  const strategy = await read<UpdateStrategy>("strategies/north-sea-in-stages.yaml");
  const groups = strategy.spec.stages.map((stage) => stage.groups.map(({ name }) => name));
  expect(groups).toEqual([["pilot"], ["ungrouped"]]);
  expect((await fleetwright(["lint", folder])).code).toBe(0);
});

test("a strategy that the fleet has already is taken as it is", async () => {
  const stages = [
    { name: "first", groups: [{ name: "group-1a" }], afterStageWaitInSeconds: 7_200 },
    { name: "then", groups: [{ name: "group-1b" }] },
  ];
  for (const name of ["weekly", "urgent"]) {
    const body = { properties: { strategy: { stages } } };
    await azure.call(`${FLEET}/updateStrategies/${name}?api-version=2026-06-01`, {
      method: "PUT",
      body,
    });
  }
  expect((await init("--fleet", `prod=${FLEET}`, "--strategy", "weekly")).code).toBe(0);
  const { spec } = await read<UpdateStrategy>("strategies/weekly.yaml");
  expect(spec.stages).toEqual(stages);
  const unknown = await init("--fleet", `prod=${FLEET}`, "--strategy", "daily", "--force");
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("urgent") });
});

test("files that are there are left alone, unless told otherwise", async () => {
  await writeFile(join(folder, "fleetwright.yaml"), "mine\n");
  const refused = await init("--fleet", `prod=${FLEET}`);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--dry-run") });
  const dry = await init("--fleet", `prod=${FLEET}`, "--dry-run");
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining("# releases/prod.yaml\n") });
  expect(await readFile(join(folder, "fleetwright.yaml"), "utf8")).toBe("mine\n");
  await expect(readFile(join(folder, "releases/prod.yaml"))).rejects.toThrow("ENOENT");
  const forced = await init("--fleet", `prod=${FLEET}`, "--force", "-o", "json");
  const { written, files } = JSON.parse(forced.stdout) as { written: boolean; files: unknown[] };
  expect([written, files.length]).toEqual([true, 3]);
  expect((await read<Workspace>("fleetwright.yaml")).kind).toBe("Workspace");
});

test.each([
  ["no fleet", [], 2, "--fleet is missing"],
  ["two environments of one name", [`a=${FLEET}`, `a=${FLEET}`], 2, "two environments are named a"],
  ["an id of something else", [`${FLEET}/members/x`], 2, "not of a Microsoft.ContainerService"],
  ["no id", ["prod=harbour"], 1, "not an ARM resource id"],
  ["a fleet that is not there", [`${FLEET}x`], 1, "harbourx"],
  ["a fleet without members", [FLEET.replace(/harbour$/, "empty")], 1, "az fleet member create"],
])("%s is told", async (_, fleets, code, message) => {
  const ended = await init(...fleets.flatMap((fleet) => ["--fleet", fleet]));
  expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) });
});

test("writes nothing to Azure", async () => {
  const writes = async (): Promise<number> => {
    const audit = (await azure.control("GET", "/audit")) as { entries: { write: boolean }[] };
    return audit.entries.filter(({ write }) => write).length;
  };
  const before = await writes();
  await init("--fleet", `prod=${FLEET}`);
  expect(await writes()).toBe(before);
});
