import { listAutoUpgradeProfiles } from "../../shared/azure/auto-upgrade-profiles.ts";
import { counted } from "../../shared/core/markdown.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import type { FleetMember } from "../../shared/update-run/ports.ts";
import type { Azure } from "../azure.ts";
import { naming, type Diagnosis } from "./diagnosis.ts";
import type { RoleDefinition } from "./permissions.ts";

const FLEETS = "Microsoft.ContainerService/fleets";

/** Reads all of a fleet that the role works with, and who else may start runs. */
export async function checkFleet(
  { arm, fleets }: Azure,
  { name, fleet }: Environment,
  { members, role }: { readonly members: readonly FleetMember[]; readonly role: RoleDefinition },
): Promise<readonly Diagnosis[]> {
  const reads = (what: string): boolean => role.Actions.includes(`${FLEETS}/${what}/read`);
  const runs = reads("updateRuns") ? await fleets.listRuns(fleet) : [];
  const gates = reads("gates") ? await fleets.listGates(fleet) : [];
  const profiles = reads("autoUpgradeProfiles") ? await listAutoUpgradeProfiles(arm, fleet) : [];
  const groups = new Set(members.map(({ group }) => group).filter((group) => group !== undefined));
  const read = [
    `${counted(members.length, "member")} in ${counted(groups.size, "update group")}`,
    ...(reads("updateRuns") ? [counted(runs.length, "run")] : []),
    ...(reads("gates") ? [counted(gates.length, "gate")] : []),
  ].join(", ");
  return [
    { topic: "fleet", verdict: "ok", message: `${name}: ${read}` },
    ...judgeProfiles(
      name,
      profiles.filter(({ disabled }) => !disabled).map(({ name: profile }) => profile),
    ),
  ];
}

function judgeProfiles(environment: string, profiles: readonly string[]): readonly Diagnosis[] {
  if (profiles.length === 0) return [];
  return [
    {
      topic: "auto-upgrade",
      verdict: "error",
      ...naming(
        profiles,
        (names) =>
          `${environment}: the fleet starts update runs by itself: auto-upgrade profiles ${names}`,
      ),
      remedy: "disable them: az fleet autoupgradeprofile create … --disabled",
      subjects: profiles,
    },
  ];
}
