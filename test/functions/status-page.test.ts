import { describe, expect, test } from "vitest";
import { PAGE_HEADERS, renderPage, wantsPage } from "../../functions/status-page/page.ts";
import {
  environment,
  largeStatus,
  member,
  quarantined,
  run,
  stage,
  statusOf,
} from "./sample-status.ts";

const HOSTILE = `"'><img src=x onerror=alert(1)></script><script>alert(2)</script>&amp;`;
const ESCAPED =
  "&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&lt;/script&gt;&lt;script&gt;alert(2)&lt;/script&gt;&amp;amp;";

/** Every text of the document is hostile. */
function hostilePage(): string {
  const hostileStage = stage(HOSTILE, {
    wait: {
      state: "Completed",
      startTime: HOSTILE,
      completedTime: HOSTILE,
      durationSeconds: 60,
      endsAt: HOSTILE,
    },
    gates: [
      {
        displayName: HOSTILE,
        state: "Pending",
        startTime: "2026-07-10T11:00:00Z",
        completedTime: undefined,
        timing: "after",
        group: HOSTILE,
        approvedAt: undefined,
        approvedBy: undefined,
        reason: HOSTILE,
      },
    ],
    members: [member(HOSTILE, { group: HOSTILE, why: HOSTILE })],
  });
  const decision = { at: HOSTILE, about: HOSTILE, verdict: HOSTILE, reason: HOSTILE };
  const hostileRun = run([hostileStage], {
    name: HOSTILE,
    commit: HOSTILE,
    error: HOSTILE,
    decisions: [decision],
  });
  return renderPage({
    ...statusOf([
      environment({
        name: HOSTILE,
        fleet: HOSTILE,
        nodeImages: { [HOSTILE]: HOSTILE },
        runs: [hostileRun, run([], { name: HOSTILE, state: "Completed" })],
        quarantined: [
          quarantined({
            node: HOSTILE,
            pod: HOSTILE,
            pdb: HOSTILE,
            issueUrl: "javascript:alert(3)",
          }),
          quarantined({ node: HOSTILE, cluster: HOSTILE, issueUrl: `https://x/${HOSTILE}` }),
        ],
      }),
    ]),
    nodeImages: [{ region: HOSTILE, nodeImageVersion: `${HOSTILE}-1`, noticedAt: HOSTILE }],
  });
}

describe("text from Azure, Kubernetes and GitHub", () => {
  test("is shown as text, wherever it stands", () => {
    const page = hostilePage();
    expect(page).not.toContain("<img");
    expect(page.match(/<script>/g)).toHaveLength(1);
    expect(page.split(ESCAPED).length).toBeGreaterThan(20);
  });

  test("links nowhere but to a web page", () => {
    const links = [...hostilePage().matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
    expect(links.some((href) => href?.startsWith("javascript:"))).toBe(false);
    expect(links).toContain(`https://x/${ESCAPED}`);
  });
});

describe("the page", () => {
  test("says what runs, what waits and why, and what was decided", () => {
    const stages = [
      stage("stage1", {
        wait: {
          state: "Completed",
          startTime: "2026-07-10T10:00:00Z",
          completedTime: "2026-07-10T11:00:00Z",
          durationSeconds: 3600,
          endsAt: "2026-07-10T11:00:00Z",
        },
        members: [member("quay-1")],
      }),
      stage("stage2", {
        state: "Running",
        completedTime: undefined,
        members: [
          member("quay-2", { state: "Failed", why: "failed: a node could not be drained" }),
        ],
      }),
    ];
    const decisions = [
      {
        at: "2026-07-10T11:00:00Z",
        about: 'gate "verified" of stage1',
        verdict: "approved",
        reason: "quay-1: 3 nodes",
      },
    ];
    const page = renderPage(
      statusOf([environment({ runs: [run(stages, { decisions })], quarantined: [quarantined()] })]),
    );
    for (const text of [
      "Run prod-2-1a2b3c4d is Running in stage2: 1 of 2 members done, 1 failed; 1 quarantined node.",
      "generation 2",
      "<dt>AKSUbuntu-2204gen2containerd</dt>",
      "Wait of 1 h after the stage",
      "failed: a node could not be drained",
      "pod shop/cart-0, budget shop/cart",
      '<a href="https://github.example/octo-org/harbour/issues/7"',
      "quay-1: 3 nodes",
      'class="bar wait Completed"',
    ]) {
      expect(page).toContain(text);
    }
  });

  test("shows the newest image of each family, and which region is behind", () => {
    const family = "AKSUbuntu-2204gen2containerd";
    const image = (region: string, version: string) => ({
      region,
      nodeImageVersion: `${family}-${version}`,
      noticedAt: "2026-07-09T08:00:00Z",
    });
    const page = renderPage({
      ...statusOf([environment()]),
      nodeImages: [
        image("westeurope", "202606.16.0"),
        image("westeurope", "202607.09.0"),
        image("northeurope", "202606.16.0"),
      ],
    });
    expect(page).toMatch(/202606\.16\.0 <span class="state idle">older<\/span>/);
    expect(page).toContain("valid until 7 Oct 2026");
    expect(page.match(/<td>\s*2026/g)).toHaveLength(2);
  });

  test("keeps 1,000 members folded, except where one failed, and small", () => {
    const page = renderPage(largeStatus());
    expect(page.match(/<tr data-member=/g)).toHaveLength(1_000);
    expect(page.match(/<details class="group"/g)).toHaveLength(20);
    expect(page.match(/<details class="group"[^>]* open>/g)).toHaveLength(1);
    expect(page.length).toBeLessThan(500_000);
    expect(page).toContain("group-2-2: 50 members, 49 NotStarted, 1 Failed");
  });

  test("says what to do when nothing is declared", () => {
    expect(renderPage(statusOf([]))).toContain("fleetwright.yaml of the repository names them");
  });

  test("may load nothing and is kept nowhere", () => {
    expect(PAGE_HEADERS).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
    });
    expect(PAGE_HEADERS["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'sha256-/,
    );
    expect(renderPage(largeStatus())).not.toMatch(/ style="| on[a-z]+="| src="/);
  });
});

test.each([
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", null, true],
  ["application/json", null, false],
  ["application/json, text/html", null, false],
  ["*/*", null, false],
  [null, null, false],
  ["text/html", "json", false],
  ["application/json", "html", true],
])("accept %s and format %s: a page is wanted: %s", (accept, format, expected) => {
  expect(wantsPage(accept, format)).toBe(expected);
});
