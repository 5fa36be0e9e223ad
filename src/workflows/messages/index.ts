/**
 * All messages between the interpreter workflow, its activities and its clients, as plain data. They are in histories
 * for as long as runs are kept, so a field may be added, but its meaning must never change.
 */
export * from './names';
export * from './run';
export * from './extension';
export * from './knot';
export * from './signals';
export * from './maps';
export * from './child-runs';
export * from './streams';
