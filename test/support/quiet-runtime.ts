import { Runtime, type LogLevel } from '@temporalio/worker';

/** Warnings and errors of the SDK and of our own code since {@link forgetLog}, for tests of what is said. */
export const logged: { level: LogLevel; message: string }[] = [];

export function forgetLog(): void {
  logged.length = 0;
}

function note(level: LogLevel, message: string): void {
  logged.push({ level, message });
}

// Keeps the SDK from writing to the terminal: tests provoke the very warnings that it would write. Imported before the
// first worker is made, once a process.
Runtime.install({
  logger: {
    log: (level, message) => {
      if (level === 'WARN' || level === 'ERROR') note(level, message);
    },
    trace: () => {},
    debug: () => {},
    info: () => {},
    warn: (message) => note('WARN', message),
    error: (message) => note('ERROR', message),
  },
  telemetryOptions: { logging: { filter: { core: 'ERROR' }, forward: {} } },
});
