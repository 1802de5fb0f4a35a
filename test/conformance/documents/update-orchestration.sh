# Source: https://learn.microsoft.com/azure/kubernetes-fleet/update-orchestration

# Prerequisites
az extension add --name fleet
az extension update --name fleet

# Update all clusters one by one
az fleet updaterun create --resource-group $GROUP --fleet-name $FLEET --name run-1 --upgrade-type Full --kubernetes-version 1.26.0 --node-image-selection Latest
az fleet updaterun start --resource-group $GROUP --fleet-name $FLEET --name run-1

# Assign clusters to update groups and stages
az fleet member create --resource-group $GROUP --fleet-name $FLEET --name member1 --member-cluster-id $AKS_CLUSTER_ID --update-group group-1a

# Define an update run and stages
az fleet updaterun create --resource-group $GROUP --fleet-name $FLEET --name run-1 --upgrade-type Full --kubernetes-version 1.26.0 --node-image-selection Latest --stages example-stages.json
az fleet updaterun start --resource-group $GROUP --fleet-name $FLEET --name run-1

# Create an update run using update strategies
az fleet updatestrategy create --resource-group $GROUP --fleet-name $FLEET --name strategy-1 --stages example-stages.json
az fleet updaterun create --resource-group $GROUP --fleet-name $FLEET --name run-5 --update-strategy-name strategy-1 --upgrade-type NodeImageOnly --node-image-selection Consistent

# Manage an update run
az fleet updaterun start --resource-group $GROUP --fleet-name $FLEET --name <run-name>
az fleet updaterun stop --resource-group $GROUP --fleet-name $FLEET --name <run-name>
az fleet updaterun skip --resource-group $GROUP --fleet-name $FLEET --name <run-name> --targets Group:my-group-name Stage:my-stage-name
