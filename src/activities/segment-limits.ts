/** Bodies running at once in one segment. */
export const CONCURRENCY = 500;
/** After so long a segment starts nothing more: what depends on it from outside should not wait, nor a worker's shutdown. */
export const WORKING_MS = 30_000;
/** After so many bytes of values it starts nothing more, for their memory. */
export const VALUE_BYTES = 32 * 1024 * 1024;
