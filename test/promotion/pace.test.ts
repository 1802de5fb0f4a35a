import { expect, test } from "vitest";
import { inTurn, MAX_ASKED_PER_LOOK, nextPace } from "../../shared/promotion/pace.ts";

const places = ["a", "b", "c", "d", "e"];

test("all are asked while Azure answers", () => {
  const pace = { atMost: MAX_ASKED_PER_LOOK, start: 0 };
  expect(inTurn(places, pace)).toEqual(places);
  expect(nextPace(pace, { answered: 5, throttled: false, places: 5 })).toEqual(pace);
});

test("after a 429 fewer are asked, from where the last look stopped, and everybody has a turn", () => {
  let pace = nextPace(
    { atMost: MAX_ASKED_PER_LOOK, start: 0 },
    { answered: 3, throttled: true, places: 5 },
  );
  expect(pace).toEqual({ atMost: 1, start: 3 });
  const asked: string[] = [];
  for (let look = 0; look < 3; look++) {
    const turn = inTurn(places, pace);
    asked.push(...turn);
    pace = nextPace(pace, { answered: turn.length, throttled: false, places: 5 });
  }
  expect(asked.slice(0, 7)).toEqual(["d", "e", "a", "b", "c", "d", "e"]);
  expect(pace.atMost).toBe(8);
});

test("when nobody is answered the next look still asks one", () => {
  const pace = nextPace({ atMost: 4, start: 2 }, { answered: 0, throttled: true, places: 5 });
  expect(pace).toEqual({ atMost: 1, start: 2 });
  expect(inTurn(places, pace)).toEqual(["c"]);
  expect(inTurn([], pace)).toEqual([]);
});
