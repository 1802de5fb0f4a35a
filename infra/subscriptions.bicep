// Who is told what: the second half of the deployment, after the code. Run again when clusters join or leave, and once
// in each further subscription with fleets: each has its own topic of gates.
targetScope = 'subscription'

param functionAppId string
param topicId string
param identityId string
param storageId string

@description('Ids of the member clusters. All may be in other resource groups and subscriptions.')
param clusterIds array = []

@description('Id of a system topic for Microsoft.ResourceNotifications.AKSResources that this subscription has already: one is all it may have.')
param existingGateTopicId string = ''

@description('Resource group of this subscription for that topic, when the function app is in another one.')
param gateTopicGroup string = ''

var gateGroup = empty(gateTopicGroup) ? split(functionAppId, '/')[4] : gateTopicGroup
var gateTopic = empty(existingGateTopicId)
  ? '${subscription().id}/resourceGroups/${gateGroup}/providers/Microsoft.EventGrid/systemTopics/fleetwright-gates'
  : existingGateTopicId
var delivery = { functionAppId: functionAppId, identityId: identityId, storageId: storageId }

module gateTopicOfOurs 'modules/system-topic.bicep' = if (empty(existingGateTopicId)) {
  name: 'fleetwright-gates'
  scope: resourceGroup(gateGroup)
  params: {
    name: last(split(gateTopic, '/'))
    location: 'global'
    source: subscription().id
    topicType: 'Microsoft.ResourceNotifications.AKSResources'
    identityId: identityId
  }
}

module gates 'modules/system-subscription.bicep' = {
  name: 'fleetwright-on-fleet-gate'
  scope: resourceGroup(split(gateTopic, '/')[2], split(gateTopic, '/')[4])
  params: {
    topicName: last(split(gateTopic, '/'))
    functionName: 'on-fleet-gate'
    // An existing topic may not have the identity that may write dead letters.
    hasDeadLetters: empty(existingGateTopicId)
    delivery: delivery
    includedEventTypes: [
      'Microsoft.ResourceNotifications.AKSResources.FleetGateCreated'
      'Microsoft.ResourceNotifications.AKSResources.FleetGateUpdated'
    ]
  }
  dependsOn: [gateTopicOfOurs]
}

module images 'modules/topic-subscription.bicep' = {
  name: 'fleetwright-on-node-image-released'
  scope: resourceGroup(split(topicId, '/')[2], split(topicId, '/')[4])
  params: {
    topicName: last(split(topicId, '/'))
    functionName: 'on-node-image-released'
    delivery: delivery
  }
}

module clusters 'modules/cluster-subscription.bicep' = [
  for id in clusterIds: {
    name: 'fleetwright-${uniqueString(toLower(id))}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { clusterName: last(split(id, '/')), functionAppId: functionAppId }
  }
]
