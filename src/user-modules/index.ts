export { whyNotLoadable } from './load-errors';
export {
  JAVASCRIPT_EXTENSIONS,
  keepTypeScriptLoadable,
  loadedProjectFiles,
  loadModule,
  noteFile,
  TYPESCRIPT_EXTENSIONS,
} from './load-module';
