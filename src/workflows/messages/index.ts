/**
 * All messages between the interpreter, its activities and clients, as plain data. Histories keep these messages, so
 * fields may be added, but their meaning must never change.
 */
export * from './names';
export * from './run';
export * from './extension';
export * from './knot';
export * from './signals';
export * from './maps';
export * from './child-runs';
export * from './streams';
