import { app, type InvocationContext, type Timer } from "@azure/functions";
import { parseNodeImage } from "../shared/core/node-image.ts";
import { announceImages, samplePools } from "../shared/promotion/lookout.ts";
import { readClusters } from "../shared/snapshot/fleet-clusters.ts";
import { compose, type App } from "./host/compose.ts";
import { currentDeclarations } from "./host/look.ts";

/** Azure has no event for a new node image: ask once per region and image family, and publish one. */
export async function detectNodeImages(_timer: Timer, context: InvocationContext): Promise<void> {
  const composed = compose(context);
  const samples = samplePools(await declaredClusters(composed));
  const noticedAt = new Date(composed.clock.now()).toISOString();
  const seen = await Promise.all(
    samples.map(async ({ region, family, pool }) => {
      const nodeImageVersion = await composed.inventory.latestNodeImage(pool.id);
      const known = parseNodeImage(nodeImageVersion).family === family;
      return known ? [{ region, nodeImageVersion, noticedAt }] : [];
    }),
  );
  const announced = await announceImages(composed, seen.flat());
  for (const { region, nodeImageVersion } of announced) {
    composed.logger.info("node image announced", { region, nodeImageVersion });
  }
}

async function declaredClusters(composed: App) {
  const declarations = await currentDeclarations(composed);
  const environments = declarations.workspace?.value.spec.environments ?? [];
  const members = await Promise.all(
    environments.map(({ fleet }) => composed.fleets.listMembers(fleet)),
  );
  return readClusters(
    composed.inventory,
    members.flat().map(({ clusterId }) => clusterId),
  );
}

// Images come out weekly and reach regions over days: every 10 minutes is soon enough.
app.timer("detect-node-images", { schedule: "0 */10 * * * *", handler: detectNodeImages });
