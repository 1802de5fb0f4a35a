import { mkdir, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  awaitQuarantine,
  prepareFleet,
  releaseNodeImage,
  startRollout,
} from "../../cli/tour/acts.ts";
import { openTour } from "../../cli/tour/stage-set.ts";
import { silentStory } from "../../cli/tour/story.ts";
import type { Status } from "../../shared/status/status.ts";
import { PAGE_HEADERS, renderPage } from "../../functions/status-page/page.ts";
import { pinProd } from "../support/tour.ts";
import { complaintsOf, HAS_BROWSER, openBrowser } from "./browser.ts";
import {
  environment,
  largeStatus,
  member,
  quarantined,
  run,
  stage,
  statusOf,
} from "./sample-status.ts";

const require = createRequire(import.meta.url);
const PATIENCE = 240_000;
/** What is on the page already, or one answer of a local server away. */
const STEP_MILLISECONDS = 15_000;
const PERIOD_MILLISECONDS = 15_000;

describe.skipIf(!HAS_BROWSER)("in Chromium (skipped where there is none at CHROMIUM_PATH)", () => {
  let browser: Browser;
  let server: Server;
  let url: string;
  let status: Status;
  let asked: string[] = [];
  let refuse = false;
  let complaints: readonly string[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(refuse ? 503 : 200, PAGE_HEADERS).end(refuse ? "" : renderPage(status));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/status?code=secret`;
  });

  afterEach(() => {
    // The one complaint that a test provokes.
    expect(complaints.filter((one) => !one.includes("503"))).toEqual([]);
    asked = [];
    refuse = false;
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Opens the page with a clock that the test moves. */
  async function open(of: Status, viewport = { width: 1_280, height: 900 }): Promise<Page> {
    status = of;
    const page = await browser.newPage({ viewport });
    page.setDefaultTimeout(STEP_MILLISECONDS);
    complaints = complaintsOf(page);
    await page.clock.install();
    await page.goto(url);
    return page;
  }

  function running(why: string): Status {
    const stages = [
      stage("stage1", { members: [member("quay-1")] }),
      stage("stage2", {
        state: "Running",
        completedTime: undefined,
        members: [member("quay-2", { state: "Running", completedTime: undefined, why })],
      }),
    ];
    return statusOf([environment({ runs: [run(stages)] })]);
  }

  describe("with 1,000 members", () => {
    test("a choice shows what needs a person, and nothing else", async () => {
      const page = await open(largeStatus());
      await page.getByLabel("Show").selectOption("bad");
      const rows = page.locator("tr[data-member]:visible");
      expect(await rows.locator("th").allTextContents()).toEqual(
        [" cluster-2-120 "].map((one) => expect.stringContaining(one.trim())),
      );
      expect(await page.locator("#matches").textContent()).toBe("1 of 1000 members");
      await page.getByLabel("Show").selectOption("");
      expect(await rows.count()).toBe(50);
      await page.close();
    });

    test("a filter finds a member, opens its group and puts everything back", async () => {
      const page = await open(largeStatus());
      const rows = page.locator("tr[data-member]:visible");
      expect(await rows.count()).toBe(50);
      await page.getByLabel("Filter members").fill("cluster-1-333 proved");
      expect(await rows.allTextContents()).toHaveLength(1);
      expect(await page.locator("#matches").textContent()).toBe("1 of 1000 members");
      await page.getByLabel("Filter members").fill("");
      expect(await rows.count()).toBe(50);
      await page.locator("summary").first().press("Enter");
      expect(await rows.count()).toBe(100);
      await page.close();
    });
  });

  describe("updates", () => {
    test("come by themselves, with the same key, and leave what the reader had opened", async () => {
      const page = await open(running("upgrading its nodes"));
      await page.locator("summary").first().press("Enter");
      await page.getByLabel("Filter members").fill("quay");
      status = running("a pod does not move");
      await page.clock.runFor(PERIOD_MILLISECONDS);
      await page.getByText("a pod does not move").waitFor();
      expect(asked.filter((path) => path !== "/api/status?code=secret")).toEqual([]);
      expect(await page.getByLabel("Filter members").inputValue()).toBe("quay");
      await page.close();
    });

    test("are told to a screen reader only when an environment's state changed", async () => {
      const page = await open(running("upgrading its nodes"));
      const news = page.locator("#news");
      status = running("still upgrading its nodes");
      await page.clock.runFor(PERIOD_MILLISECONDS);
      await page.getByText("still upgrading its nodes").waitFor();
      expect(await news.textContent()).toBe("");
      status = statusOf([environment({ runs: [run([], { state: "Completed" })] })]);
      await page.clock.runFor(PERIOD_MILLISECONDS);
      await page.locator("#news", { hasText: "prod: Run prod-2-1a2b3c4d is Completed" }).waitFor();
      await page.close();
    });

    test("keep the focus where it was", async () => {
      const page = await open(running("upgrading its nodes"));
      const summary = page.locator("summary").nth(1);
      await summary.focus();
      status = running("a pod does not move");
      await page.clock.runFor(PERIOD_MILLISECONDS);
      await page.getByText("a pod does not move").waitFor();
      expect(await summary.evaluate((one) => one === one.ownerDocument.activeElement)).toBe(true);
      await page.close();
    });

    test("pause on request, and say when they fail", async () => {
      const page = await open(running("upgrading its nodes"));
      await page.getByRole("button", { name: "Pause updates" }).click();
      await page.clock.runFor(3 * PERIOD_MILLISECONDS);
      expect(asked).toHaveLength(1);
      refuse = true;
      await page.getByRole("button", { name: "Pause updates" }).click();
      await page.getByText("Could not be updated: the answer was 503").waitFor();
      refuse = false;
      await page.clock.runFor(PERIOD_MILLISECONDS);
      await page.locator("#freshness:empty").waitFor({ state: "attached" });
      await page.close();
    });
  });

  describe("on a phone", () => {
    test("nothing is wider than the screen, whatever the names are", async () => {
      const long = "a-cluster-with-a-name-as-long-as-azure-allows-it-to-be-63-characters";
      const stages = [stage(long, { members: [member(long, { group: long, why: long })] })];
      const wideStatus = statusOf([
        environment({ runs: [run(stages)], quarantined: [quarantined({ node: long })] }),
      ]);
      for (const one of [running("upgrading its nodes"), largeStatus(), wideStatus]) {
        const page = await open(one, { width: 360, height: 740 });
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(
          360,
        );
        await page.close();
      }
    });

    test("a row is a card that says its columns, and a table all the same", async () => {
      const page = await open(running("upgrading its nodes"), { width: 360, height: 740 });
      const row = page.getByRole("row", { name: /quay-2/ });
      expect(await row.getByRole("cell").count()).toBe(5);
      const label =
        "getComputedStyle(document.querySelector('[data-label=Group]'), '::before').content";
      expect(await page.evaluate(label)).toContain("Group");
      expect(await page.getByRole("columnheader", { name: "Why" }).count()).toBe(2);
      await page.close();
    });
  });

  test("light and dark keep text readable", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open(running("upgrading its nodes"));
      await page.emulateMedia({ colorScheme });
      expect(await worstContrast(page)).toBeGreaterThanOrEqual(4.5);
      await page.close();
    }
  });

  describe("axe finds nothing that WCAG 2.2 AA forbids", () => {
    const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

    test.each([
      ["a running run", () => running("upgrading its nodes"), 1_280, "light"],
      ["a running run in the dark", () => running("upgrading its nodes"), 1_280, "dark"],
      ["1,000 members in the dark on a phone", largeStatus, 360, "dark"],
      ["no environment at all", () => statusOf([]), 1_280, "light"],
      [
        "a quarantined node and an environment that cannot be read",
        () =>
          statusOf([
            environment({ quarantined: [quarantined({})] }),
            environment({ name: "dev", problem: "Azure throttles it" }),
          ]),
        1_280,
        "dark",
      ],
    ] as const)("on the page of %s", async (_case, of, width, colorScheme) => {
      const page = await open(of(), { width, height: 800 });
      await page.emulateMedia({ colorScheme });
      // The page's policy forbids scripts from elsewhere; this way a script comes in beside it.
      await page.evaluate(await readFile(require.resolve("axe-core/axe.min.js"), "utf8"));
      const options = JSON.stringify({ runOnly: RULES, resultTypes: ["violations"] });
      const { violations, passes } = await page.evaluate<Axe>(`(async () => {
        const found = await axe.run(document, ${options});
        const told = ({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ");
        return { violations: found.violations.map(told), passes: found.passes.length };
      })()`);
      expect(violations).toEqual([]);
      expect(passes).toBeGreaterThan(10);
      await page.close();
    });
  });

  interface Axe {
    readonly violations: readonly string[];
    readonly passes: number;
  }

  /** The least contrast of any text against the paper, as WCAG 2.2 computes it. */
  function worstContrast(page: Page): Promise<number> {
    return page.evaluate<number>(`(() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = (colour) => {
      const [r, g, b] = numbers(colour).map((one) => one / 255)
        .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = luminance(getComputedStyle(document.body).backgroundColor);
    const contrasts = [...document.querySelectorAll("body *:not(svg *):not(script):not(option)")].map((one) => {
      const ink = luminance(getComputedStyle(one).color);
      return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    });
    return Math.min(...contrasts);
  })()`);
  }

  test("a person who cannot see it finds landmarks, headings, named tables and named controls", async () => {
    const page = await open(running("upgrading its nodes"));
    for (const role of ["banner", "navigation", "main", "contentinfo", "search"] as const) {
      expect(await page.getByRole(role).count()).toBe(1);
    }
    const levels = await page
      .getByRole("heading")
      .evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName.slice(1))));
    expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([]);
    const ids = await page.locator("[id]").evaluateAll((all) => all.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    for (const table of await page.locator("table").all()) {
      expect(await table.locator("caption").textContent()).not.toBe("");
      expect(await table.locator("thead th[scope=col]").count()).toBeGreaterThan(1);
    }
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe(
      "Skip to the environments",
    );
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("content");
    await page.close();
  });

  test(
    "the function shows a run that a quarantined node holds up",
    async () => {
      const tour = await openTour({ clockFactor: 400, seed: 1, story: silentStory });
      try {
        await releaseNodeImage(tour);
        const checkout = await pinProd(tour);
        await prepareFleet(tour, "prod", checkout);
        const rollout = await startRollout(tour, "prod", checkout);
        const held = await awaitQuarantine(tour);
        await rollout.finished;
        const page = await browser.newPage({ viewport: { width: 1_280, height: 1_700 } });
        const { url: functions, functionKey } = tour.functions.ready;
        await page.goto(`${functions}/api/status?code=${functionKey}`);
        const text = await page.locator("main").innerText();
        expect(text).toMatch(/Run prod-2-\w+ is Failed in stage\d: \d of 9 members done, 1 failed/);
        expect(text).toContain(held.node);
        expect(text).toContain(`budget ${held.pdb}`);
        expect(text).toContain("fleetwright: verified");
        expect(await page.getByRole("link", { name: `#${held.issue}` }).count()).toBe(1);
        expect(await page.locator("svg .bar").count()).toBeGreaterThan(4);
        expect(await page.getByRole("table", { name: /Newest node image/ }).count()).toBe(1);
        await mkdir("out", { recursive: true });
        await page.screenshot({ path: join("out", "status.png"), fullPage: true });
        // The part that README.md shows: down to the timeline.
        const picture = await page.locator(".timeline").first().boundingBox();
        const height = Math.ceil((picture?.y ?? 0) + (picture?.height ?? 0)) + 24;
        const clip = { x: 0, y: 0, width: 1_280, height };
        await page.screenshot({ path: join("out", "status-top.png"), clip });
      } finally {
        await tour.stop();
      }
    },
    PATIENCE,
  );
});
