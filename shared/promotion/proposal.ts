import type { ArmId } from "../core/arm-id.ts";
import type { RefusedPool } from "../snapshot/plan.ts";
import type { PullRequest } from "./ports.ts";

/** An environment that takes new node images first: no other environment promotes to it. */
export interface ProposalTarget {
  readonly environment: string;
  readonly clusterIds: readonly ArmId[];
  readonly allRegions: boolean;
  readonly captureOutgoing: boolean;
  readonly snapshotResourceGroup: string | undefined;
  readonly release: {
    readonly name: string;
    readonly file: string;
    readonly text: string;
    /** Where the text stands. */
    readonly commit: string;
    readonly generation: number;
    readonly nodeImages: Readonly<Record<string, string>>;
  };
}

export type ProposalResult =
  | { readonly kind: "none" }
  /** Outgoing snapshots are still being taken; the next look goes on. */
  | { readonly kind: "capturing"; readonly remaining: number }
  | { readonly kind: "proposed"; readonly pullRequest: PullRequest; readonly changed: boolean };

export interface Capture {
  readonly captured: number;
  readonly refused: readonly RefusedPool[];
  readonly remaining: number;
}
