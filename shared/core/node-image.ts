import { oncePerText } from "./once-per.ts";

/**
 * Node image versions, such as `AKSUbuntu-2204gen2containerd-202506.16.0`: a family, then the version
 * after the last hyphen. Only versions of one family can be compared.
 * Source: https://learn.microsoft.com/azure/aks/node-image-upgrade
 */
export interface NodeImage {
  readonly family: string;
  readonly version: string;
}

export function parseNodeImage(nodeImageVersion: string): NodeImage {
  const cut = nodeImageVersion.lastIndexOf("-");
  return { family: nodeImageVersion.slice(0, cut), version: nodeImageVersion.slice(cut + 1) };
}

/** How the versions of a family are written. */
export interface VersionForm {
  /** Begins the names of its families, without regard to case. */
  readonly families: RegExp;
  readonly pattern: RegExp;
  /** For a person. */
  readonly form: string;
  readonly example: string;
}

/** Source: https://learn.microsoft.com/azure/aks/node-images, and `latestNodeImageVersion` of upgrade profiles. */
export const VERSION_FORMS: readonly VersionForm[] = [
  {
    families: /^AKSWindows-/i,
    pattern: /^\d{5}\.\d+\.\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/,
    form: "<build>.<revision>.YYMMDD",
    example: "20348.3207.250214",
  },
  {
    families: /^AKS(Ubuntu|AzureLinux|CBLMariner)-/i,
    pattern: /^20\d\d(0[1-9]|1[0-2])\.(0[1-9]|[12]\d|3[01])\.\d+$/,
    form: "YYYYMM.DD.patch",
    example: "202607.09.0",
  },
];

/** Of a family that is not known here: that its versions have three numbers at least is all that is sure. */
const OTHER_FORM: Omit<VersionForm, "families"> = {
  pattern: /^\d+(\.\d+){2,}$/,
  form: "three numbers with dots",
  example: "202607.09.0",
};

export function versionForm(family: string): Omit<VersionForm, "families"> {
  return VERSION_FORMS.find(({ families }) => families.test(family)) ?? OTHER_FORM;
}

/** Negative when `a` is older than `b`, 0 when equal: versions are dotted numbers. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = numbersOf(a);
  const right = numbersOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A few images and Kubernetes versions are compared over and over. */
const MAX_VERSIONS = 1_000;

const numbersOf = oncePerText<readonly number[]>(MAX_VERSIONS, (version) =>
  version.split(".").map(Number),
);
