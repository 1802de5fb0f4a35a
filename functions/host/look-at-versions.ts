import { HOUR } from "../../shared/core/duration.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import type { ParsedDeclarations } from "../../shared/declaration/parse.ts";
import type { KubernetesVersions } from "../../shared/promotion/ports.ts";
import { offeredIn, proposeVersion } from "../../shared/promotion/propose-version.ts";
import { recordWithdrawn, warnOfSupport } from "../../shared/promotion/support.ts";
import { findClusters } from "../../shared/snapshot/fleet-clusters.ts";
import { writeRow } from "../../shared/update-run/ledger.ts";
import type { App } from "./compose.ts";
import {
  currentDeclarations,
  exclusively,
  findSoaking,
  inEach,
  releaseOf,
  type When,
} from "./look.ts";

/** Versions come monthly, and Azure tells of them by event: the sweep makes good what an event failed to bring. */
const LOOK_AGAIN_MILLISECONDS = 1 * HOUR;

const DUE = { partition: "kubernetes", row: "due" } as const;

/** Proposes newer Kubernetes versions to the environments that take them first, and warns of lost support. */
export async function lookAtVersions(app: App, when: When): Promise<void> {
  if (!app.versions) return;
  const now = app.clock.now();
  const due = await app.store.get<{ readonly nextCheckAt: number }>(DUE.partition, DUE.row);
  if (when === "when-due" && (due?.value.nextCheckAt ?? 0) > now) return;
  const declarations = await currentDeclarations(app);
  const environments = declarations.workspace?.value.spec.environments ?? [];
  const { versions } = app;
  try {
    await inEach(app, environments, async (environment) => {
      await exclusively(app, `versions:${environment.name}`, () =>
        lookAt({ ...app, versions }, declarations, environment),
      );
    });
  } finally {
    // A fleet that is broken for good must not have all the others read every minute.
    const nextCheckAt = now + LOOK_AGAIN_MILLISECONDS;
    await writeRow(app.store, DUE.partition, DUE.row, { nextCheckAt });
  }
}

async function lookAt(
  app: App & { readonly versions: KubernetesVersions },
  declarations: ParsedDeclarations,
  environment: Environment,
): Promise<void> {
  const members = await app.fleets.listMembers(environment.fleet);
  const ids = members.map(({ clusterId }) => clusterId);
  const clusters = await findClusters(app.inventory, ids);
  // What events told is said, whether or not Azure can be asked.
  await warnOfSupport(app, environment.name, clusters);
  const offered = await offeredIn(app.versions, clusters);
  const news = await recordWithdrawn(app.store, clusters, offered);
  if (news) await warnOfSupport(app, environment.name, clusters);
  // What is promoted to an environment brings its version along.
  if (environment.promotesFrom !== undefined) return;
  const release = await releaseOf(app, declarations, environment);
  if (!release) return;
  const candidate = await proposeVersion(app, {
    environment: environment.name,
    mode: environment.kubernetes.propose,
    soaks: (await findSoaking(app, declarations, environment)) !== undefined,
    clusters,
    offered,
    release,
  });
  const fields = { environment: environment.name, verdict: candidate?.kind ?? "none" };
  app.logger.info("Kubernetes versions looked at", { ...fields, version: candidate?.version });
}
