import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { packed } from "../../functions/status-page/packed.ts";
import {
  PAGE_HEADERS,
  renderPage,
  renderProblem,
  wantsPage,
} from "../../functions/status-page/page.ts";
import { headline } from "../../shared/status/headline.ts";
import type { UpdateState } from "../../shared/update-run/ports.ts";
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
      "pod shop/cart-0 of StatefulSet/cart, budget shop/cart: 0 may go, 1 healthy, 1 required",
      '<a href="https://github.example/octo-org/harbour/issues/7"',
      "quay-1: 3 nodes",
      'class="bar wait Completed"',
      'aria-label="2 members: 1 completed, 1 failed"',
    ]) {
      expect(page).toContain(text);
    }
  });

  test("tells what was judged alike in one look in one row", () => {
    const pass = (about: string, at: string) => ({
      at,
      about,
      verdict: "pass",
      reason: "7 nodes proved",
    });
    const decisions = [
      pass("quay-3", "2026-07-10T11:05:40Z"),
      pass("quay-2", "2026-07-10T11:05:10Z"),
      pass("quay-1", "2026-07-10T10:00:00Z"),
    ];
    const page = renderPage(statusOf([environment({ runs: [run([], { decisions })] })]));
    expect(page).toContain("quay-3, quay-2");
    expect(page.match(/7 nodes proved/g)).toHaveLength(2);
  });

  test("draws no timeline of a run that found everything at its target", () => {
    const drawn = (state: UpdateState) => {
      const stages = [stage("stage1", { state, members: [member("quay-1", { state })] })];
      return renderPage(statusOf([environment({ runs: [run(stages, { state })] })]));
    };
    expect(drawn("Completed")).toContain('class="timeline"');
    expect(drawn("Skipped")).not.toContain('class="timeline"');
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
    expect(page).toMatch(/202606\.16\.0<\/span\s*>\s*<span class="state busy">older<\/span>/);
    expect(page).toMatch(
      /202607\.09\.0<\/span\s*>\s*<span class="state idle">pinned by prod<\/span>/,
    );
    expect(page).toContain("valid until 7 Oct 2026");
    expect(page.match(/class="version"/g)).toHaveLength(2);
  });

  test("keeps 1,000 members folded, except where one failed, and small", () => {
    const page = renderPage(largeStatus());
    expect(page.match(/<tr [^>]*data-member=/g)).toHaveLength(1_000);
    expect(page.match(/<details class="group"/g)).toHaveLength(20);
    expect(page.match(/<details class="group"[^>]* open>/g)).toHaveLength(1);
    expect(gzipSync(page).length).toBeLessThan(50_000);
    expect(page).toContain("group-2-2: 50 members: 1 failed, 49 not started");
    const group = page.slice(page.indexOf("group-2-2: 50 members"));
    expect(/data-member="([^"]+)"/.exec(group)?.[1]).toBe("cluster-2-120");
  });

  test("says what is out, what expires, and when a fleet cannot be read", () => {
    const family = "AKSUbuntu-2204gen2containerd";
    const page = renderPage({
      at: "2026-09-28T00:00:00Z",
      environments: [
        environment(),
        environment({ name: "old", nodeImages: { [family]: "202606.16.0" } }),
        environment({ name: "shut", problem: "missing permission x" }),
      ],
      nodeImages: ["202607.09.0", "202609.01.0"].map((version) => ({
        region: "westeurope",
        nodeImageVersion: `${family}-${version}`,
        noticedAt: "2026-09-02T08:00:00Z",
      })),
    });
    expect(page).toContain("202609.01.0 is out in westeurope");
    expect(page).toContain('<small class="bad">valid until 7 Oct 2026</small>');
    expect(page).toContain('<small class="bad">expired 14 Sep 2026</small>');
    expect(page).toContain('<p class="alarm">missing permission x.</p>');
    expect(page).toContain("Its runs cannot be read");
  });

  test("shows an old failure only until a newer run exists, and never instead of one under way", () => {
    const of = (...states: readonly UpdateState[]) =>
      headline(
        environment({
          runs: states.map((state, index) => run([], { name: `run-${index}`, state })),
        }),
      );
    expect(of("Completed", "Failed")).toContain("Run run-0 is Completed");
    expect(of("NotStarted", "Running")).toContain("Run run-1 is Running");
    expect(of("Failed", "Completed")).toContain("Run run-0 is Failed");
  });

  test("says when instants of the log were, as people do", () => {
    const why = "soaks until 2026-07-10T12:30:00.000Z";
    const page = renderPage(
      statusOf([environment({ runs: [run([stage("a", { members: [member("q", { why })] })])] })]),
    );
    expect(page).toMatch(
      /soaks until <time datetime="2026-07-10T12:30:00.000Z"[^>]*>10 Jul, 12:30/,
    );
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

test("a page of 1,000 members is packed for whoever unpacks it, and for nobody else", () => {
  const page = renderPage(largeStatus());
  const sent = packed(page, PAGE_HEADERS, "gzip, deflate, br");
  expect(sent.headers).toMatchObject({
    "content-encoding": "gzip",
    vary: "accept, accept-encoding",
  });
  expect(gunzipSync(sent.body as Buffer).toString()).toBe(page);
  for (const encoding of [null, "br", "gzip;q=0", "gzip;q=0.0, br"]) {
    expect(packed(page, PAGE_HEADERS, encoding).body, String(encoding)).toBe(page);
  }
  expect(packed("small", {}, "gzip").body).toBe("small");
});

test("a status that cannot be read is a page of its own, in which nothing is markup", () => {
  const page = renderProblem(HOSTILE, "set <it>");
  expect(page).toContain(`${ESCAPED}: set &lt;it&gt;.`);
  expect(page).not.toContain("<script>");
});
