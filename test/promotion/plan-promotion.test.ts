import { describe, expect, it } from "vitest";
import { strategyDigest } from "../../shared/declaration/strategy.ts";
import { changesAnything, planPromotion } from "../../shared/promotion/plan-promotion.ts";
import { declared, FAMILY, pinned, WINDOWS } from "./source.ts";

const NEW = "202607.09.0";
const OLD = "202606.16.0";

function plan(source: string, target: string, families?: readonly string[]) {
  return planPromotion({
    source: declared("dev", source),
    target: declared("prod", target),
    families: families && new Set(families),
  });
}

describe("pins", () => {
  it("are those that were proved", () => {
    expect(plan(pinned(NEW), pinned(OLD)).nodeImages).toEqual({ [FAMILY]: NEW });
    expect(plan(pinned(NEW), pinned(NEW)).nodeImages).toEqual({});
  });

  it("never go back", () => {
    const back = plan(pinned(OLD), pinned(NEW));
    expect(back.nodeImages).toEqual({});
    expect(back.notes[0]).toContain("newer than what was proved");
  });

  it("of a family that only the source runs are left out, unless the target runs it too", () => {
    const both = `strategy: {name: plain}, nodeImages: {${FAMILY}: ${NEW}, ${WINDOWS}: 20348.1.260709}`;
    expect(plan(both, pinned(OLD)).nodeImages).toEqual({ [FAMILY]: NEW });
    expect(plan(both, pinned(OLD), [FAMILY, WINDOWS]).nodeImages).toEqual({
      [FAMILY]: NEW,
      [WINDOWS]: "20348.1.260709",
    });
    expect(plan(pinned(NEW), both).notes).toContainEqual(
      `\`${WINDOWS}\` was not proved there and keeps its pin.`,
    );
  });
});

describe("the Kubernetes version", () => {
  const full = (version: string): string =>
    `upgradeType: Full, kubernetesVersion: ${version}, ${pinned(NEW)}`;

  it("goes on with a release that upgrades it", () => {
    expect(plan(full("1.33.6"), full("1.33.5")).kubernetesVersion).toBe("1.33.6");
    expect(plan(full("1.33.5"), full("1.33.6"))).toMatchObject({
      kubernetesVersion: undefined,
      notes: [expect.stringContaining("newer")],
    });
  });

  it("stays on record as it is where only node images are upgraded", () => {
    const images = full("1.33.5").replace("Full", "NodeImageOnly");
    expect(plan(full("1.33.6"), images)).toMatchObject({
      kubernetesVersion: undefined,
      notes: [expect.stringContaining("NodeImageOnly")],
    });
  });
});

describe("the strategy", () => {
  const digest = strategyDigest(declared("prod", pinned(NEW)).strategy);

  it("is pinned by its digest once it was proved", () => {
    expect(plan(pinned(NEW), pinned(NEW)).digest).toBe(digest);
    const held = pinned(NEW).replace("name: plain", `name: plain, digest: "${digest}"`);
    const nothing = plan(pinned(NEW), held);
    expect(nothing).toMatchObject({ digest: undefined, obstacle: undefined });
    expect(changesAnything(nothing)).toBe(false);
  });

  it("that was edited after the run has to be run first", () => {
    const edited = planPromotion({
      source: declared("dev", pinned(NEW)),
      target: declared("prod", pinned(OLD), "{name: first, groups: [{name: all}]}"),
      families: undefined,
    });
    expect(edited.obstacle).toBe(
      "strategy plain was edited after this run: dev has to run it first",
    );
  });

  it("of the target's own is told to the reviewer", () => {
    const source = declared("dev", pinned(NEW));
    const own = planPromotion({
      source: { ...source, strategy: { ...source.strategy, metadata: { name: "one-by-one" } } },
      target: declared("prod", pinned(OLD)),
      families: undefined,
    });
    expect(own).toMatchObject({ digest, obstacle: undefined });
    expect(own.notes).toEqual([expect.stringContaining("reviewed here, not proved there")]);
  });
});
