// Secrets of GitHub and of the webhook; the key of the GitHub App is imported here and never leaves.
param location string
param tags object
param name string
param principalId string

// Key Vault Secrets User: app settings refer to secrets. Key Vault Crypto User: signing with the App's key.
var roles = {
  secrets: '4633458b-17de-408a-b874-0445c86b69e6'
  keys: '12338af0-0e69-4776-bea7-57ae8d297424'
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { family: 'A', name: 'standard' }
    tenantId: subscription().tenantId
    enableRbacAuthorization: true
    enablePurgeProtection: true
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in items(roles): {
    name: guid(vault.id, principalId, role.key)
    scope: vault
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.value)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

output name string = vault.name
