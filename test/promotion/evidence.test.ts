import { describe, expect, it } from "vitest";
import {
  firstGap,
  isComplete,
  judgeEvidence,
  soakedOnItsNodes,
  type EvidenceInput,
} from "../../shared/promotion/evidence.ts";
import type { MemberEvidence, Observed } from "../../shared/promotion/observe.ts";
import type { Verdict } from "../../shared/update-run/verify.ts";
import { member } from "../update-run/run-builder.ts";
import { HOUR, sourceRun, START } from "./source.ts";

const pass: Verdict = { outcome: "pass", reasons: [], nodesUpgraded: 4, provedPools: ["app"] };

function seen(more: Partial<MemberEvidence> = {}): MemberEvidence {
  return {
    stage: "all",
    member: member("quay-1", "Completed"),
    excused: false,
    skip: undefined,
    verdict: pass,
    quarantined: [],
    ...more,
  };
}

function input(more: Partial<EvidenceInput> = {}, observed: Partial<Observed> = {}): EvidenceInput {
  const provedAt = START + 2 * HOUR;
  return {
    candidate: {
      source: sourceRun(5, "202606.16.0", { from: 0, to: 2 }),
      plan: {
        nodeImages: {},
        kubernetesVersion: undefined,
        digest: undefined,
        notes: [],
        obstacle: undefined,
      },
      provedAt,
      soakedAt: provedAt + 72 * HOUR,
      movedOn: undefined,
    },
    observed: { members: [seen()], provenPools: 1, unprovenPools: [], skips: [], ...observed },
    captureProven: true,
    soakMilliseconds: 72 * HOUR,
    expedited: undefined,
    requiredChecks: [],
    checks: [],
    regionsBehind: [],
    now: START + 80 * HOUR,
    ...more,
  };
}

const gapOf = (one: EvidenceInput) => {
  const evidence = judgeEvidence(one);
  const gap = firstGap(evidence);
  expect(isComplete(evidence)).toBe(gap === undefined);
  return gap && `${gap.outcome} ${gap.name}`;
};

it("is complete when everything holds, and reads the same an hour later", () => {
  expect(gapOf(input())).toBeUndefined();
  expect(judgeEvidence(input({ now: START + 81 * HOUR }))).toEqual(judgeEvidence(input()));
});

describe("is not complete", () => {
  const unknown: Verdict = { ...pass, outcome: "unknown", reasons: ["the nodes cannot be seen"] };
  it.each<[string, EvidenceInput, string]>([
    [
      "nodes that cannot be seen",
      input({}, { members: [seen({ verdict: unknown })] }),
      "fail nodes",
    ],
    [
      "nodes that settle",
      input({}, { members: [seen({ verdict: { ...pass, outcome: "inconclusive" } })] }),
      "wait nodes",
    ],
    [
      "a quarantined node",
      input({}, { members: [seen({ quarantined: ["n1"] })] }),
      "fail quarantine",
    ],
    [
      "a member that failed",
      input({}, { members: [seen({ member: member("quay-1", "Failed") })] }),
      "fail run",
    ],
    [
      "members skipped by a person, all of them",
      input({}, { members: [seen({ excused: true, verdict: undefined })] }),
      "fail run",
    ],
    ["a snapshot that is missing", input({}, { unprovenPools: ["quay-1/app"] }), "wait snapshots"],
    ["a soak that goes on", input({ now: START + 60 * HOUR }), "wait soak"],
    ["a check that has not run", input({ requiredChecks: ["smoke"] }), "wait checks"],
    [
      "a check that failed",
      input({ requiredChecks: ["smoke"], checks: [{ name: "smoke", conclusion: "timed_out" }] }),
      "fail checks",
    ],
    ["an image that a region has not", input({ regionsBehind: ["a in b"] }), "wait regions"],
    [
      "a strategy that was edited since",
      input({
        candidate: {
          ...input().candidate,
          plan: { ...input().candidate.plan, obstacle: "edited" },
        },
      }),
      "fail strategy",
    ],
  ])("with %s", (_, one, gap) => {
    expect(gapOf(one)).toBe(gap);
  });
});

it("members skipped by a person are counted and told, not proved", () => {
  const members = [
    seen(),
    seen({ member: member("quay-2", "Skipped"), excused: true, verdict: undefined }),
  ];
  const [run, nodes] = judgeEvidence(input({}, { members }));
  expect(run?.detail).toContain("completed 1 member in 2 h; 1 skipped by a person");
  expect(nodes?.detail).toContain("4 nodes of 1 member");
});

describe("once the source moved on", () => {
  const { candidate } = input();
  const movedOn = { run: "dev-6-1a2b3c4d", at: START + 28 * HOUR };
  const moved = { ...candidate, movedOn };
  // Its nodes run the newer image, and would fail the older one's check.
  const members = [
    seen({ verdict: { ...pass, outcome: "fail", reasons: ["runs another image"] } }),
  ];

  it("the snapshots stand for what the nodes ran", () => {
    const one = input({ candidate: moved }, { members });
    expect(gapOf(one)).toBeUndefined();
    expect(judgeEvidence(one).find(({ name }) => name === "soak")?.detail).toContain(
      "soaked 3 d until 2026-07-13T02:00:00Z, 1 d 2 h of it on its own nodes",
    );
    expect(soakedOnItsNodes(one)).toBe(false);
    expect(soakedOnItsNodes(input())).toBe(true);
  });

  it("and without them it stays unproved", () => {
    const one = input(
      { candidate: moved, captureProven: false },
      { members, unprovenPools: ["quay-1/app"] },
    );
    expect(gapOf(one)).toBe("fail nodes");
  });
});

it("a shortened soak names who and why", () => {
  const { candidate } = input();
  const one = input({
    candidate: { ...candidate, soakedAt: candidate.provedAt },
    expedited: "CVE in runc (harbour-master)",
    now: START + 3 * HOUR,
  });
  expect(gapOf(one)).toBeUndefined();
  expect(judgeEvidence(one).find(({ name }) => name === "soak")?.detail).toContain(
    "the soak of 3 d was shortened: CVE in runc (harbour-master)",
  );
});
