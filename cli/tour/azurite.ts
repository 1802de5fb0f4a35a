import { createRequire } from "node:module";
import { startChild, type Child } from "./child.ts";

/** Endpoints of the local storage account, https with the emulator's certificate. */
export interface StorageEndpoints {
  readonly blob: string;
  readonly queue: string;
  readonly table: string;
}

const ACCOUNT = "devstoreaccount1";
const LISTENING =
  /Azurite (Blob|Queue|Table) service (?:is )?successfully listening(?:s)? (?:at|on) (\S+)/i;

/** Starts Azurite in memory, reachable with tokens of the local Entra, as storage without keys is in Azure. */
export async function startAzurite(tls: {
  readonly certificate: string;
  readonly key: string;
}): Promise<Child<StorageEndpoints>> {
  const found: Partial<Record<keyof StorageEndpoints, string>> = {};
  return startChild<StorageEndpoints>({
    name: "Azurite",
    file: createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js"),
    args: [
      "--silent",
      "--inMemoryPersistence",
      "--disableTelemetry",
      "--skipApiVersionCheck",
      "--oauth",
      "basic",
      "--cert",
      tls.certificate,
      "--key",
      tls.key,
      ...["blob", "queue", "table"].flatMap((service) => [
        `--${service}Host`,
        "127.0.0.1",
        `--${service}Port`,
        "0",
      ]),
    ],
    readyFrom(line) {
      const match = LISTENING.exec(line);
      if (match?.[1] && match[2]) {
        const service = match[1].toLowerCase() as keyof StorageEndpoints;
        found[service] = `${match[2].replace(/\/+$/, "")}/${ACCOUNT}`;
      }
      const { blob, queue, table } = found;
      return blob && queue && table ? { blob, queue, table } : undefined;
    },
  });
}
