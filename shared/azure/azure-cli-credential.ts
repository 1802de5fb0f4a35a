/** Named here, so that a bundle takes this one credential of the library and leaves MSAL out. */
export { AzureCliCredential } from "@azure/identity";
