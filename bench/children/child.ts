import type { FleetShape } from "../fleet-shape.ts";
import type { Simulated } from "../simulate.ts";

/** Prints what the bench in the parent process reads. */
export async function runChild([name, argument = "{}"]: readonly string[]): Promise<void> {
  if (name === "empty-server") {
    const { serveNothing } = await import("./empty-server.ts");
    return serveNothing(JSON.parse(argument) as Parameters<typeof serveNothing>[0]);
  }
  const simulate = await simulation(name ?? "");
  const shape = JSON.parse(argument) as FleetShape;
  process.stdout.write(`${JSON.stringify(simulate(shape))}\n`);
}

async function simulation(name: string): Promise<(shape: FleetShape) => Simulated> {
  switch (name) {
    case "forecast-apart":
      return (await import("../forecast.ts")).forecastApart;
    case "forecast-run":
      return (await import("../forecast.ts")).forecastByRun;
    case "apart":
      return (await import("../simulate.ts")).upgradeApart;
    case "run":
      return (await import("../simulate.ts")).upgradeByRun;
    default:
      throw new Error(`no child ${name}`);
  }
}
