import fc from "fast-check";
import { expect, test } from "vitest";
import type { Cluster, WorkloadSpec, World } from "../../shared/simulator/model.ts";
import { createWorld } from "../../shared/simulator/world.ts";

const IMAGE = "AKSUbuntu-2204gen2containerd-202606.01.0";
const RUNS = 150;

function worldWith(workload: WorkloadSpec): { world: World; cluster: Cluster } {
  const world = createWorld({ seed: 3, start: 0 });
  world.images.release("westeurope", IMAGE);
  const cluster = world.addCluster({
    id: "/clusters/one",
    name: "one",
    region: "westeurope",
    kubernetesVersion: "1.33.5",
    ready: true,
    pools: [
      {
        name: "workers",
        mode: "System",
        osType: "Linux",
        osSku: "Ubuntu",
        vmSize: "Standard_D4ds_v5",
        count: 3,
        kubernetesVersion: "1.33.5",
        nodeImageVersion: IMAGE,
      },
    ],
    workloads: [workload],
  });
  return { world, cluster };
}

function spec(kind: WorkloadSpec["kind"], parts: Partial<WorkloadSpec>): WorkloadSpec {
  return { kind, namespace: "default", name: "app", replicas: 1, labels: { app: "app" }, ...parts };
}

function live(cluster: Cluster): { all: number; ready: number } {
  const pods = [...cluster.pods.values()].filter(({ phase }) => phase !== "Terminating");
  return { all: pods.length, ready: pods.filter(({ ready }) => ready).length };
}

/** Lets everything happen, one instant after another. */
function settle(world: World, look: () => void = () => undefined): void {
  for (let next = world.nextAt(); next !== undefined; next = world.nextAt()) {
    world.advanceTo(next);
    look();
  }
}

const amount = fc.oneof(
  fc.integer({ min: 0, max: 4 }).map(String),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);

test("a Deployment's rollout stays between its surge and its unavailable pods, and ends", () => {
  fc.assert(
    fc.property(
      fc.record({
        replicas: fc.integer({ min: 0, max: 12 }),
        maxSurge: amount,
        maxUnavailable: amount,
        templates: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
        pause: fc.integer({ min: 0, max: 12_000 }),
      }),
      ({ replicas, maxSurge, maxUnavailable, templates, pause }) => {
        const replacement = { type: "RollingUpdate", maxSurge, maxUnavailable } as const;
        const put = (version: number): WorkloadSpec =>
          spec("Deployment", { replicas, replacement, template: { version } });
        const { world, cluster } = worldWith(put(0));
        const surge = share(maxSurge, replicas, Math.ceil);
        const unavailable = share(maxUnavailable, replicas, Math.floor);
        const spare = surge === 0 && unavailable === 0 ? 1 : unavailable;
        const look = (): void => {
          const { all, ready } = live(cluster);
          expect(all).toBeLessThanOrEqual(replicas + surge);
          expect(ready).toBeGreaterThanOrEqual(replicas - spare);
        };
        for (const version of templates) {
          cluster.putWorkload(put(version));
          look();
          world.advanceTo(world.now + pause);
        }
        settle(world, look);
        expect(live(cluster)).toEqual({ all: replicas, ready: replicas });
        const last = { version: templates.at(-1) };
        for (const pod of cluster.pods.values()) expect(pod.revision.template).toEqual(last);
      },
    ),
    { numRuns: RUNS },
  );
});

function share(text: string, total: number, round: (value: number) => number): number {
  return text.endsWith("%") ? round((Number.parseInt(text) * total) / 100) : Number(text);
}

test("pods that are evicted and nodes that go in the middle of a rollout do not keep it from ending", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          what: fc.constantFrom("evict", "cordon", "uncordon", "scale", "remove"),
          which: fc.nat({ max: 20 }),
          after: fc.integer({ min: 0, max: 6_000 }),
        }),
        { maxLength: 12 },
      ),
      (disturbances) => {
        let replicas = 5;
        const put = (version: number): WorkloadSpec =>
          spec("Deployment", { replicas, template: { version } });
        const { world, cluster } = worldWith(put(0));
        cluster.putWorkload(put(1));
        for (const { what, which, after } of disturbances) {
          world.advanceTo(world.now + after);
          const pods = [...cluster.pods.values()];
          const nodes = [...cluster.nodes.keys()];
          const pod = pods[which % Math.max(1, pods.length)];
          const node = nodes[which % Math.max(1, nodes.length)];
          if (what === "evict" && pod) cluster.evict(pod.namespace, pod.name);
          if (what === "cordon" && node) cluster.patchNode(node, { unschedulable: true });
          if (what === "uncordon" && node) cluster.patchNode(node, { unschedulable: false });
          if (what === "remove" && node && nodes.length > 1) cluster.deleteNode(node);
          if (what === "scale") {
            replicas = which % 8;
            cluster.putWorkload(put(1));
          }
        }
        for (const node of cluster.nodes.keys()) cluster.patchNode(node, { unschedulable: false });
        settle(world);
        expect(live(cluster)).toEqual({ all: replicas, ready: replicas });
        for (const pod of cluster.pods.values()) {
          expect(pod.revision.template).toEqual({ version: 1 });
        }
      },
    ),
    { numRuns: RUNS },
  );
});

test("a StatefulSet keeps one pod per number whatever happens to them", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          what: fc.constantFrom("evict", "template", "scale"),
          which: fc.nat({ max: 20 }),
          after: fc.integer({ min: 0, max: 6_000 }),
        }),
        { maxLength: 12 },
      ),
      fc.boolean(),
      (disturbances, parallel) => {
        let replicas = 3;
        let version = 0;
        const put = (): WorkloadSpec =>
          spec("StatefulSet", {
            replicas,
            template: { version },
            replacement: { type: "RollingUpdate", parallel },
          });
        const { world, cluster } = worldWith(put());
        expect(live(cluster)).toEqual({ all: 3, ready: 3 });
        const names = (): string[] => [...cluster.pods.values()].map(({ name }) => name);
        const look = (): void => expect(new Set(names()).size).toBe(names().length);
        for (const { what, which, after } of disturbances) {
          world.advanceTo(world.now + after);
          const pods = [...cluster.pods.values()];
          const pod = pods[which % Math.max(1, pods.length)];
          if (what === "evict" && pod) cluster.evict(pod.namespace, pod.name);
          if (what === "scale") replicas = which % 5;
          if (what === "template") version = which;
          if (what !== "evict") cluster.putWorkload(put());
          look();
        }
        settle(world, look);
        expect(names().toSorted()).toEqual(
          Array.from({ length: replicas }, (_, ordinal) => `app-${ordinal}`),
        );
        for (const pod of cluster.pods.values()) {
          expect(pod).toMatchObject({ ready: true, revision: { template: { version } } });
        }
      },
    ),
    { numRuns: RUNS },
  );
});

test("an upgrade drains pods of every kind, and takes a rollout along that is under way", () => {
  const { world, cluster } = worldWith(
    spec("Deployment", { replicas: 4, template: { version: 1 } }),
  );
  const others = [
    spec("StatefulSet", { name: "db", replicas: 3 }),
    spec("DaemonSet", { name: "agent" }),
    spec("Pod", { name: "bare" }),
  ];
  for (const other of others) cluster.putWorkload(other);
  settle(world);
  cluster.putWorkload(spec("Deployment", { replicas: 4, template: { version: 2 } }));
  const newer = IMAGE.replace("202606", "202607");
  world.images.release("westeurope", newer);
  const operation = cluster.upgradeNodeImage("workers", newer);
  settle(world);
  expect(operation.status).toBe("Succeeded");
  const pods = [...cluster.pods.values()];
  expect(pods.every(({ ready }) => ready)).toBe(true);
  const names = pods.map(({ name }) => name).filter((name) => /^(db|bare)/.test(name));
  // Nobody makes a pod of its own again.
  expect(names.toSorted()).toEqual(["db-0", "db-1", "db-2"]);
  const app = pods.filter(({ workload }) => workload === "Deployment/default/app");
  expect(app.map(({ revision }) => revision.template)).toEqual(
    Array.from({ length: 4 }, () => ({ version: 2 })),
  );
});
