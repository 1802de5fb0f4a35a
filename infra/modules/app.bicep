// The function app and what it stands on. No key is stored anywhere: the identity opens storage, vault and topic.
param location string
param tags object
param repository string
param githubTokenSecretName string
param githubAppId string
param githubAppKeyName string
param webhookSecretName string
param followMembers bool
param storageSku string

var suffix = uniqueString(resourceGroup().id)
var deploymentContainer = 'deployments'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-fleetwright-${suffix}'
  location: location
  tags: tags
}

module storage 'storage.bicep' = {
  name: 'fleetwright-storage'
  params: {
    location: location
    tags: tags
    name: 'stfw${suffix}'
    sku: storageSku
    deploymentContainer: deploymentContainer
    principalId: identity.properties.principalId
  }
}

module vault 'vault.bicep' = {
  name: 'fleetwright-vault'
  params: {
    location: location
    tags: tags
    name: 'kv-fw-${suffix}'
    principalId: identity.properties.principalId
  }
}

module topic 'topic.bicep' = {
  name: 'fleetwright-topic'
  params: {
    location: location
    tags: tags
    name: 'evgt-fleetwright-${suffix}'
    identityId: identity.id
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-fleetwright-${suffix}'
  location: location
  tags: tags
  properties: { sku: { name: 'PerGB2018' }, retentionInDays: 30 }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-fleetwright-${suffix}'
  location: location
  tags: tags
  kind: 'web'
  properties: { Application_Type: 'web', WorkspaceResourceId: logs.id, DisableLocalAuth: true }
}

// Monitoring Metrics Publisher
resource publishesMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, 'metrics')
  scope: insights
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '3913510d-42f4-4e42-8a64-420c390055eb')
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-fleetwright-${suffix}'
  location: location
  tags: tags
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  kind: 'functionapp'
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: 'func-fleetwright-${suffix}'
  location: location
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.outputs.blobEndpoint}${deploymentContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      runtime: { name: 'node', version: '22' }
      // 2,048 MB is the default, 40 the least that the platform takes: each event and timer function scales by itself.
      scaleAndConcurrency: { instanceMemoryMB: 2048, maximumInstanceCount: 40 }
    }
  }
}

// Website Contributor: Event Grid subscribes only a function that whoever asks may write.
resource subscribesItself 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (followMembers) {
  name: guid(site.id, identity.id, 'follow-members')
  scope: site
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'de139f84-1758-47ae-9be6-808fbbe84772')
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

var vaultDns = 'https://${vault.outputs.name}${az.environment().suffixes.keyvaultDns}'
var chosenSettings = union(
  empty(githubAppId) ? {} : { FLEETWRIGHT_GITHUB_APP_ID: githubAppId, FLEETWRIGHT_GITHUB_APP_KEY: '${vaultDns}/keys/${githubAppKeyName}' },
  empty(githubTokenSecretName) ? {} : { FLEETWRIGHT_GITHUB_TOKEN: '@Microsoft.KeyVault(VaultName=${vault.outputs.name};SecretName=${githubTokenSecretName})' },
  empty(webhookSecretName) ? {} : { FLEETWRIGHT_WEBHOOK_URL: '@Microsoft.KeyVault(VaultName=${vault.outputs.name};SecretName=${webhookSecretName})' },
  followMembers ? { FLEETWRIGHT_EVENT_DESTINATION: site.id } : {}
)

// The names of docs/deploy.md.
resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: site
  name: 'appsettings'
  properties: union(chosenSettings, {
    AzureWebJobsStorage__accountName: storage.outputs.name
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.properties.clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
    AZURE_CLIENT_ID: identity.properties.clientId
    FLEETWRIGHT_REPOSITORY: repository
    FLEETWRIGHT_TOPIC_ENDPOINT: topic.outputs.endpoint
  })
}

output functionAppName string = site.name
output functionAppId string = site.id
output identityId string = identity.id
output principalId string = identity.properties.principalId
output storageId string = storage.outputs.id
output topicId string = topic.outputs.id
output vaultName string = vault.outputs.name
