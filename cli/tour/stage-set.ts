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
  readonly fleetId: string;
  readonly clusterIds: readonly string[];
  stop(): Promise<void>;
}

/** The cast of examples/harbour-azure.yaml. */
export const RESOURCE_GROUP = "harbour";
export const FLEET = "harbour";
export const ENVIRONMENT = "prod";
/** Subject of the OIDC token of a job in the repository's environment. */
export const SUBJECT = `repo:${OWNER}/${NAME}:environment:${ENVIRONMENT}`;
export const REGIONS = ["westeurope", "northeurope"] as const;
export const IMAGE_FAMILY = "AKSUbuntu-2204gen2containerd";
export const NEW_IMAGE = "202607.09.0";

const FLEET_VERSION = "2026-06-01";

export async function openTour(options: TourOptions): Promise<Tour> {
  const azure = await startLocalAzure({
    writeScenario: (path) => writeScenario(path, SUBJECT),
    clockFactor: options.clockFactor,
    seed: options.seed,
    onStart: options.onStart,
  });
  try {
    return await furnish(azure, options);
  } catch (error) {
    options.story.detail(azure.log());
    await azure.stop();
    throw error;
  }
}

async function furnish(azure: LocalAzure, { story }: TourOptions): Promise<Tour> {
  const repository = await createRepository(azure, join(PACKAGE_ROOT, "examples", "harbour"));
  const fleetId = `/subscriptions/${azure.emulator.subscription}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.ContainerService/fleets/${FLEET}`;
  const deployment = {
    resourceGroup: RESOURCE_GROUP,
    location: REGIONS[0],
    clusterIds: await memberClusters(azure, fleetId),
  };
  const topic = await deployTopic(azure, deployment);
  const functions = await azure.startFunctions({
    ...functionSettings(azure, {
      topic,
      repository: `${OWNER}/${NAME}`,
      githubToken: await githubToken(azure, "fleetwright[bot]"),
    }),
    AZURE_CLIENT_ID: REACTOR_CLIENT_ID,
  });
  await deploySubscriptions(azure, deployment, functions.ready);
  story.chapter("A local Azure with a fleet of nine clusters");
  story.say(`${deployment.clusterIds.length} member clusters in ${REGIONS.join(" and ")}`);
  story.say(`functions: ${functions.ready.functions.map(({ name }) => name).join(", ")}`);
  story.say(`repository ${OWNER}/${NAME}, a git repository of its own`);
  const { clusterIds } = deployment;
  return { azure, functions, repository, story, fleetId, clusterIds, stop: () => azure.stop() };
}

async function memberClusters(azure: LocalAzure, fleetId: string): Promise<readonly string[]> {
  const members = await azure.arm<{
    value: readonly { properties: { clusterResourceId: string } }[];
  }>("GET", `${fleetId}/members?api-version=${FLEET_VERSION}`);
  return members.value.map(({ properties }) => properties.clusterResourceId);
}
