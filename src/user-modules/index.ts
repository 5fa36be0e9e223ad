export { whyNotLoadable } from './load-errors';
export {
  JAVASCRIPT_EXTENSIONS,
  keepTypeScriptLoadable,
  loadedProjectFiles,
  loadModule,
  noteFile,
  TYPESCRIPT_EXTENSIONS,
} from './load-module';
export { DOCUMENT_EXTENSIONS, isDocument, loadCode, type LoadedCode } from './load-code';
export { loadConfig, type ProjectConfig } from './load-config';
export { loadedFrom, noteLoaded } from './loaded-from';
