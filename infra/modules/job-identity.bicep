// An identity for jobs of one repository: GitHub's own token proves the place of the job, so that no secret is stored.
param name string
param location string
param tags object

@description('Subjects of the tokens that are trusted: repo:OWNER/NAME:environment:prod')
param subjects array

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

// One after the other: Entra refuses credentials of one identity that are written at once.
@batchSize(1)
resource credentials 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = [
  for subject in subjects: {
    parent: identity
    name: uniqueString(subject)
    properties: {
      issuer: 'https://token.actions.githubusercontent.com'
      subject: subject
      audiences: ['api://AzureADTokenExchange']
    }
  }
]

output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
