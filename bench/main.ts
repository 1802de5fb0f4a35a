import { toError } from "../shared/core/errors.ts";

/** A measured child loads what it measures and nothing of the rest. */
async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === "--child") {
    const { runChild } = await import("./children/child.ts");
    await runChild(rest);
    return 0;
  }
  const { bench } = await import("./bench.ts");
  return bench(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  process.stderr.write(`bench: ${toError(thrown).stack}\n`);
  process.exitCode = 1;
}
