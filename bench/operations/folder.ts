import path from 'node:path';

/** This folder. Workers are bundled elsewhere, so that they find it by the package. */
export const FOLDER = path.join(path.dirname(require.resolve('selvage/package.json')), 'bench', 'operations');
