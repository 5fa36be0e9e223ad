/** How records and the server name a worker of the campaign. */
export function workerIdentity(pid: number): string {
  return `worker-${pid}`;
}
