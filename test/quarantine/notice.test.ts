import { expect, test } from "vitest";
import { quarantineNotices } from "../../shared/quarantine/notice.ts";
import type { QuarantinedNode, QuarantineRecord } from "../../shared/quarantine/record.ts";

function node(name: string, since: string, resolvedAt?: string): QuarantinedNode {
  return {
    cluster: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/${name}`,
    nodePool: "workers",
    node: `aks-workers-${name}`,
    pod: "shop/cart-0",
    owner: undefined,
    pdb: "shop/cart",
    disruptionsAllowed: 0,
    healthyPods: 1,
    requiredPods: 1,
    since: `2026-07-10T${since}:00Z`,
    ...(resolvedAt === undefined ? {} : { resolvedAt: `2026-07-10T${resolvedAt}:00Z` }),
  };
}

function record(...nodes: QuarantinedNode[]): QuarantineRecord {
  const issueUrl = "https://github.example/i/7";
  return { environment: "dev", cause: "pdb:shop/cart", nodes, issue: 7, issueUrl };
}

test("a quarantined node is told with its cause and its issue", () => {
  expect(quarantineNotices(record(node("1", "09:00")))).toMatchObject([
    {
      text: "node aks-workers-1 is quarantined (pdb:shop/cart): https://github.example/i/7",
      at: "2026-07-10T09:00:00Z",
      link: "https://github.example/i/7",
    },
  ]);
});

test("nothing is told before the issue exists, nor of nodes that are proved again", () => {
  const { issue: _issue, ...unconfirmed } = record(node("1", "09:00"));
  expect(quarantineNotices(unconfirmed)).toEqual([]);
  expect(quarantineNotices(record(node("1", "09:00", "10:00")))).toEqual([]);
});

test("nodes that join, and nodes that are freed while others are held, are no news", () => {
  const episode = [
    record(node("1", "09:00")),
    record(node("1", "09:00"), node("2", "09:30")),
    record(node("1", "09:00", "10:00"), node("2", "09:30")),
    record(node("1", "09:00", "10:00"), node("2", "09:30", "11:00"), node("3", "10:30")),
  ].map((one) => quarantineNotices(one)[0]?.key);
  expect(new Set(episode).size).toBe(1);
});

test("a cause that holds nodes again after all were proved is news", () => {
  const [first] = quarantineNotices(record(node("1", "09:00")));
  const [again] = quarantineNotices(record(node("1", "09:00", "10:00"), node("1", "12:00")));
  expect(again?.key).not.toBe(first?.key);
});
