import { counted } from "../../shared/core/markdown.ts";
import { armKey, parseArmId } from "../../shared/core/arm-id.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import { subscriptionsOf } from "../../shared/snapshot/fleet-clusters.ts";
import type { ManagedCluster } from "../../shared/snapshot/ports.ts";
import type { FleetMember } from "../../shared/update-run/ports.ts";
import type { Azure } from "../azure.ts";
import { judgeClusters } from "./clusters.ts";
import { environmentsOf, judgeDeclarations, readDeclared } from "./declared.ts";
import { diagnose, type Diagnosis } from "./diagnosis.ts";
import { checkClusterEvents, checkGateEvents, checkImageTopic } from "./events.ts";
import { checkFleet } from "./fleets.ts";
import { checkGitHub } from "./github.ts";
import { checkNodes } from "./nodes.ts";
import { checkPermissions, definitionOf, type Role, type RoleDefinition } from "./permissions.ts";
import { checkSignIn } from "./sign-in.ts";

export interface Checkup {
  readonly folder: string;
  /** Empty: all. */
  readonly environments: readonly string[];
  readonly role: Role;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Looks at everything that an upgrade stands on. Nothing is written anywhere. */
export async function checkUp(azure: Azure, options: Checkup): Promise<readonly Diagnosis[]> {
  const { env, role } = options;
  const declarations = await readDeclared(options.folder);
  const environments = environmentsOf(declarations, options.environments);
  const signIn = await diagnose("sign-in", () => checkSignIn(azure));
  const signedIn = signIn.every(({ verdict }) => verdict === "ok");
  const fleets = signedIn
    ? await readFleets(azure, environments, await definitionOf(role))
    : NO_FLEETS;
  const declared = judgeDeclarations(
    declarations,
    fleets.members,
    // Pins age by Azure's clock; who has not asked it yet knows the machine's alone.
    fleets.members.size > 0 ? azure.arm.clock.now() : undefined,
  );
  const branch = declarations.workspace?.value.spec.repository.branch ?? "main";
  return [
    ...declared,
    ...signIn,
    ...(signedIn ? fleets.found : unseen(environments)),
    ...(await checkClusters(azure, options, fleets.members)),
    ...(await diagnose("github", () => checkGitHub(azure, { env, branch, role }))),
  ];
}

/** What nobody could look at is not well. */
function unseen(environments: readonly Environment[]): readonly Diagnosis[] {
  if (environments.length === 0) return [];
  const fleets = counted(new Set(environments.map(({ fleet }) => fleet)).size, "fleet");
  return [
    {
      topic: "fleet",
      verdict: "unknown",
      message: `${fleets}, with clusters, nodes, permissions and events: not looked at`,
      remedy: "sign in first",
    },
  ];
}

interface Fleets {
  readonly found: readonly Diagnosis[];
  /** Of the fleets that could be read, by id. */
  readonly members: ReadonlyMap<string, readonly FleetMember[]>;
}

const NO_FLEETS: Fleets = { found: [], members: new Map() };

async function readFleets(
  azure: Azure,
  environments: readonly Environment[],
  role: RoleDefinition,
): Promise<Fleets> {
  const found: Diagnosis[] = [];
  const members = new Map<string, readonly FleetMember[]>();
  for (const environment of environments) {
    const { fleet } = environment;
    found.push(
      ...(await diagnose("fleet", async () => {
        const listed = members.get(fleet) ?? (await azure.fleets.listMembers(fleet));
        members.set(fleet, listed);
        return checkFleet(azure, environment, { members: listed, role });
      })),
    );
  }
  return { found, members };
}

async function checkClusters(
  { arm, inventory, nodes }: Azure,
  options: Checkup,
  members: Fleets["members"],
): Promise<readonly Diagnosis[]> {
  const ids = [...members.values()].flat().map(({ clusterId }) => clusterId);
  const fleets = [...members.keys()];
  if (fleets.length === 0) return [];
  const clusters: ManagedCluster[] = [];
  const found = [
    ...(await diagnose("permissions", () => checkPermissions(arm, options, [...fleets, ...ids]))),
    ...(await diagnose("clusters", async () => {
      const wanted = new Set(ids.map(armKey));
      for (const subscription of subscriptionsOf(ids)) {
        const listed = await inventory.listClusters(subscription);
        clusters.push(...listed.filter(({ id }) => wanted.has(armKey(id))));
      }
      return judgeClusters(ids, clusters);
    })),
  ];
  // In turn: a person can wait a second, and Azure's limits are shared with what runs meanwhile.
  found.push(...(await diagnose("kubernetes-api", () => checkNodes(nodes, clusters))));
  const subscriptions = [...new Set(fleets.map((fleet) => parseArmId(fleet).subscription))];
  for (const subscription of subscriptions) {
    found.push(...(await diagnose("events", () => checkGateEvents(arm, subscription))));
  }
  found.push(...(await diagnose("events", () => checkClusterEvents(arm, clusters))));
  found.push(...(await diagnose("events", () => checkImageTopic(arm, subscriptions))));
  return found;
}
