// Who the workflows are: one identity per role, each trusted from its own places of one repository. Apart from the
// functions, and deployed by itself: az deployment sub create --template-file infra/workflows.bicep
targetScope = 'subscription'

@description('Names the resource group and the identities.')
@minLength(1)
@maxLength(32)
param environmentName string

param location string

@description('OWNER/NAME of the repository that holds fleetwright.yaml.')
param repository string

@description('GitHub environments whose jobs roll out and take snapshots, as the operator.')
param operatorEnvironments array = ['dev', 'prod']

@description('GitHub environments whose jobs repair nodes and replace node pools, as the repairer; a person approves each but the way back.')
param repairerEnvironments array = ['prod-repair', 'prod-green', 'prod-drain', 'prod-commit', 'prod-roll-back']

var tags = { application: 'fleetwright' }
// A job without an environment, and one that names an environment on every event.
var readerSubjects = ['repo:${repository}:pull_request', 'repo:${repository}:environment:review']
var operatorSubjects = [for name in operatorEnvironments: 'repo:${repository}:environment:${name}']
var repairerSubjects = [for name in repairerEnvironments: 'repo:${repository}:environment:${name}']

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}-workflows'
  location: location
  tags: tags
}

module reader 'modules/job-identity.bicep' = {
  name: 'fleetwright-reader'
  scope: group
  params: {
    name: 'id-${environmentName}-reader'
    location: location
    tags: tags
    subjects: readerSubjects
  }
}

module operator 'modules/job-identity.bicep' = {
  name: 'fleetwright-operator'
  scope: group
  params: {
    name: 'id-${environmentName}-operator'
    location: location
    tags: tags
    subjects: operatorSubjects
  }
}

module repairer 'modules/job-identity.bicep' = {
  name: 'fleetwright-repairer'
  scope: group
  params: {
    name: 'id-${environmentName}-repairer'
    location: location
    tags: tags
    subjects: repairerSubjects
  }
}

module readerRole 'modules/custom-role.bicep' = {
  name: 'fleetwright-reader-role'
  params: { role: loadJsonContent('roles/reader.json'), principalId: reader.outputs.principalId }
}

module operatorRole 'modules/custom-role.bicep' = {
  name: 'fleetwright-operator-role'
  params: { role: loadJsonContent('roles/operator.json'), principalId: operator.outputs.principalId }
}

module repairerRole 'modules/custom-role.bicep' = {
  name: 'fleetwright-repairer-role'
  params: { role: loadJsonContent('roles/repairer.json'), principalId: repairer.outputs.principalId }
}

output READER_CLIENT_ID string = reader.outputs.clientId
output OPERATOR_CLIENT_ID string = operator.outputs.clientId
output REPAIRER_CLIENT_ID string = repairer.outputs.clientId
