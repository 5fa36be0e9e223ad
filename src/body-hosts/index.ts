export { describePython, hostNames, openHosts, type Said } from './open-hosts';
export { BodyServer, type ServedBodies } from './protocol/body-server';
export type { BodyDescription } from './protocol/messages';
export { bodyNames } from './threads/body-names';
export { PortLink } from './threads/port-link';
export type { ThreadData } from './threads/thread-host';
