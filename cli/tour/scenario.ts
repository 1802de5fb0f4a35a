import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { PACKAGE_ROOT } from "./local-azure.ts";

/** The identities that the tour uses, each with exactly the role that is shipped for it. */
export const OPERATOR_CLIENT_ID = "22222222-0000-4000-8000-000000000001";
export const REACTOR_CLIENT_ID = "22222222-0000-4000-8000-000000000002";
/** Name of the functions' identity, as the audit log of the local Azure tells it. */
export const REACTOR = "reactor";

interface RoleDefinition {
  readonly Actions: readonly string[];
  readonly DataActions: readonly string[];
}

/**
 * Writes the scenario of examples/harbour-azure.yaml with the shipped roles of infra/roles granted to
 * the operator (by GitHub's OIDC tokens for the `subjects`) and to the functions.
 */
export async function writeScenario(path: string, subjects: readonly string[]): Promise<void> {
  const source = await readFile(join(PACKAGE_ROOT, "examples", "harbour-azure.yaml"), "utf8");
  const scenario = parseDocument(source);
  const scope = `/subscriptions/${String(scenario.get("subscription"))}`;
  scenario.set("principals", [
    {
      name: "operator",
      clientId: OPERATOR_CLIENT_ID,
      roles: [{ actions: await actionsOf("operator"), scope }],
      federated: subjects.map((subject) => ({ subject })),
    },
    {
      name: REACTOR,
      clientId: REACTOR_CLIENT_ID,
      roles: [{ actions: await actionsOf(REACTOR), scope }],
    },
  ]);
  await writeFile(path, scenario.toString());
}

async function actionsOf(role: string): Promise<readonly string[]> {
  const path = join(PACKAGE_ROOT, "infra", "roles", `${role}.json`);
  const definition = JSON.parse(await readFile(path, "utf8")) as RoleDefinition;
  return [...definition.Actions, ...definition.DataActions];
}
