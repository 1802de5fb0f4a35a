// Carries Fleetwright.NodeImageReleased from one function to the other. Its keys are off:
// roles/reactor.json lets the functions publish.
param location string
param tags object
param name string
param identityId string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
  }
}

output id string = topic.id
output endpoint string = topic.properties.endpoint
