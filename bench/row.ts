import type { Line } from "./report.ts";
import type { Sizes } from "./sizes.ts";

/** Measures one thing beside another and reports what came of it. */
export type Row = (sizes: Sizes) => Promise<readonly Line[]>;
