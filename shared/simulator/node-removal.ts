import { announceNode, recordNodeEvent } from "./announce.ts";
import { beginDrain, drainFailureMessage } from "./drain.ts";
import { drawPhase } from "./kernel.ts";
import { beginDeletion, cordon, removeNode, uncordon } from "./nodes.ts";
import type { NodeState } from "./state.ts";

export interface Removal {
  /** Budgets are respected unless a person asked for these very machines to go. */
  readonly drain: boolean;
  readonly isCancelled: () => boolean;
  /** One message for each node that could not be drained, and so stays. */
  readonly onEnd: (failures: readonly string[]) => void;
}

/** Cordons all, so that no pod moves from one to the next; then drains and deletes each. */
export function removeNodes(nodes: readonly NodeState[], removal: Removal): void {
  const failures: string[] = [];
  let left = nodes.length;
  if (left === 0) return removal.onEnd(failures);
  for (const node of nodes) cordon(node);
  for (const node of nodes) {
    removeOne(node, removal, (failure) => {
      if (failure !== undefined) failures.push(failure);
      left -= 1;
      if (left === 0) removal.onEnd(failures);
    });
  }
}

function removeOne(
  node: NodeState,
  { drain, isCancelled }: Removal,
  onEnd: (failure?: string) => void,
): void {
  if (!node.alive) return onEnd();
  if (!drain || node.phase === "Creating") return deleteMachine(node, onEnd);
  beginDrain(node, {
    isCancelled,
    onEnd: (outcome) => {
      if (outcome.kind === "gone") return onEnd();
      if (outcome.kind === "drained") return deleteMachine(node, onEnd);
      uncordon(node);
      onEnd(drainFailureMessage(node, outcome.blocked));
    },
  });
}

function deleteMachine(node: NodeState, onEnd: () => void): void {
  const { kernel } = node.owner.cluster;
  if (node.surge || node.kept) announceNode(node, "SurgeDeleting");
  beginDeletion(node);
  kernel.timeline.after(drawPhase(kernel, "surgeDelete", node), () => {
    if (node.alive && (node.surge || node.kept)) {
      recordNodeEvent(node, {
        type: "Normal",
        reason: "Delete",
        message: `Deleted a surge node [${node.name} ${node.pool}] for agentpool ${node.pool}`,
      });
    }
    removeNode(node);
    onEnd();
  });
}
