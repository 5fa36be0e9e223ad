/** Exit codes of the command line; documented in `docs/cli.md`. */
export const EXIT = {
  /** The command, and the run, succeeded. */
  ok: 0,
  /** The exit code of a run that did not succeed; `doctor` misses something; `gc` could not reach a store. */
  runFailed: 1,
  /** The command could not work: wrong usage, bad input, an unusable server or folder. */
  usage: 2,
  /** An error that is not ours: a defect of Selvage. */
  unexpected: 70,
  /** A body ended the process before the command had its result. The run continues. */
  endedEarly: 75,
  interrupted: 130,
  terminated: 143,
} as const;
