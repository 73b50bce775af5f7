// SPDX-License-Identifier: Apache-2.0
// An identity that pods of one service account can use, a Premium vault, the right to release, and an exportable key with a release policy.
//   az deployment group create -g GROUP -f main.bicep -p vaultName=NAME oidcIssuer=URL
param location string = resourceGroup().location
param vaultName string
param keyName string = 'db'
param identityName string = 'keyward'
@description('az aks show --query oidcIssuerProfile.issuerUrl')
param oidcIssuer string
param namespace string = 'default'
param serviceAccount string = 'keyward'

var releaseUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '08bbd89e-9f13-488c-ac41-acfcb10c90ab') // Key Vault Crypto Service Release User

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: identityName
  location: location
}

resource federated 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identity
  name: 'aks'
  properties: {
    issuer: oidcIssuer
    subject: 'system:serviceaccount:${namespace}:${serviceAccount}'
    audiences: ['api://AzureADTokenExchange']
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: vaultName
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'premium' }
    enableRbacAuthorization: true
    enablePurgeProtection: true
  }
}

resource key 'Microsoft.KeyVault/vaults/keys@2023-07-01' = {
  parent: vault
  name: keyName
  properties: {
    kty: 'RSA-HSM'
    keySize: 3072
    keyOps: ['decrypt', 'encrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']
    attributes: { enabled: true, exportable: true }
    release_policy: {
      contentType: 'application/json; charset=utf-8'
      data: base64(loadTextContent('policy.json'))
    }
  }
}

resource mayRelease 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, releaseUser)
  scope: vault
  properties: {
    roleDefinitionId: releaseUser
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

output clientId string = identity.properties.clientId
output keyUrl string = '${vault.properties.vaultUri}keys/${keyName}'
