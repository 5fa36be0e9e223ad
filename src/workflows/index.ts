/**
 * The workflow entry: one default handler for every workflow type. Users with a bundle of their own re-export it:
 * `export { default } from 'selvage/workflows'`.
 */
export { interpret as default } from './interpreter';
