/** Exit codes of the command line; documented in `docs/cli.md`. */
export const EXIT = {
  /** The command succeeded; the run succeeded. */
  ok: 0,
  /** The run failed, was cancelled or terminated; `doctor` found something needed missing; `gc` could not reach a store. */
  runFailed: 1,
  /** The command could not do its work: wrong usage, bad input, an unusable server or folder. */
  usage: 2,
  /** A defect of Selvage: an error that is not one of ours. */
  unexpected: 70,
  /** A body ended the process before the command had its result. The run continues. */
  endedEarly: 75,
  /** Interrupted by Ctrl-C (SIGINT). The run continues. */
  interrupted: 130,
  /** Ended by SIGTERM. The run continues. */
  terminated: 143,
} as const;
