param topicName string
param functionName string
@description('functionAppId, identityId, storageId')
param delivery object

resource topic 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: topicName
}

resource subscription 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'fleetwright-${functionName}'
  properties: {
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${delivery.functionAppId}/functions/${functionName}'
        // One event per request: a failing event would bring its whole batch again.
        maxEventsPerBatch: 1
      }
    }
    deadLetterWithResourceIdentity: {
      identity: { type: 'UserAssigned', userAssignedIdentity: delivery.identityId }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: delivery.storageId, blobContainerName: 'dead-letters' }
      }
    }
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
  }
}
