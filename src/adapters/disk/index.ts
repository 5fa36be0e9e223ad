export { createLocalDiskDataStore, LocalDiskDataStore, type LocalDiskDataStoreOptions } from './data-store';
export { FolderSubjectKeyStore, type FolderSubjectKeyStoreOptions } from './subject-key-store';
