/** What the command line answers to its caller; documented in `docs/cli.md`. */
export const EXIT = {
  /** The command did what it was asked; the run succeeded. */
  ok: 0,
  /** The run failed, was cancelled or terminated; `doctor` found that something needed is missing. */
  runFailed: 1,
  /** The command could not do what it was asked: wrong usage, bad input, a server or folder that cannot be used. */
  usage: 2,
  /** A defect of Selvage: an error that is none of ours. */
  unexpected: 70,
  /** The process ended before the command had its result: by what a body did. The run goes on. */
  endedEarly: 75,
  /** Interrupted by Ctrl-C (SIGINT). The run goes on. */
  interrupted: 130,
  /** Ended by SIGTERM. The run goes on. */
  terminated: 143,
} as const;
