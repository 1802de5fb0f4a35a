import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { Scenario } from "../../emulator/scenario.ts";

export const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService`;
export const FLEET = `${GROUP}/fleets/harbour`;
export const DEV_FLEET = `${GROUP}/fleets/harbour-dev`;
export const clusterId = (name: string): string => `${GROUP}/managedClusters/${name}`;
/** May read ARM and nothing else. */
export const ONLOOKER = "33333333-0000-4000-8000-000000000001";
/** Each has exactly the shipped role of its name. */
export const SHIPPED = {
  reader: "33333333-0000-4000-8000-000000000002",
  operator: "33333333-0000-4000-8000-000000000003",
  reactor: "33333333-0000-4000-8000-000000000004",
  repairer: "33333333-0000-4000-8000-000000000005",
} as const;

export async function shippedActions(role: string): Promise<string[]> {
  const text = await readFile(`infra/roles/${role}.json`, "utf8");
  const { Actions, DataActions } = JSON.parse(text) as Record<string, string[]>;
  return [...(Actions ?? []), ...(DataActions ?? [])];
}

/** The Azure of examples/harbour; `change` is applied to a copy of it. */
export async function harbourScenario(
  change: (scenario: Mutable) => void = () => {},
): Promise<Scenario> {
  const scenario = parse(await readFile("examples/harbour-azure.yaml", "utf8")) as Mutable;
  change(scenario);
  return scenario as Scenario;
}

type Mutable = { -readonly [Key in keyof Scenario]: Scenario[Key] };
