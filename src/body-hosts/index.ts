export type { StartedHost } from './host-pool';
export { describePython, hostNames, openHosts, type Said } from './open-hosts';
export { BodyServer, type ServedBodies } from './protocol/body-server';
export type { Frame } from './protocol/link';
export { PROTOCOLS, readHostMessage, type BodyDescription, type ToldError } from './protocol/messages';
export { startProcess } from './processes/process-host';
export { PortLink } from './threads/port-link';
export { startThread, type ThreadData } from './threads/thread-host';
