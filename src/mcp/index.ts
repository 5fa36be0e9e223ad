export { serveTools, type ServeToolsOptions } from './server';
