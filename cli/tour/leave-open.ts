import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { shellSettings } from "../emulator-settings.ts";
import { writeKubeconfigs } from "./operator.ts";
import type { Tour } from "./stage-set.ts";

/** What a person looks around with once the tour is told: in real time, and told where everything listens. */
export async function leaveOpen(stage: Tour): Promise<void> {
  const { azure, story } = stage;
  const { emulator } = azure;
  const { url, functionKey } = stage.functions.ready;
  // Hours would pass while a person looks around, and the day's timers with them.
  await azure.control("POST", "/clock", { factor: 1 });
  story.chapter("Everything stays up until you press Ctrl+C, from here on in real time");
  story.say(`status page ${url}/api/status?code=${functionKey}`);
  const settings = join(azure.directory, "azure.env");
  await writeFile(settings, shellSettings(emulator));
  story.say(`shell       source ${settings}`);
  story.say("            and fleetwright, the SDKs, az and curl find it, as in the README");
  story.say(`ARM         ${emulator.arm} (CA: ${emulator.ca})`);
  story.say(`GitHub      ${emulator.github}`);
  const kubeconfigs = await writeKubeconfigs(azure, stage.clusterIds);
  const clusters = kubeconfigs.map((path) => basename(path, ".kubeconfig"));
  story.say(`kubectl     --kubeconfig ${join(azure.directory, "<cluster>.kubeconfig")}`);
  story.say(`            clusters: ${clusters.join(", ")}`);
  story.say(`repository  git clone ${stage.repository.gitDirectory}`);
  story.say(`control     ${emulator.control}`);
}
