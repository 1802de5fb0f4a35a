import { join } from "node:path";
import type { Child } from "./child.ts";
import { deploySubscriptions, deployTopic, functionSettings } from "./infrastructure.ts";
import {
  PACKAGE_ROOT,
  startLocalAzure,
  type FunctionsReady,
  type LocalAzure,
} from "./local-azure.ts";
import { createRepository, githubToken, NAME, OWNER, type Repository } from "./repository.ts";
import { REACTOR_CLIENT_ID, writeScenario } from "./scenario.ts";
import type { Story } from "./story.ts";

export interface TourOptions {
  /** Virtual milliseconds per real one. */
  readonly clockFactor: number;
  readonly seed: number;
  readonly story: Story;
  readonly onStart?: (stop: () => Promise<void>) => void;
}

/** Everything that stands before the first act: cloud, storage, functions, repository, subscriptions. */
export interface Tour {
  readonly azure: LocalAzure;
  readonly functions: Child<FunctionsReady>;
  readonly repository: Repository;
  readonly story: Story;
  readonly fleetIds: Readonly<Record<EnvironmentName, string>>;
  /** What the job's own token, of the App, may do: everything that the actions ask of GitHub. */
  readonly appToken: string;
  readonly clusterIds: readonly string[];
  /** Another host of the same functions. Event Grid knows nothing of it: it has its timers alone. */
  startFunctions(): Promise<Child<FunctionsReady>>;
  stop(): Promise<void>;
}

/** The cast of examples/harbour-azure.yaml. */
export const RESOURCE_GROUP = "harbour";
/** A new image goes to the first, and by promotion to the second. */
export const ENVIRONMENTS = ["dev", "prod"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];
const FLEETS: Readonly<Record<EnvironmentName, string>> = { dev: "harbour-dev", prod: "harbour" };

/** Subject of the OIDC token of a job in the repository's environment. */
export function subjectOf(environment: EnvironmentName): string {
  return `repo:${OWNER}/${NAME}:environment:${environment}`;
}
export const REGIONS = ["westeurope", "northeurope"] as const;
export const IMAGE_FAMILY = "AKSUbuntu-2204gen2containerd";
export const NEW_IMAGE = "202607.09.0";

const FLEET_VERSION = "2026-06-01";

export async function openTour(options: TourOptions): Promise<Tour> {
  const azure = await startLocalAzure({
    writeScenario: (path) => writeScenario(path, ENVIRONMENTS.map(subjectOf)),
    clockFactor: options.clockFactor,
    seed: options.seed,
    onStart: options.onStart,
  });
  try {
    return await furnish(azure, options);
  } catch (error) {
    for (const line of azure.log().split("\n")) options.story.say(line);
    await azure.stop();
    throw error;
  }
}

async function furnish(azure: LocalAzure, { story }: TourOptions): Promise<Tour> {
  const repository = await createRepository(azure, join(PACKAGE_ROOT, "examples", "harbour"));
  const fleetId = (environment: EnvironmentName): string =>
    `/subscriptions/${azure.emulator.subscription}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.ContainerService/fleets/${FLEETS[environment]}`;
  const fleetIds = { dev: fleetId("dev"), prod: fleetId("prod") };
  const members = await Promise.all(
    Object.values(fleetIds).map((fleet) => memberClusters(azure, fleet)),
  );
  const appToken = await githubToken(azure, "fleetwright[bot]");
  const deployment = {
    resourceGroup: RESOURCE_GROUP,
    location: REGIONS[0],
    clusterIds: members.flat(),
  };
  const topic = await deployTopic(azure, deployment);
  const settings = {
    ...functionSettings(azure, {
      topic,
      repository: `${OWNER}/${NAME}`,
      githubToken: appToken,
    }),
    AZURE_CLIENT_ID: REACTOR_CLIENT_ID,
  };
  const startFunctions = () => azure.startFunctions(settings);
  const functions = await startFunctions();
  await deploySubscriptions(azure, deployment, functions.ready);
  story.chapter("A local Azure: a fleet of two clusters for dev, one of nine for prod");
  story.say(`${deployment.clusterIds.length} member clusters in ${REGIONS.join(" and ")}`);
  story.say(`functions: ${functions.ready.functions.map(({ name }) => name).join(", ")}`);
  story.say(`repository ${OWNER}/${NAME}, a git repository of its own`);
  const { clusterIds } = deployment;
  return {
    azure,
    functions,
    repository,
    story,
    fleetIds,
    clusterIds,
    appToken,
    startFunctions,
    stop: () => azure.stop(),
  };
}

async function memberClusters(azure: LocalAzure, fleetId: string): Promise<readonly string[]> {
  const members = await azure.arm<{
    value: readonly { properties: { clusterResourceId: string } }[];
  }>("GET", `${fleetId}/members?api-version=${FLEET_VERSION}`);
  return members.value.map(({ properties }) => properties.clusterResourceId);
}
