import type { ArmId } from "../../shared/core/arm-id.ts";
import type { ErrorCode } from "../../shared/core/errors.ts";
import type { ClusterNodes, NodeReader } from "../../shared/quarantine/ports.ts";
import { verifyNodes } from "../../shared/update-run/verify.ts";
import type { Verdict } from "../../shared/update-run/verify.ts";

export interface AwaitNodesDeps {
  readonly nodes: NodeReader;
  /** Azure's time. */
  now(): number;
  elapsed(): number;
  sleep(milliseconds: number): Promise<void>;
  log(line: string): void;
}

export interface AwaitedNodes {
  readonly cluster: ArmId;
  /** Image version by node pool. */
  readonly targets: ReadonlyMap<string, string>;
  /** Nodes that are no part of the question. */
  readonly ignores?: (node: { readonly name: string; readonly quarantined: boolean }) => boolean;
  readonly timeoutMilliseconds: number;
  readonly pollIntervalMilliseconds: number;
}

/** Looks at the nodes until they are proved or refuted; nodes that are still on their way get time. */
export async function awaitNodes(deps: AwaitNodesDeps, awaited: AwaitedNodes): Promise<Verdict> {
  const deadline = deps.elapsed() + awaited.timeoutMilliseconds;
  for (;;) {
    const nodes = without(await deps.nodes.readNodes(awaited.cluster), awaited.ignores);
    const verdict = verifyNodes({
      nodes,
      targets: awaited.targets,
      baseline: new Set(),
      toleratedNotReady: 0,
      now: deps.now(),
    });
    if (verdict.outcome !== "inconclusive" || deps.elapsed() >= deadline) return verdict;
    deps.log(`not proved yet: ${verdict.reasons[0] ?? ""}`);
    await deps.sleep(awaited.pollIntervalMilliseconds);
  }
}

/** Why a step fails whose nodes are not proved. */
export function doubtCode(outcome: Verdict["outcome"]): ErrorCode {
  switch (outcome) {
    case "unknown":
      return "unreachable";
    case "inconclusive":
      return "timed-out";
    case "pass":
    case "fail":
      return "run-failed";
  }
}

function without(nodes: ClusterNodes, ignores: AwaitedNodes["ignores"]): ClusterNodes {
  if (!nodes.visible || ignores === undefined) return nodes;
  return { visible: true, nodes: nodes.nodes.filter((node) => !ignores(node)) };
}
