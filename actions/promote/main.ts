import { createCheckPort } from "../../shared/github/checks.ts";
import { createDeclarationRepository } from "../../shared/github/repository.ts";
import { createReviewPort } from "../../shared/github/review-port.ts";
import { composeAzure } from "../runner/azure.ts";
import { composeGitHub } from "../runner/github.ts";
import { readIdentity } from "../runner/identity.ts";
import { choice, list, optionalText, requiredText } from "../runner/inputs.ts";
import { runAction } from "../runner/run-action.ts";
import { AUTO_MERGE, OPERATIONS, promoteRelease } from "./promote.ts";

runAction((runner) => {
  const identity = readIdentity();
  const inputs = {
    operation: choice("operation", OPERATIONS),
    environment: requiredText("environment"),
    requiredChecks: list("required-checks"),
    autoMerge: choice("auto-merge", AUTO_MERGE),
    expediteReason: optionalText("expedite-reason"),
    actor: process.env["GITHUB_ACTOR"],
    subscriptionId: identity.subscriptionId,
  };
  const home = composeGitHub(process.env, requiredText("github-token"));
  return promoteRelease(inputs, {
    ...composeAzure(process.env, identity),
    runner,
    repository: createDeclarationRepository(home),
    reviews: createReviewPort(home),
    checks: createCheckPort(home),
  });
});
