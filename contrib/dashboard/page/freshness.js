// Is what was loaded the present? Pure: the clocks are passed in.
//
// Two clocks are asked, since each can be wrong alone: that of the wall may be set back while the page is
// open, and the one that only counts on may stand still while the machine sleeps. The greater age counts.

import { MINUTE, sayDuration } from "./time.js";

export const LIMIT = 2 * MINUTE;

const KNOWN = ["NOMINAL", "DEGRADED", "CRITICAL"];

/** What was seen: `world` as loaded at `clocks`; `before` is what was seen before, or null. */
export function sight(world, clocks, before) {
  const { generatedAt, summary: { status } } = world;
  const known = before?.generatedAt === generatedAt ? before.age + clocks.steady - before.steady : 0;
  return { generatedAt, status, age: Math.max(known, clocks.wall - generatedAt), ...clocks };
}

/**
 * @param sighted  what sight() said of the last world, or null
 * @param failure  null, or {since, reason} where the world can't be loaded at present
 * @param clocks   {wall, steady}: Date.now() and performance.now()
 * @returns {state, age, since, why}: age null without a world; since and why null but of UNKNOWN
 */
export function judge(sighted, failure, clocks) {
  const unknown = (age, since, why) => ({ state: "UNKNOWN", age, since, why });
  if (sighted === null) {
    return unknown(null, failure?.since ?? null, failure?.reason ?? "the world is being loaded");
  }
  const apparent = clocks.wall - sighted.generatedAt;
  const age = Math.max(apparent, sighted.age + clocks.steady - sighted.steady);
  if (age > LIMIT) {
    const why = failure ? failure.reason : "the observer doesn't run, or can't publish";
    const old = apparent > LIMIT ? sighted.generatedAt + LIMIT : clocks.wall - age + LIMIT;
    return unknown(age, Math.min(old, failure?.since ?? old), `the world is ${sayDuration(age)} old: ${why}`);
  }
  if (failure) {
    return unknown(age, failure.since, failure.reason);
  }
  if (apparent < -LIMIT) {
    return unknown(age, sighted.wall,
      `the world is dated ${sayDuration(-apparent)} in the future: a clock is wrong`);
  }
  if (!KNOWN.includes(sighted.status)) {
    return unknown(age, sighted.generatedAt, `the summary says ${sighted.status}`);
  }
  return { state: sighted.status, age, since: null, why: null };
}
