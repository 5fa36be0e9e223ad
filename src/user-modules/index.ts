export { whyNotLoadable } from './load-errors';
export {
  JAVASCRIPT_EXTENSIONS,
  keepTypeScriptLoadable,
  loadedProjectFiles,
  loadModule,
  noteFile,
  TYPESCRIPT_EXTENSIONS,
} from './load-module';
export { DOCUMENT_EXTENSIONS, isDocument, loadCode } from './load-code';
export { loadConfig } from './load-config';
export { loadedFrom, noteLoaded } from './loaded-from';
