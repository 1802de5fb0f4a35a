import { describe, expect, test } from "vitest";
import { armKey } from "../../shared/core/arm-id.ts";
import { silentLogger } from "../../shared/core/logger.ts";
import type { BlockedNode, Blocker } from "../../shared/quarantine/blocked-node.ts";
import { flagQuarantine, readQuarantine } from "../../shared/quarantine/flag.ts";
import { isConfirmed, isResolved } from "../../shared/quarantine/record.ts";
import type { BudgetView, Issue, IssueTracker } from "../../shared/quarantine/ports.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";

const CLUSTER =
  "/subscriptions/s/resourceGroups/harbour/providers/Microsoft.ContainerService/managedClusters/quay-2b";

const blocked: BlockedNode = {
  cluster: CLUSTER,
  nodePool: "apps",
  node: "aks-apps-12345678-vmss000001",
  nodeImageVersion: "AKSUbuntu-2204gen2containerd-202606.16.0",
  quarantined: true,
  blockers: [
    {
      namespace: "harbour",
      pod: "tide-forecast-0",
      owner: "ReplicaSet/tide-forecast",
      budget: {
        namespace: "harbour",
        name: "tide-forecast",
        selector: { matchLabels: { app: "tide-forecast" } },
        minAvailable: "2",
        maxUnavailable: undefined,
        disruptionsAllowed: 0,
        currentHealthy: 2,
        desiredHealthy: 2,
        expectedPods: 2,
      },
    },
  ],
};

function tracker() {
  const issues: Issue[] = [];
  const comments: string[] = [];
  const port: IssueTracker = {
    findByMarker: async (marker) => issues.filter(({ body }) => body.includes(marker)),
    async open({ title, body }) {
      const issue: Issue = { number: issues.length + 1, title, body, state: "open", url: "u" };
      issues.push(issue);
      return issue;
    },
    async update(number, change) {
      issues[number - 1] = { ...issues[number - 1], ...change } as Issue;
    },
    async comment(_number, body) {
      comments.push(body);
    },
  };
  return { port, issues, comments };
}

function sighting(nodes: readonly BlockedNode[], proved: boolean, at = "2026-07-10T10:00:00.000Z") {
  const key = new Set([armKey(CLUSTER)]);
  return {
    at,
    inspected: key,
    proved: proved ? key : new Set<string>(),
    blocked: nodes,
  };
}

function setUp() {
  const github = tracker();
  const store = memoryStateStore();
  const deps = {
    store,
    issues: github.port,
    logger: silentLogger,
    wallClock: { now: () => Date.now() },
  };
  return { ...github, store, deps };
}

describe("a quarantined node", () => {
  test("becomes one issue that names cluster, pool, node, pod, budget and three remedies", async () => {
    const { deps, issues } = setUp();
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    expect(issues).toHaveLength(1);
    const body = issues[0]?.body ?? "";
    for (const name of [
      "quay-2b",
      "apps",
      blocked.node,
      "harbour/tide-forecast-0",
      "harbour/tide-forecast",
    ]) {
      expect(body).toContain(name);
    }
    expect(body).toContain("0 disruptions allowed, 2 healthy of 2 required");
    expect(body.match(/^\d\. \*\*/gm)).toHaveLength(3);
    expect(body).toContain(
      `kubectl label node ${blocked.node} kubernetes.azure.com/upgrade-status-`,
    );
  });

  test("stays one issue when it is seen again, by two looks at once, and after a lost row", async () => {
    const { deps, issues, store } = setUp();
    const again = () => flagQuarantine(deps, "prod", sighting([blocked], false));
    await Promise.all([again(), again()]);
    await again();
    const [row] = await readQuarantine(store, "prod");
    await store.remove("quarantine:prod", row?.row ?? "");
    await again();
    expect(issues).toHaveLength(1);
  });

  test("is released, then resolved with proof only when its pool is proved", async () => {
    const { deps, issues, comments, store } = setUp();
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    await flagQuarantine(deps, "prod", sighting([], false, "2026-07-10T11:00:00.000Z"));
    expect(issues[0]).toMatchObject({ state: "open" });
    expect(issues[0]?.body).toContain("Released");
    await flagQuarantine(deps, "prod", sighting([], true, "2026-07-10T12:00:00.000Z"));
    expect(issues[0]).toMatchObject({ state: "closed" });
    expect(comments).toHaveLength(1);
    const [record] = await readQuarantine(store, "prod");
    expect(record?.value.nodes[0]).toMatchObject({
      since: "2026-07-10T10:00:00.000Z",
      releasedAt: "2026-07-10T11:00:00.000Z",
      resolvedAt: "2026-07-10T12:00:00.000Z",
    });
  });

  test("changes nothing when its cluster could not be inspected", async () => {
    const { deps, issues } = setUp();
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    const before = issues[0]?.body;
    const none = {
      at: "later",
      inspected: new Set<string>(),
      proved: new Set<string>(),
      blocked: [],
    };
    await flagQuarantine(deps, "prod", none);
    expect(issues[0]?.body).toBe(before);
  });

  test("opens the same issue again when it comes back", async () => {
    const { deps, issues } = setUp();
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    await flagQuarantine(deps, "prod", sighting([], true));
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    expect(issues).toHaveLength(1);
    expect(issues[0]?.state).toBe("open");
  });

  test("that was proved before anybody could be told of it is told, and closed with its proof", async () => {
    const { deps, issues, comments } = setUp();
    const broken = {
      ...deps,
      issues: { ...deps.issues, open: () => Promise.reject(new Error("the process was killed")) },
    };
    await flagQuarantine(broken, "prod", sighting([blocked], false)).catch(() => {});
    const later = { ...deps, wallClock: { now: () => Date.now() + 3 * 60_000 } };
    await flagQuarantine(later, "prod", sighting([], true));
    expect(issues).toMatchObject([{ state: "closed" }]);
    expect(comments).toHaveLength(1);
  });

  test("stays closed though a process that stalled wakes up and opens its issue again", async () => {
    const { deps, issues } = setUp();
    let now = Date.now();
    const here = { ...deps, wallClock: { now: () => now } };
    let [fallAsleep, wake] = [(): void => {}, (): void => {}];
    const asleep = new Promise<void>((resolve) => (fallAsleep = resolve));
    const awake = new Promise<void>((resolve) => (wake = resolve));
    const update: IssueTracker["update"] = async (...change) => {
      fallAsleep();
      await awake;
      return deps.issues.update(...change);
    };
    await flagQuarantine(here, "prod", sighting([blocked], false));
    const stalled = { ...here, issues: { ...deps.issues, update } };
    const released = sighting([], false, "2026-07-10T11:00:00.000Z");
    const late = flagQuarantine(stalled, "prod", released);
    await asleep;
    now += 5 * 60_000;
    const [closed] = await flagQuarantine(here, "prod", sighting([], true));
    expect(issues).toMatchObject([{ state: "closed" }]);
    expect(closed && isConfirmed(closed)).toBe(false);
    wake();
    await late;
    expect(issues).toMatchObject([{ state: "open" }]);
    await flagQuarantine(here, "prod", sighting([], true));
    expect(issues).toMatchObject([{ state: "closed" }]);
    now += 31 * 60_000;
    const [certain] = await flagQuarantine(here, "prod", sighting([], true));
    expect(certain && isConfirmed(certain)).toBe(true);
  });

  test("is opened again when a person closes the issue while the node is still held", async () => {
    const { deps, issues } = setUp();
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    issues[0] = { ...issues[0], state: "closed" } as Issue;
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    expect(issues).toMatchObject([{ state: "open" }]);
  });

  test("does not let a name end its code span or the table row", async () => {
    const { deps, issues } = setUp();
    await flagQuarantine(
      deps,
      "prod",
      sighting([{ ...blocked, node: "x` | <script>\n# title" }], false),
    );
    expect(issues[0]?.body).not.toContain("\n# title |");
    expect(issues[0]?.body).toContain("`x    <script> # title`");
  });
});

describe("a node that two budgets hold", () => {
  const [tide] = blocked.blockers;
  const gauge: Blocker = {
    namespace: "harbour",
    pod: "gauge-0",
    owner: "StatefulSet/gauge",
    budget: { ...(tide?.budget as BudgetView), name: "gauge", minAvailable: "1" },
  };
  const both: BlockedNode = { ...blocked, blockers: [...blocked.blockers, gauge] };

  test("is one issue that names both, and frees both in each remedy", async () => {
    const { deps, issues } = setUp();
    await flagQuarantine(deps, "prod", sighting([both], false));
    expect(issues).toHaveLength(1);
    expect(issues[0]?.title).toBe(
      "prod: pod disruption budgets harbour/gauge and harbour/tide-forecast keep nodes from being upgraded",
    );
    const body = issues[0]?.body ?? "";
    expect(body.match(/may not be evicted/g)).toHaveLength(3);
    expect(body).toContain("| `harbour/gauge-0`<br>`harbour/tide-forecast-0` |");
    expect(body).toContain("delete pod gauge-0\n   kubectl --namespace harbour delete pod tide");
    const patches = [...body.matchAll(/patch pdb (\S+) .*--patch '(.*)'/g)];
    const back = (minAvailable: number) =>
      JSON.stringify({ spec: { minAvailable, maxUnavailable: null } });
    const loose = JSON.stringify({ spec: { minAvailable: null, maxUnavailable: 1 } });
    expect(patches.map(([, budget, patch]) => [budget, patch])).toEqual([
      ["gauge", loose],
      ["tide-forecast", loose],
      ["gauge", back(1)],
      ["tide-forecast", back(2)],
    ]);
  });

  test("stays in its issue when the first budget is mended, until it is proved", async () => {
    const { deps, issues } = setUp();
    await flagQuarantine(deps, "prod", sighting([both], false));
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatchObject({ state: "open" });
    // Whoever loosened it has to put it back.
    expect(issues[0]?.body).toContain("patch pdb gauge");
    await flagQuarantine(deps, "prod", sighting([], true));
    expect(issues).toMatchObject([{ state: "closed" }]);
  });

  test("keeps its issue when the second comes later, and its neighbours have their own", async () => {
    const { deps, issues } = setUp();
    await flagQuarantine(deps, "prod", sighting([blocked], false));
    expect(issues[0]?.title).toContain("pod disruption budget harbour/tide-forecast keeps");
    const neighbour = { ...blocked, node: "aks-apps-12345678-vmss000002", blockers: [gauge] };
    await flagQuarantine(deps, "prod", sighting([both, neighbour], false));
    expect(issues).toHaveLength(2);
    expect(issues[0]?.title).toContain("harbour/tide-forecast and harbour/gauge keep");
    expect(issues[1]?.title).toContain("pod disruption budget harbour/gauge keeps");
    expect(issues[1]?.body).toContain(neighbour.node);
    expect(issues[1]?.body).not.toContain(blocked.node);
  });

  const other: BlockedNode = { ...blocked, blockers: [gauge] };

  test("which two looks at once saw under a budget each is one issue from the start", async () => {
    const { deps, issues, store } = setUp();
    await Promise.all([
      flagQuarantine(deps, "prod", sighting([blocked], false)),
      flagQuarantine(deps, "prod", sighting([other], false)),
    ]);
    expect(issues).toMatchObject([{ state: "open" }]);
    await flagQuarantine(deps, "prod", sighting([other], false));
    await flagQuarantine(deps, "prod", sighting([], true));
    expect(issues).toMatchObject([{ state: "closed" }]);
    const records = (await readQuarantine(store, "prod")).map(({ value }) => value);
    expect(records.every((record) => isResolved(record) && isConfirmed(record))).toBe(true);
  });

  test("of which two issues tell all the same has one that stays open by the next look", async () => {
    const { deps, issues, comments, store } = setUp();
    // Each saw nothing of the other until it had opened its own.
    for (const node of [blocked, other]) {
      const alone = { ...deps, store: memoryStateStore() };
      await flagQuarantine(alone, "prod", sighting([node], false));
      const [row] = await readQuarantine(alone.store, "prod");
      await store.insert("quarantine:prod", row?.row ?? "", row?.value);
    }
    expect(issues).toMatchObject([{ state: "open" }, { state: "open" }]);
    for (let looks = 0; looks < 2; looks++)
      await flagQuarantine(deps, "prod", sighting([other], false));
    expect(issues.filter(({ state }) => state === "open")).toHaveLength(1);
    const closed = issues.find(({ state }) => state === "closed");
    expect(closed?.body).toContain("No node is left to this cause");
    expect(comments).toEqual(["Each of its nodes is told of in the issue of another cause."]);
    await flagQuarantine(deps, "prod", sighting([], true));
    expect(issues).toMatchObject([{ state: "closed" }, { state: "closed" }]);
    const records = (await readQuarantine(store, "prod")).map(({ value }) => value);
    expect(records.flatMap(({ nodes }) => nodes)).toHaveLength(1);
    expect(records.every((record) => isResolved(record) && isConfirmed(record))).toBe(true);
  });

  test("is not held by a budget that lets a pod go", async () => {
    const { deps, issues } = setUp();
    const loose = { ...(gauge.budget as BudgetView), disruptionsAllowed: 1 };
    const node = { ...both, blockers: [{ ...gauge, budget: loose }, ...blocked.blockers] };
    await flagQuarantine(deps, "prod", sighting([node], false));
    expect(issues).toHaveLength(1);
    expect(issues[0]?.body).not.toContain("gauge");
  });

  test("whose pod both select is told that no budget's numbers free it", async () => {
    const { deps, issues } = setUp();
    const loose = { ...(tide?.budget as BudgetView), disruptionsAllowed: 1 };
    const overlapping = [gauge.budget as BudgetView];
    const node = { ...blocked, blockers: [{ ...(tide as Blocker), budget: loose, overlapping }] };
    await flagQuarantine(deps, "prod", sighting([node], false));
    expect(issues).toHaveLength(1);
    expect(issues[0]?.title).toContain("harbour/tide-forecast and harbour/gauge keep");
    expect(issues[0]?.body).toContain("is never evicted: more than one budget selects it");
    expect(issues[0]?.body).toContain("kubectl delete pdb");
  });
});
