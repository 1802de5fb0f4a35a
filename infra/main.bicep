// Everything that the functions of Fleetwright need, in one resource group. The clusters and the gates are
// subscribed to by subscriptions.bicep, once the code is there: Event Grid refuses a function that it cannot reach.
targetScope = 'subscription'

@description('Names the resource group and, with a digest, every resource.')
@minLength(1)
@maxLength(32)
param environmentName string

param location string

@description('OWNER/NAME of the repository that holds fleetwright.yaml.')
param repository string

@description('Name of a vault secret that holds a GitHub token; empty until the secret is there.')
param githubTokenSecretName string = ''

@description('Id of the GitHub App; its private key is imported into the vault as a key and never leaves it.')
param githubAppId string = ''

@description('Name of that key in the vault.')
param githubAppKeyName string = 'github-app'

@description('Name of a vault secret that holds the address of an incoming webhook; empty: nobody is told.')
param webhookSecretName string = ''

@description('The functions subscribe to the events of clusters that join a fleet, and take back those of clusters that left.')
param followMembers bool = false

@description('Standard_LRS in a region without availability zones.')
param storageSku string = 'Standard_ZRS'

var tags = { 'azd-env-name': environmentName, application: 'fleetwright' }

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module app 'modules/app.bicep' = {
  name: 'fleetwright-app'
  scope: group
  params: {
    location: location
    tags: tags
    repository: repository
    githubTokenSecretName: githubTokenSecretName
    githubAppId: githubAppId
    githubAppKeyName: githubAppKeyName
    webhookSecretName: webhookSecretName
    followMembers: followMembers
    storageSku: storageSku
  }
}

module reactor 'modules/reactor.bicep' = {
  name: 'fleetwright-reactor'
  params: { principalId: app.outputs.principalId, followMembers: followMembers }
}

output AZURE_RESOURCE_GROUP string = group.name
output FLEETWRIGHT_FUNCTION_APP string = app.outputs.functionAppName
output FLEETWRIGHT_FUNCTION_APP_ID string = app.outputs.functionAppId
output FLEETWRIGHT_TOPIC_ID string = app.outputs.topicId
output FLEETWRIGHT_IDENTITY_ID string = app.outputs.identityId
output FLEETWRIGHT_STORAGE_ID string = app.outputs.storageId
output FLEETWRIGHT_VAULT string = app.outputs.vaultName
