import { describe, expect, test } from "vitest";
import { formatAge } from "../../emulator/kubernetes/age.ts";
import { adminToken } from "../../emulator/kubernetes/admin-token.ts";
import { applyJsonPatch } from "../../emulator/kubernetes/json-patch.ts";
import { parseLabelSelector } from "../../emulator/kubernetes/label-selector.ts";
import { applyMergePatch } from "../../emulator/kubernetes/merge-patch.ts";
import { parseProtobuf } from "../../emulator/kubernetes/protobuf.ts";
import { parseClusterPath, parseResourcePath } from "../../emulator/kubernetes/request-path.ts";
import { applyStrategicMergePatch } from "../../emulator/kubernetes/strategic-merge-patch.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../shared/core/duration.ts";

describe("ages are written as kubectl writes them", () => {
  test.each([
    [0, "0s"],
    [119 * SECOND, "119s"],
    [2 * MINUTE, "2m"],
    [562 * SECOND, "9m22s"],
    [17 * MINUTE + 5 * SECOND, "17m"],
    [5 * HOUR + 12 * MINUTE, "5h12m"],
    [30 * HOUR, "30h"],
    [4 * DAY + 6 * HOUR, "4d6h"],
    [40 * DAY, "40d"],
    [800 * DAY, "2y70d"],
    [9 * 365 * DAY, "9y"],
    [-5 * SECOND, "<invalid>"],
  ])("%d ms is %s", (milliseconds, text) => {
    expect(formatAge(milliseconds)).toBe(text);
  });
});

describe("label selectors", () => {
  const labels = { app: "crane", tier: "back", "a.b/c": "" };
  test.each([
    ["", true],
    ["app=crane", true],
    ["app == crane , tier=back", true],
    ["app!=crane", false],
    ["other!=crane", true],
    ["app in (crane, tug)", true],
    ["app in (tug)", false],
    ["app notin (tug),tier", true],
    ["other notin (tug)", true],
    ["other in ()", false],
    ["!other", true],
    ["!app", false],
    ["a.b/c", true],
    ["a.b/c=", true],
  ])("%s selects: %s", (selector, selected) => {
    expect(parseLabelSelector(selector)(labels)).toBe(selected);
  });

  test.each(["a b", "a in b", "=a", "a,,b", "a=b=c", "a in (b"])("%s is refused", (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow("unable to parse requirement");
  });
});

describe("patches", () => {
  test.each([
    { name: "replaces and adds", target: { a: 1 }, patch: { a: 2, b: 3 }, result: { a: 2, b: 3 } },
    {
      name: "removes by null",
      target: { a: 1, b: { c: 2 } },
      patch: { b: { c: null } },
      result: { a: 1, b: {} },
    },
    { name: "replaces lists", target: { a: [1, 2] }, patch: { a: [3] }, result: { a: [3] } },
    {
      name: "makes maps",
      target: { a: 1 },
      patch: { a: { b: { c: 1 } } },
      result: { a: { b: { c: 1 } } },
    },
  ])("a merge patch $name", ({ target, patch, result }) => {
    expect(applyMergePatch(target, patch)).toEqual(result);
  });

  test.each([
    {
      name: "merges lists by their key",
      target: { containers: [{ name: "a", image: "1" }, { name: "b" }] },
      patch: { containers: [{ name: "a", image: "2" }, { name: "c" }] },
      result: { containers: [{ name: "a", image: "2" }, { name: "b" }, { name: "c" }] },
    },
    {
      name: "deletes a member",
      target: { containers: [{ name: "a" }, { name: "b" }] },
      patch: { containers: [{ name: "a", $patch: "delete" }] },
      result: { containers: [{ name: "b" }] },
    },
    {
      name: "replaces a list on demand",
      target: { containers: [{ name: "a" }] },
      patch: { containers: [{ $patch: "replace" }, { name: "b" }] },
      result: { containers: [{ name: "b" }] },
    },
    {
      name: "replaces lists without a key, as taints are",
      target: { spec: { taints: [{ key: "a" }] } },
      patch: { spec: { taints: [{ key: "b" }] } },
      result: { spec: { taints: [{ key: "b" }] } },
    },
    {
      name: "replaces a budget's selector",
      target: { kind: "PodDisruptionBudget", spec: { selector: { matchLabels: { a: "1" } } } },
      patch: { spec: { selector: { matchLabels: { b: "2" } } } },
      result: { kind: "PodDisruptionBudget", spec: { selector: { matchLabels: { b: "2" } } } },
    },
    {
      name: "merges a service's selector, and its ports by their number",
      target: {
        kind: "Service",
        spec: { selector: { app: "a", slot: "blue" }, ports: [{ port: 80, targetPort: 1 }] },
      },
      patch: { spec: { selector: { slot: "green" }, ports: [{ port: 80, targetPort: 2 }] } },
      result: {
        kind: "Service",
        spec: { selector: { app: "a", slot: "green" }, ports: [{ port: 80, targetPort: 2 }] },
      },
    },
    {
      name: "follows the other directives",
      target: {
        finalizers: ["a", "b"],
        strategy: { type: "X", rollingUpdate: {} },
        gone: { a: 1 },
      },
      patch: {
        "$deleteFromPrimitiveList/finalizers": ["a"],
        "$setElementOrder/finalizers": ["b"],
        strategy: { $retainKeys: ["type"], type: "Recreate" },
        gone: { $patch: "replace", b: 2 },
      },
      result: { finalizers: ["b"], strategy: { type: "Recreate" }, gone: { b: 2 } },
    },
    {
      name: "removes by null",
      target: { spec: { unschedulable: true, a: 1 } },
      patch: { spec: { unschedulable: null } },
      result: { spec: { a: 1 } },
    },
  ])("a strategic merge patch $name", ({ target, patch, result }) => {
    expect(applyStrategicMergePatch(target, patch)).toEqual(result);
  });

  test.each([
    {
      name: "adds",
      patch: [{ op: "add", path: "/a/c", value: 2 }],
      result: { a: { b: 1, c: 2 }, l: [1, 2] },
    },
    {
      name: "unescapes",
      patch: [{ op: "add", path: "/a/x~1y~0z", value: 2 }],
      result: { a: { b: 1, "x/y~z": 2 }, l: [1, 2] },
    },
    {
      name: "inserts and appends",
      patch: [
        { op: "add", path: "/l/1", value: 9 },
        { op: "add", path: "/l/-", value: 8 },
      ],
      result: { a: { b: 1 }, l: [1, 9, 2, 8] },
    },
    {
      name: "removes",
      patch: [
        { op: "remove", path: "/l/0" },
        { op: "remove", path: "/a/b" },
      ],
      result: { a: {}, l: [2] },
    },
    {
      name: "replaces",
      patch: [{ op: "replace", path: "/a/b", value: 5 }],
      result: { a: { b: 5 }, l: [1, 2] },
    },
    {
      name: "replaces in a list",
      patch: [{ op: "replace", path: "/l/0", value: 5 }],
      result: { a: { b: 1 }, l: [5, 2] },
    },
    {
      name: "moves",
      patch: [{ op: "move", from: "/a/b", path: "/c" }],
      result: { a: {}, l: [1, 2], c: 1 },
    },
    {
      name: "copies",
      patch: [{ op: "copy", from: "/a", path: "/c" }],
      result: { a: { b: 1 }, l: [1, 2], c: { b: 1 } },
    },
    {
      name: "tests",
      patch: [{ op: "test", path: "/a", value: { b: 1 } }],
      result: { a: { b: 1 }, l: [1, 2] },
    },
  ])("a JSON patch $name", ({ patch, result }) => {
    const target = { a: { b: 1 }, l: [1, 2] };
    expect(applyJsonPatch(target, patch)).toEqual(result);
    expect(target).toEqual({ a: { b: 1 }, l: [1, 2] });
  });

  test.each([
    { name: "a failed test", patch: [{ op: "test", path: "/a", value: 2 }], code: 422 },
    { name: "a missing path", patch: [{ op: "remove", path: "/x/y" }], code: 422 },
    { name: "an index out of range", patch: [{ op: "add", path: "/l/7", value: 1 }], code: 422 },
    {
      name: "a path through a number",
      patch: [{ op: "add", path: "/a/b/c", value: 1 }],
      code: 422,
    },
    {
      name: "an inherited name",
      patch: [{ op: "replace", path: "/toString", value: 1 }],
      code: 422,
    },
    { name: "an unknown operation", patch: [{ op: "bless", path: "/a" }], code: 400 },
    { name: "no list", patch: { op: "add" }, code: 400 },
    { name: "no operation", patch: [7], code: 400 },
  ])("a JSON patch with $name is refused with $code", ({ patch, code }) => {
    expect(() => applyJsonPatch({ a: 1, l: [] }, patch)).toThrow(expect.objectContaining({ code }));
  });
});

describe("protobuf", () => {
  const field = (number: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));
  const number = (tag: number, value: number): Buffer => Buffer.from([tag * 8, value]);

  function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
    const typeMeta = Buffer.concat([text(1, apiVersion), text(2, kind)]);
    return Buffer.concat([Buffer.from("k8s\0"), field(1, typeMeta), field(2, raw)]);
  }

  test("a budget is read field by field; unknown fields are skipped", () => {
    const labels = field(1, Buffer.concat([text(1, "app"), text(2, "crane")]));
    const maxUnavailable = Buffer.concat([number(1, 1), text(3, "25%")]);
    const minAvailable = Buffer.concat([number(1, 0), number(2, 3)]);
    const spec = Buffer.concat([
      field(1, minAvailable),
      field(2, labels),
      field(3, maxUnavailable),
    ]);
    const metadata = Buffer.concat([text(1, "crane"), text(3, "dock"), number(15, 1)]);
    const raw = Buffer.concat([field(1, metadata), field(2, spec), text(9, "unknown")]);
    expect(parseProtobuf(envelope("policy/v1", "PodDisruptionBudget", raw))).toEqual({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "crane", namespace: "dock" },
      spec: {
        minAvailable: 3,
        maxUnavailable: "25%",
        selector: { matchLabels: { app: "crane" } },
      },
    });
  });

  test("an eviction carries its options", () => {
    const options = Buffer.concat([number(1, 30), text(5, "All"), text(5, "All")]);
    const raw = Buffer.concat([field(1, text(1, "pod-1")), field(2, options)]);
    expect(parseProtobuf(envelope("policy/v1", "Eviction", raw))).toMatchObject({
      metadata: { name: "pod-1" },
      deleteOptions: { gracePeriodSeconds: 30, dryRun: ["All", "All"] },
    });
  });

  test.each([
    { name: "an unknown kind", body: envelope("v1", "Binding", Buffer.alloc(0)) },
    { name: "a cut message", body: envelope("policy/v1", "Eviction", Buffer.from([10, 9, 1])) },
    { name: "an endless number", body: envelope("policy/v1", "Eviction", Buffer.alloc(20, 0xff)) },
    { name: "an unknown wire type", body: envelope("policy/v1", "Eviction", Buffer.from([15])) },
    { name: "no envelope", body: Buffer.from("k8s\0") },
    { name: "nothing", body: Buffer.alloc(0) },
  ])("$name is a bad request", ({ body }) => {
    expect(() => parseProtobuf(body)).toThrow(expect.objectContaining({ code: 400 }));
  });
});

describe("paths", () => {
  test("a cluster is found by the lower-cased ARM id", () => {
    expect(parseClusterPath("/clusters/S1/Harbour/Quay/api/v1/")).toEqual({
      clusterKey:
        "/subscriptions/s1/resourcegroups/harbour/providers/microsoft.containerservice/managedclusters/quay",
      server: "/clusters/S1/Harbour/Quay",
      path: "/api/v1",
    });
    expect(parseClusterPath("/clusters/s1/harbour")).toBeUndefined();
    expect(parseClusterPath("/subscriptions/s1")).toBeUndefined();
  });

  test.each([
    { path: "/api/v1/nodes", parts: ["", "v1", "nodes"] },
    { path: "/api/v1/nodes/a", parts: ["", "v1", "nodes", undefined, "a"] },
    { path: "/api/v1/namespaces/dock", parts: ["", "v1", "namespaces", undefined, "dock"] },
    { path: "/api/v1/namespaces/dock/pods", parts: ["", "v1", "pods", "dock"] },
    {
      path: "/api/v1/namespaces/dock/pods/p/eviction",
      parts: ["", "v1", "pods", "dock", "p", "eviction"],
    },
    { path: "/apis/apps/v1/deployments", parts: ["apps", "v1", "deployments"] },
  ])("$path is taken apart", ({ path, parts }) => {
    const [group, version, plural, namespace, name, subresource] = parts;
    const parsed = parseResourcePath(path);
    expect(parsed).toEqual({ group, version, plural, namespace, name, subresource });
  });

  test.each(["/api/v1", "/apis", "/version", "/api/v1/nodes/a/b/c"])("%s is no object", (path) => {
    expect(parseResourcePath(path)).toBeUndefined();
  });
});

test("an administrator's token is the cluster's and the emulator's own", () => {
  const environment = { tenant: "t", caPem: "pem" };
  const id = "/subscriptions/S/resourceGroups/G/providers/P/managedClusters/quay";
  const token = adminToken(environment, id);
  expect(adminToken(environment, id.toLowerCase())).toBe(token);
  expect(adminToken(environment, `${id}2`)).not.toBe(token);
  expect(adminToken({ ...environment, caPem: "other" }, id)).not.toBe(token);
});
