import type { PathUncheckedResponse } from "@azure-rest/core-client";
import { createHttpPoller } from "@azure/core-lro";
import type { OperationResponse, OperationState, PollerLike } from "@azure/core-lro";
import { FleetwrightError, toError } from "../core/errors.ts";
import type { BegunOperation, OperationEnd } from "../node-pool/ports.ts";
import type { ArmClient } from "./arm-client.ts";

/**
 * Sends a write that Azure may carry out later, waits for its end and returns the resource. Reads by `Azure-AsyncOperation`,
 * `Location` or the resource's provisioning state, as often as `Retry-After` says.
 */
export async function settle(
  arm: ArmClient,
  begin: () => PromiseLike<PathUncheckedResponse>,
): Promise<unknown> {
  return pollerOf(arm, begin).pollUntilDone();
}

/** Sends such a write and returns once Azure has accepted it; its end is waited for apart. */
export async function beginOperation(
  arm: ArmClient,
  { id, action }: { readonly id: string; readonly action: string },
  begin: () => PromiseLike<PathUncheckedResponse>,
): Promise<BegunOperation> {
  const poller = pollerOf(arm, begin);
  await arm.attempt(id, action, () => poller.submitted());
  return { ended: () => endOf(poller, id) };
}

async function endOf(
  poller: PollerLike<OperationState<unknown>, unknown>,
  id: string,
): Promise<OperationEnd> {
  try {
    await poller.pollUntilDone();
    return { status: "succeeded" };
  } catch (error) {
    // Refused and lost requests are translated already; what is left is how the operation itself ended.
    if (error instanceof FleetwrightError) throw error;
    return { status: "failed", error: failedOperation(toError(error), id) };
  }
}

function failedOperation(cause: Error, id: string): FleetwrightError {
  const said = cause.message.replace(/^The long-running operation has failed\.?\s*/, "");
  return new FleetwrightError("service-error", `Azure ended the operation on ${id}: ${said}`, {
    subject: id,
    cause,
  });
}

function pollerOf(
  arm: ArmClient,
  begin: () => PromiseLike<PathUncheckedResponse>,
): PollerLike<OperationState<unknown>, unknown> {
  return createHttpPoller<unknown, OperationState<unknown>>(
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
}

function toOperationResponse(response: PathUncheckedResponse): OperationResponse {
  const body: unknown = response.body;
  const { request, headers } = response;
  return {
    flatResponse: response,
    rawResponse: { statusCode: Number(response.status), request, headers, body },
  };
}
