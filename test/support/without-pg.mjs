// For `node --import`: as if pg were not installed.
import { register } from 'node:module';

const hooks = `export async function resolve(name, context, next) {
  if (name !== 'pg') return next(name, context);
  throw Object.assign(new Error("Cannot find package 'pg'"), { code: 'ERR_MODULE_NOT_FOUND' });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
