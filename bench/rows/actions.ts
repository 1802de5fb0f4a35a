import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { actionRunner, DEFINITION } from "../action-runner.ts";
import type { ActionRunner, ActionStep } from "../action-runner.ts";
import type { Row } from "../row.ts";
import { measurePairs } from "../pairs.ts";
import type { Pair } from "../pairs.ts";
import { PACKAGE_ROOT, withFolder } from "../places.ts";
import { compare } from "../report.ts";
import type { Line } from "../report.ts";
import type { Sizes } from "../sizes.ts";

export const ACTION_ROWS: Readonly<Record<string, Row>> = {
  "action-start": measureStarts,
  "action-lint": measureLint,
  "action-bytes": measureBytes,
};

const CLUSTER_ID =
  "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/harbour/providers/Microsoft.ContainerService/managedClusters/texel";

/** One operation of each action that asks Azure or GitHub, and what it needs. */
const ASKING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "blue-green": { operation: "status", "cluster-id": CLUSTER_ID, "node-pool": "apps" },
  cluster: { operation: "create", "cluster-id": CLUSTER_ID, definition: DEFINITION },
  "node-pool": {
    operation: "upgrade-node-image",
    "cluster-id": CLUSTER_ID,
    "node-pool": "apps",
  },
  promote: { operation: "plan", environment: "prod", "github-token": "token" },
  quarantine: { operation: "list", "cluster-id": CLUSTER_ID },
  snapshot: { operation: "take", environment: "prod", kind: "outgoing" },
  strategy: { operation: "apply" },
  "update-run": { operation: "create", environment: "prod", "reviewed-plan": "off" },
};
/** Its first request is one to GitHub, whose client loads the global fetch: no target is set for it. */
const ASKS_GITHUB_FIRST = new Set(["promote"]);
const LINT: ActionStep = { action: "strategy", inputs: { operation: "lint" } };
const START_TARGET = "≤ 3.5";
const FLOOR = "node -e 0";

export interface Started {
  readonly wallMilliseconds: number;
  readonly cpuMilliseconds: number;
}

function measureStarts({ pairs }: Sizes): Promise<readonly Line[]> {
  return withRunner(async (runner) => {
    const lines: Line[] = [];
    for (const action of await bundledActions()) {
      const inputs = ASKING[action];
      if (inputs === undefined) {
        lines.push({
          row: "action-start",
          absent: `${action}: the bench knows no operation of it`,
        });
        continue;
      }
      const step = { action, inputs };
      const measured = await measurePairs<Started>(pairs, {
        ours: () => runner.toFirstRequest(step),
        beside: () => runner.floor(),
      });
      lines.push(
        ...(ASKS_GITHUB_FIRST.has(action)
          ? startLines("action-start", `${action}: start to first GitHub request`, measured, {})
          : startLines("action-start", `${action}: start to first ARM request`, measured)),
      );
    }
    return lines;
  });
}

function measureLint({ pairs }: Sizes): Promise<readonly Line[]> {
  return withRunner(async (runner) => {
    const measured = await measurePairs<Started>(pairs, {
      ours: () => runner.toEnd(LINT),
      beside: () => runner.floor(),
    });
    return startLines("action-lint", "strategy: lint, whole process", measured);
  });
}

async function bundledActions(): Promise<string[]> {
  const files = await readdir(join(PACKAGE_ROOT, "dist", "actions"));
  return files
    .filter((file) => file.endsWith(".cjs"))
    .map((file) => file.slice(0, -".cjs".length))
    .toSorted();
}

function withRunner<T>(use: (runner: ActionRunner) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const runner = await actionRunner(folder);
    try {
      return await use(runner);
    } finally {
      await runner.close();
    }
  });
}

function startLines(
  row: string,
  measure: string,
  pairs: readonly Pair<Started>[],
  target: { readonly target?: string } = { target: START_TARGET },
): Line[] {
  const pick = (of: (started: Started) => number): Pair<number>[] =>
    pairs.map(({ ours, beside }) => ({ ours: of(ours), beside: of(beside) }));
  const common = { row, unit: "ms", beside: FLOOR, ...target } as const;
  return [
    compare({ ...common, measure, pairs: pick(({ wallMilliseconds }) => wallMilliseconds) }),
    compare({
      ...common,
      measure: `${measure}, CPU`,
      pairs: pick(({ cpuMilliseconds }) => cpuMilliseconds),
    }),
  ];
}

/** Beside each bundle its gzip: what a runner downloads, and what no minifier takes away. */
async function measureBytes(): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const action of await bundledActions()) {
    const file = join(PACKAGE_ROOT, "dist", "actions", `${action}.cjs`);
    const { size } = await stat(file);
    const compressed = gzipSync(await readFile(file)).length;
    lines.push(
      compare({
        row: "action-bytes",
        measure: `${action}.cjs`,
        unit: "KB",
        beside: "gzip",
        pairs: [{ ours: size / 1_000, beside: compressed / 1_000 }],
      }),
    );
  }
  return lines;
}
