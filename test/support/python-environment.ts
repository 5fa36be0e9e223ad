import path from 'node:path';
import { InstalledProgram } from './installed-program';

/** Python with Dask, Ray and Celery. */
const python = new InstalledProgram(['python.js']);

export const describeWithClusters = (): typeof describe | typeof describe.skip => python.describe();

/** The interpreter that has the clusters. */
export const clusterPython = (): string => python.path;

/** The folders in which processes of Python that tests start find `selvage`, and the bodies. */
export const PYTHON_SOURCES = path.resolve(__dirname, '../../python/src');
export const PYTHON_BODIES = path.resolve(__dirname, '../dispatchers/bodies');
