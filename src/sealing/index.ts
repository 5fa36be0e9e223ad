export {
  createEncryption,
  encryptionFromEnvironment,
  type Encryption,
  type EncryptionOptions,
} from './encryption';
export { Keyring, type KeySource } from './keyring';
export { encryptionOf, sealBackends } from './seal-backends';
export { SealedDataStore, type SealedDataStoreOptions } from './sealed-data-store';
export { SubjectKeys } from './subject-keys';
export { withSubject } from './subject-scope';
