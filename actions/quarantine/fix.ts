import { FleetwrightError } from "../../shared/core/errors.ts";
import { fixNodes } from "../../shared/quarantine/fix.ts";
import { awaitNodes } from "../runner/await-nodes.ts";
import { evictionRetry } from "../runner/drain-inputs.ts";
import type { Report } from "../runner/report.ts";
import { reportFix } from "./report-quarantine.ts";
import { poolsOfNodes } from "./node-names.ts";
import type { FixedPool, FixInputs, FixStepDeps } from "./request.ts";

/** Pool by pool: AKS carries out one operation on a pool at a time, and a person reads one story at a time. */
export async function fix(inputs: FixInputs, deps: FixStepDeps): Promise<Report> {
  const seen = await deps.nodes.readNodes(inputs.cluster);
  if (!seen.visible) {
    throw new FleetwrightError("unreachable", `the nodes cannot be seen: ${seen.reason}`, {
      subject: inputs.cluster,
    });
  }
  const fixed: FixedPool[] = [];
  for (const [pool, nodes] of poolsOfNodes(inputs.nodes, seen.nodes)) {
    fixed.push(await fixPool(inputs, deps, { pool, nodes }));
  }
  return reportFix(inputs, fixed);
}

async function fixPool(
  inputs: FixInputs,
  deps: FixStepDeps,
  { pool, nodes }: { readonly pool: string; readonly nodes: readonly string[] },
): Promise<FixedPool> {
  const { cluster, remedy, forceOwned } = inputs;
  const { pollIntervalMilliseconds, timeoutMilliseconds } = deps;
  const fixed = await fixNodes(deps, {
    cluster,
    pool: `${cluster}/agentPools/${pool}`,
    nodes,
    remedy,
    forceOwned,
    drain: {
      ...inputs.drain,
      batchSize: 1,
      paceMilliseconds: 0,
      gracePeriodSeconds: undefined,
      retryMilliseconds: evictionRetry(pollIntervalMilliseconds),
    },
    pollIntervalMilliseconds,
    timeoutMilliseconds,
  });
  const verdict = await awaitNodes(deps, {
    cluster,
    targets: new Map([[pool, fixed.observed.pool.nodeImageVersion]]),
    // Quarantined nodes that nobody named wait for their own remedy.
    ignores: ({ name, quarantined }) => quarantined && !nodes.includes(name),
    timeoutMilliseconds,
    pollIntervalMilliseconds,
  });
  return { ...fixed, verdict };
}
