import type { PathUncheckedResponse } from "@azure-rest/core-client";
import { createHttpPoller } from "@azure/core-lro";
import type { OperationResponse, OperationState } from "@azure/core-lro";
import type { ArmClient } from "./arm-client.ts";

/**
 * Sends a write that Azure may carry out later, waits for its end and returns the resource. Reads by `Azure-AsyncOperation`,
 * `Location` or the resource's provisioning state, as often as `Retry-After` says.
 */
export async function settle(
  arm: ArmClient,
  begin: () => PromiseLike<PathUncheckedResponse>,
): Promise<unknown> {
  const poller = createHttpPoller<unknown, OperationState<unknown>>(
    {
      sendInitialRequest: async () => toOperationResponse(await begin()),
      sendPollRequest: async (path) =>
        toOperationResponse(await arm.rest.pathUnchecked(path).get()),
    },
    {
      intervalInMs: arm.pollIntervalMs,
      resourceLocationConfig: "azure-async-operation",
      processResult: async (result) => (result as PathUncheckedResponse).body as unknown,
    },
  );
  return poller.pollUntilDone();
}

function toOperationResponse(response: PathUncheckedResponse): OperationResponse {
  const body: unknown = response.body;
  const { request, headers } = response;
  return {
    flatResponse: response,
    rawResponse: { statusCode: Number(response.status), request, headers, body },
  };
}
