import { Runtime, type LogEntry, type LogLevel } from '@temporalio/worker';

/** What the SDK and our own code logged since {@link forgetLog}, for tests of what is said. */
export const logged: { level: LogLevel; message: string }[] = [];

export function forgetLog(): void {
  logged.length = 0;
}

/**
 * Keeps the SDK from writing to the terminal: tests provoke the very warnings that it would write. Imported before the
 * first worker is made, once a process.
 */
function note(level: LogLevel, message: string): void {
  logged.push({ level, message });
}

Runtime.install({
  logger: {
    log: (level, message) => note(level, message),
    trace: () => {},
    debug: () => {},
    info: () => {},
    warn: (message) => note('WARN', message),
    error: (message) => note('ERROR', message),
  },
  telemetryOptions: { logging: { filter: { core: 'ERROR' }, forward: {} } },
});

export type { LogEntry };
