import path from 'node:path';
import { InstalledProgram } from './installed-program';

/** Python with Dask, Ray and Celery. */
const python = new InstalledProgram(['python.js']);

export const describeWithClusters = (): typeof describe | typeof describe.skip => python.describe();

/** The interpreter that has the clusters. */
export const clusterPython = (): string => python.path;

/** The folders of `selvage` and of the bodies, for the tests' Python processes. */
export const PYTHON_SOURCES = path.resolve(__dirname, '../../python/src');
export const PYTHON_BODIES = path.resolve(__dirname, '../dispatchers/bodies');
