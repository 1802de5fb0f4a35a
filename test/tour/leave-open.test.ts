import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leaveOpen } from "../../cli/tour/leave-open.ts";
import { openTour, type Tour } from "../../cli/tour/stage-set.ts";
import { silentStory } from "../../cli/tour/story.ts";

const shell = promisify(execFile);
const CLI = resolve("dist/cli/fleetwright.js");
const PATIENCE = 60_000;

let tour: Tour;
const told: string[] = [];

beforeAll(async () => {
  const story = { ...silentStory, say: (line: string) => void told.push(line) };
  tour = await openTour({ clockFactor: 600, seed: 1, story });
  await leaveOpen(tour);
}, PATIENCE);
afterAll(() => tour?.stop());

function toldAfter(name: string): string {
  const line = told.find((one) => one.startsWith(`${name} `)) ?? "";
  return line.slice(name.length).trim();
}

test("from then on time is real", async () => {
  expect(await tour.azure.control("GET", "/clock")).toMatchObject({ factor: 1 });
});

test("the status page opens in a browser, without a header", async () => {
  const reply = await fetch(toldAfter("status page"), { headers: { accept: "text/html" } });
  expect(reply.status).toBe(200);
  expect(await reply.text()).toContain("<h1>Fleetwright</h1>");
});

test(
  "a shell that sources the settings finds the local Azure",
  async () => {
    const script = `. "$(echo '${toldAfter("shell")}' | cut -d' ' -f2)" && exec "$0" "$1" status examples/harbour`;
    const { stdout } = await shell("sh", ["-c", script, process.execPath, CLI]);
    expect(stdout).toContain("No update run yet.");
    expect(stdout).not.toContain("cannot be read");
  },
  PATIENCE,
);
