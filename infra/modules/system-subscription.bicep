param topicName string
param functionName string
param includedEventTypes array
param hasDeadLetters bool
@description('functionAppId, identityId, storageId')
param delivery object

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

var deadLetters = {
  deadLetterWithResourceIdentity: {
    identity: { type: 'UserAssigned', userAssignedIdentity: delivery.identityId }
    deadLetterDestination: {
      endpointType: 'StorageBlob'
      properties: { resourceId: delivery.storageId, blobContainerName: 'dead-letters' }
    }
  }
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'fleetwright-${functionName}'
  properties: union(hasDeadLetters ? deadLetters : {}, {
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${delivery.functionAppId}/functions/${functionName}'
        // One event per request: a failing event would bring its whole batch again.
        maxEventsPerBatch: 1
      }
    }
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: { includedEventTypes: includedEventTypes }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
  })
}
