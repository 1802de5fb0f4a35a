import { expect, test } from "vitest";
import { populate } from "../../emulator/populate.ts";
import { parseScenario, ScenarioError } from "../../emulator/scenario.ts";
import { createWorld } from "../../shared/simulator/world.ts";

const GOOD = `
images: [{region: westeurope, version: AKSUbuntu-2204gen2containerd-202606.16.0}]
clusters:
  - name: quay
    resourceGroup: harbour
    location: westeurope
    pools: [{name: system, upgradeSettings: {maxSurge: 2}}]
fleets:
  - {name: port, resourceGroup: harbour, location: westeurope, members: [{name: m, cluster: quay}]}
`;

test("a scenario is read from YAML; numbers become the texts that Azure sends", () => {
  const { clusters } = parseScenario(GOOD, "scenario.yaml");
  expect(clusters?.[0]?.pools[0]?.upgradeSettings?.maxSurge).toBe("2");
});

test("what runs in a cluster is ready at its start, the pods of a StatefulSet too", () => {
  const workloads = `
    workloads:
      - {name: api, replicas: 2}
      - {name: db, kind: StatefulSet, replicas: 3}
      - {name: agent, kind: DaemonSet}
fleets:`;
  const world = createWorld({ seed: 1, start: 0 });
  populate(
    world,
    parseScenario(GOOD.replace("\nfleets:", workloads).replace("2204", "2404"), "s.yaml"),
    "1111",
  );
  const pods = [...world.clusters.values()].flatMap((cluster) => [...cluster.pods.values()]);
  const names = pods.filter(({ ready }) => ready).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["db-0", "db-1", "db-2"]));
  expect(names).toHaveLength(2 + 3 + 3);
});

const BAD = [
  {
    name: "a syntax error",
    text: "images: [",
    problem: /^s\.yaml: .*line 1/,
  },
  {
    name: "an unknown field",
    text: GOOD.replace("location: westeurope\n", "location: westeurope\n    colour: blue\n"),
    problem: /^s\.yaml: clusters\[0\]: .*colour/,
  },
  {
    name: "a wrong type",
    text: GOOD.replace("{name: system,", "{name: system, count: many,"),
    problem: /^s\.yaml: clusters\[0\]\.pools\[0\]\.count: /,
  },
  {
    name: "a member of no cluster",
    text: GOOD.replace("cluster: quay", "cluster: quai"),
    problem: /^s\.yaml: fleets\[0\]\.members\[0\]\.cluster: there is no cluster quai/,
  },
  {
    name: "an identity that nobody is",
    text: `${GOOD}msi: ghost\n`,
    problem: /^s\.yaml: msi: there is no principal ghost/,
  },
];

test.each(BAD)("$name is told with file and field", ({ text, problem }) => {
  const read = (): unknown => parseScenario(text, "s.yaml");
  expect(read).toThrow(ScenarioError);
  expect(read).toThrow(problem);
});
