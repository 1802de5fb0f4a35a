import { expect, it } from "vitest";
import { judgeEvidence } from "../../shared/promotion/evidence.ts";
import type { MemberEvidence, Observed } from "../../shared/promotion/observe.ts";
import { planPromotion } from "../../shared/promotion/plan-promotion.ts";
import { releaseNotesUrl } from "../../shared/promotion/release-notes.ts";
import { renderPromotion } from "../../shared/promotion/render-promotion.ts";
import { skipOf, type SkipRecord } from "../../shared/update-run/skip-record.ts";
import { member } from "../update-run/run-builder.ts";
import { declared, HOUR, pinned, sourceRun, START } from "./source.ts";

function promotionOf(
  members: readonly MemberEvidence[],
  more: Pick<Observed, "skips"> = { skips: [] },
) {
  const source = sourceRun(5, "202607.09.0", { from: 0, to: 2 });
  const target = declared("prod", pinned("202606.16.0"));
  const candidate = {
    source,
    plan: planPromotion({ source, target, families: undefined }),
    provedAt: START + 2 * HOUR,
    soakedAt: START + 2 * HOUR,
    movedOn: undefined,
  };
  const observed = { members, provenPools: members.length, unprovenPools: [], ...more };
  const evidence = judgeEvidence({
    candidate,
    observed,
    captureProven: true,
    soakMilliseconds: 0,
    expedited: undefined,
    requiredChecks: [],
    checks: [],
    regionsBehind: [],
    now: START + 3 * HOUR,
  });
  return renderPromotion({
    candidate,
    observed,
    evidence,
    soakedOnItsNodes: true,
    source: "dev",
    target: target.release,
  });
}

const seen = (name: string, more: Partial<MemberEvidence> = {}): MemberEvidence => ({
  stage: "all",
  member: member(name, "Completed"),
  excused: false,
  skip: undefined,
  verdict: { outcome: "pass", reasons: [], nodesUpgraded: 30, provedPools: ["app"] },
  quarantined: [],
  ...more,
});

it("fits GitHub with 1,000 members of long names, and says what it left out", () => {
  const members = Array.from({ length: 1_000 }, (_, index) => seen(`${"m".repeat(45)}-${index}`));
  const { body } = promotionOf(members);
  expect(body.length).toBeLessThanOrEqual(65_536);
  expect(body).toContain("| ✅ | nodes | 30000 nodes of 1000 members");
  expect(body).toContain("Release notes");
  expect(body).toMatch(/\d+ more members: see the update run\.\n\n<\/details>\n$/);
  const shown = body.match(/^\| `m+-\d+`/gm)?.length ?? 0;
  expect(shown).toBeGreaterThan(500);
  expect(body).toContain(`${1_000 - shown} more members`);
  expect(promotionOf(members.slice(0, 3)).body).not.toContain("more member");
});

it("names who was skipped, in words that Azure gave and that break no page", () => {
  const message = "Skipped by request <b>of the pilot</b>";
  const skipped = seen("quay-9", {
    member: member("quay-9", "Skipped", { message }),
    excused: true,
    verdict: undefined,
  });
  const { body } = promotionOf([seen("quay-1"), skipped]);
  expect(body).toContain("- `quay-9` (all): Skipped by request &lt;b&gt;of the pilot&lt;/b&gt;");
  expect(body).toContain("(who and why, where it is not told: [activity log](https://portal.");
  expect(promotionOf([skipped], { skips: undefined }).body).toContain(
    "the token may not read checks",
  );
});

it("says who skipped what and why, as it was recorded, waits too", () => {
  const skip: SkipRecord = {
    by: "ada",
    reason: "in dry dock\n<until> Monday",
    targets: [
      { type: "Group", name: "blue" },
      { type: "AfterStageWait", name: "canary" },
    ],
    at: "2026-07-10T01:00:00Z",
  };
  const place = { stage: "rest", group: "blue", member: "quay-9" };
  expect(skipOf([skip], place)).toBe(skip);
  expect(skipOf([skip], { ...place, group: "green" })).toBeUndefined();
  const skipped = seen("quay-9", {
    member: member("quay-9", "Skipped"),
    excused: true,
    skip,
    verdict: undefined,
  });
  const { body } = promotionOf([seen("quay-1"), skipped], { skips: [skip] });
  const word = "skipped by ada 2026-07-10T01:00:00Z: in dry dock &lt;until&gt; Monday";
  expect(body).toContain(`1 member skipped, and so not proved:\n- \`quay-9\` (all): ${word}\n`);
  expect(body).toContain(`- the wait after canary: ${word}`);
  expect(body).toContain("| `quay-9` | all | Skipped by ada |");
  expect(body).not.toContain("/eventlogs");
});

it("links the notes of each image where AKS publishes them", () => {
  const base = "https://github.com/Azure/AKS/blob/master/vhd-notes";
  for (const [image, path] of [
    ["AKSUbuntu-2404gen2containerd-202607.09.0", "aks-ubuntu/AKSUbuntu-2404/202607.09.0.txt"],
    ["AKSAzureLinux-V3gen2-202607.09.0", "AzureLinux/202607.09.0.txt"],
    ["AKSWindows-2022-containerd-20348.3207.260714", "AKSWindows/2022/20348.3207.260714.txt"],
  ]) {
    expect(releaseNotesUrl(image ?? "")).toBe(`${base}/${path}`);
  }
  expect(releaseNotesUrl("Other-1.0")).toMatch(/vhd-notes$/);
});
