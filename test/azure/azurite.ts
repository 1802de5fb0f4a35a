import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { once } from "node:events";

export interface Azurite {
  /** Connection string of the table service. */
  readonly connection: string;
  stop(): Promise<void>;
}

/** The well-known development account. Source: https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
const ACCOUNT = "devstoreaccount1";
const KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** Only the combined program prints the ports that it really got. */
export async function startAzurite(): Promise<Azurite> {
  const program = createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js");
  const flags = [
    "--silent",
    "--inMemoryPersistence",
    "--disableTelemetry",
    "--skipApiVersionCheck",
  ];
  const ports = ["blob", "queue", "table"].flatMap((kind) => [`--${kind}Port`, "0"]);
  const child = spawn(process.execPath, [program, ...flags, ...ports], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = () => child.kill();
  process.once("exit", kill);
  const endpoint = await tableEndpoint(child);
  return {
    connection: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};TableEndpoint=${endpoint}/${ACCOUNT};`,
    async stop() {
      process.off("exit", kill);
      child.kill();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

/** Keeps reading: a program whose output nobody takes ends with a broken pipe. */
function tableEndpoint(child: ChildProcess): Promise<string> {
  let output = "";
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const endpoint =
        /Table service successfully listens? on (\S+)|Table service is successfully listening at (\S+)/.exec(
          output,
        );
      if (endpoint) resolve(endpoint[1] ?? endpoint[2] ?? "");
    });
    child.once("exit", () => reject(new Error(`Azurite ended before it listened: ${output}`)));
  });
}
