import { expect, test } from "vitest";
import { isFrozen } from "../../shared/update-run/freeze.ts";

const days = { name: "year-end", from: "2026-12-18", to: "2027-01-04", timezone: "Europe/Berlin" };
const hours = { name: "sale", from: "2026-11-27T06:00", to: "2026-11-27T18:00", timezone: "UTC" };

test.each([
  ["a minute before the first day in Berlin", days, "2026-12-17T22:59:00Z", false],
  ["its first minute in Berlin", days, "2026-12-17T23:00:00Z", true],
  ["the last minute of the last day", days, "2027-01-04T22:59:59Z", true],
  ["the day after", days, "2027-01-04T23:00:00Z", false],
  ["the first moment", hours, "2026-11-27T06:00:00Z", true],
  ["just before", hours, "2026-11-27T05:59:59Z", false],
  ["the end, which is outside", hours, "2026-11-27T18:00:00Z", false],
])("%s", (_, freeze, now, frozen) => {
  expect(isFrozen(freeze, Date.parse(now))).toBe(frozen);
});
