import tls from "node:tls";
import { ContainerServiceClient } from "@azure/arm-containerservice";
import { ContainerServiceFleetClient } from "@azure/arm-containerservicefleet";
import { ManagedIdentityCredential } from "@azure/identity";
import type { EmulatorProcess } from "./emulator-process.ts";

export interface SdkClients {
  readonly aks: ContainerServiceClient;
  readonly fleet: ContainerServiceFleetClient;
}

/** The SDKs with every option at its default but the address. */
export function connect({ ready, ca }: EmulatorProcess): SdkClients {
  trust(ca);
  process.env["IDENTITY_ENDPOINT"] = ready.msi;
  process.env["IDENTITY_HEADER"] = "local";
  const credential = new ManagedIdentityCredential();
  const options = { endpoint: ready.arm };
  return {
    aks: new ContainerServiceClient(credential, ready.subscription, options),
    fleet: new ContainerServiceFleetClient(credential, ready.subscription, options),
  };
}

/**
 * What NODE_EXTRA_CA_CERTS does for a process that starts with it: this one was there before the emulator made
 * its CA, and Node 20 has no call to add to the default ones.
 */
function trust(ca: string): void {
  const { createSecureContext, rootCertificates } = tls;
  tls.createSecureContext = (options) =>
    createSecureContext({ ca: [...rootCertificates, ca], ...options });
}

export async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of pages) found.push(one);
  return found;
}
