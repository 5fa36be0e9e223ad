/** After so long without a beat the server takes a worker for lost, and gives its activities to another. */
export const HEARTBEAT_TIMEOUT_MS = 30_000;
