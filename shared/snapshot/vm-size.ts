/**
 * The family of a VM size: `Standard_D8pds_v5` → `dpds_v5`, the size without the number of its cores.
 * Source: https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
 */
export function vmFamily(vmSize: string): string {
  const match = /^Standard_([A-Z]+)\d+(?:-\d+)?([a-z]*)((?:_[^_]+)*)$/i.exec(vmSize);
  const [, family = "", features = "", version = ""] = match ?? [];
  return (match === null ? vmSize : `${family}${features}${version}`).toLowerCase();
}
