// What the functions are granted in a subscription with fleets and clusters; to be deployed in each such subscription.
targetScope = 'subscription'

param principalId string

@description('The functions keep the event subscriptions of the member clusters, and so may write them.')
param followMembers bool = false

module reactor 'custom-role.bicep' = {
  name: 'fleetwright-reactor-role'
  params: { role: loadJsonContent('../roles/reactor.json'), principalId: principalId }
}

module subscriber 'custom-role.bicep' = if (followMembers) {
  name: 'fleetwright-subscriber-role'
  params: { role: loadJsonContent('../roles/subscriber.json'), principalId: principalId }
}
