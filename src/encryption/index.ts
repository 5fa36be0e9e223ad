export {
  createEncryption,
  encryptionFromEnvironment,
  type Encryption,
  type EncryptionOptions,
} from './encryption';
export { Digests, type DigestKey, type ValueDigest } from './digests';
export { forgetSubject, runsOfSubject, type ForgetOptions } from './forget';
export { Keyring, type KeySource } from './keyring';
export { reseal, type Resealed } from './reseal';
export { encryptionOf, sealBackends } from './seal-backends';
export { SealedDataStore, type SealedDataStoreOptions } from './sealed-data-store';
export { SubjectKeys } from './subject-keys';
export { withSubject } from './run-scope';
