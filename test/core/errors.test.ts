import { expect, test } from "vitest";
import { explain as explainStep } from "../../actions/runner/failure-reason.ts";
import { explain as explainCommand } from "../../cli/explain.ts";
import { FleetwrightError } from "../../shared/core/errors.ts";

test.each([
  ["a step", explainStep],
  ["a command", explainCommand],
])("%s puts the remedy behind one colon, whether or not Azure ended its sentence", (_, explain) => {
  const told = (message: string) =>
    explain(new FleetwrightError("service-error", message, { remedy: "ask again" }));
  expect(told("Azure refused it.")).toBe("Azure refused it: ask again");
  expect(told("Azure refused it")).toBe("Azure refused it: ask again");
});
