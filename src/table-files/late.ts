import { loadTableEngineBy, type TableEngine } from '../tables/engine';

// eslint-disable-next-line @typescript-eslint/no-require-imports -- late, and a user's jest has no `import()`
loadTableEngineBy(() => Promise.resolve((require('./index') as { engine: TableEngine }).engine));
