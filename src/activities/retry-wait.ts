/** Milliseconds in all that a body waits for its retries in an activity that runs others as well; longer waits are the server's. */
export const RETRY_WAIT_MS = 10_000;
