import { parseNodeImage } from "../core/node-image.ts";

const NOTES = "https://github.com/Azure/AKS/blob/master/vhd-notes";

/**
 * Where AKS publishes what an image contains.
 * Source: https://github.com/Azure/AKS/tree/master/vhd-notes (one folder per operating system)
 */
export function releaseNotesUrl(nodeImageVersion: string): string {
  const { family, version } = parseNodeImage(nodeImageVersion);
  const ubuntu = /^AKSUbuntu-(\d{4})/.exec(family)?.[1];
  if (ubuntu !== undefined) return `${NOTES}/aks-ubuntu/AKSUbuntu-${ubuntu}/${version}.txt`;
  const windows = /^AKSWindows-(\d{4})/.exec(family)?.[1];
  if (windows !== undefined) return `${NOTES}/AKSWindows/${windows}/${version}.txt`;
  if (family.startsWith("AKSAzureLinux")) return `${NOTES}/AzureLinux/${version}.txt`;
  return "https://github.com/Azure/AKS/tree/master/vhd-notes";
}
