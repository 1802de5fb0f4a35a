import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Release, UpdateStrategy } from "../../shared/declaration/documents.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import {
  fleetStrategyName,
  declaredRunName,
  parseRunName,
  resolveStages,
  retryName,
  runName,
  strategyDigest,
} from "../../shared/declaration/strategy.ts";
import { REPOSITORY, STRATEGY } from "./sample.ts";

const parsed = parseDeclarations(REPOSITORY);
const strategy = parsed.strategies[0]?.value as UpdateStrategy;
const release = parsed.releases[0]?.value as Release;

function variant(from: string, to: string): UpdateStrategy {
  const { strategies } = parseDeclarations([{ path: "s.yaml", text: STRATEGY.replace(from, to) }]);
  return strategies[0]?.value as UpdateStrategy;
}

describe("the digest of a strategy", () => {
  it("has the form that releases pin", () => {
    expect(strategyDigest(strategy)).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("does not depend on how the file is written", () => {
    const rewritten = variant(
      '- {name: green, maxConcurrency: "5"}',
      "- {maxConcurrency: '5', name: green} # same",
    );
    expect(strategyDigest(rewritten)).toBe(strategyDigest(strategy));
  });

  it.each([
    ["the order", "name: blue", "name: teal"],
    ["a wait", "86400", "86401"],
    ["what is tolerated", "notReady: 1%", "notReady: 2%"],
  ])("changes with %s", (_, from, to) => {
    expect(strategyDigest(variant(from, to))).not.toBe(strategyDigest(strategy));
  });
});

describe("the stages of an environment", () => {
  it("have the update groups of its fleet", () => {
    const stages = resolveStages(strategy, { canary: "prod-canary", blue: "prod-blue" });
    expect(stages.map(({ groups }) => groups.map(({ name }) => name))).toEqual([
      ["prod-canary"],
      ["prod-blue", "green"],
    ]);
    expect(stages[0]?.afterStageWaitInSeconds).toBe(86_400);
    expect(stages[1]?.groups[1]?.maxConcurrency).toBe("5");
  });

  it("are not confused by names that every object has", () => {
    const named = variant("name: blue", "name: constructor");
    expect(resolveStages(named, {})[1]?.groups[0]?.name).toBe("constructor");
  });
});

describe("the name of a strategy in a fleet", () => {
  it("is the declared name with a hash of its stages", () => {
    expect(fleetStrategyName(strategy, {})).toMatch(/^canary-first-[0-9a-f]{8}$/);
  });

  it("differs for another order and for other groups, not for another verification", () => {
    const name = fleetStrategyName(strategy, {});
    expect(fleetStrategyName(variant("86400", "60"), {})).not.toBe(name);
    expect(fleetStrategyName(strategy, { blue: "prod-blue" })).not.toBe(name);
    expect(fleetStrategyName(variant("notReady: 1%", "notReady: 2%"), {})).toBe(name);
  });

  it("fits into Fleet's 50 characters and never ends its first part with a hyphen", () => {
    const long = { ...strategy, metadata: { name: `${"s".repeat(40)}-stage-one` } };
    const name = fleetStrategyName(long, {});
    expect(name).toMatch(/^s{40}-[0-9a-f]{8}$/);
    expect(name.length).toBeLessThanOrEqual(50);
  });
});

describe("the name of a run", () => {
  const name = runName(release, strategy.spec, {});

  it("is release, generation and hash", () => {
    expect(name).toMatch(/^prod-42-[0-9a-f]{8}$/);
    expect(parseRunName(name)).toEqual({
      release: "prod",
      generation: 42,
      hash: name.slice(-8),
      retry: 0,
    });
  });

  it.each<[string, Partial<Release["spec"]>]>([
    ["pins", { nodeImages: { "AKSUbuntu-2404gen2containerd": "202607.16.0" } }],
    ["the version", { kubernetesVersion: "1.34.1" }],
    ["the upgrade type", { upgradeType: "Full" }],
  ])("changes with %s", (_, change) => {
    const changed = { ...release, spec: { ...release.spec, ...change } };
    expect(runName(changed, strategy.spec, {})).not.toBe(name);
  });

  it("changes with the stages and with the generation: A, B, A are three runs", () => {
    expect(runName(release, strategy.spec, { blue: "prod-blue" })).not.toBe(name);
    const later = { ...release, metadata: { ...release.metadata, generation: 44 } };
    expect(runName(later, strategy.spec, {})).toBe(name.replace("-42-", "-44-"));
  });

  it("does not change with the order of pins, nor with where they came from", () => {
    const pins = Object.entries(release.spec.nodeImages ?? {}).toReversed();
    const { from: _, ...spec } = release.spec;
    const same = { ...release, spec: { ...spec, nodeImages: Object.fromEntries(pins) } };
    expect(runName(same, strategy.spec, {})).toBe(name);
  });

  it("is read back, whatever the release is called", () => {
    const part = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
    fc.assert(
      fc.property(part, fc.integer({ min: 1, max: 999_999 }), (called, generation) => {
        const other = { ...release, metadata: { name: called, generation } };
        const read = parseRunName(runName(other, strategy.spec, {}));
        expect(read).toMatchObject({ release: called, generation });
      }),
    );
  });

  it("is that of its retries too, which are runs of their own", () => {
    const name = runName(release, strategy.spec, {});
    expect(parseRunName(retryName(name, 2))).toEqual({ ...parseRunName(name), retry: 2 });
    expect(retryName(retryName(name, 1), 2)).toBe(`${name}-r2`);
    expect(declaredRunName(retryName(name, 9))).toBe(name);
  });

  it.each([
    "run-1",
    "prod-42",
    "prod-0-0123abcd",
    "prod-42-0123ABCD",
    "-42-0123abcd",
    "auto-profile-NodeImage-1-31-6-abcdef0",
  ])("is not %s, which somebody else gave", (foreign) => {
    expect(parseRunName(foreign)).toBeUndefined();
  });
});
