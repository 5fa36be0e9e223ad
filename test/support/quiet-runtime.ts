import { Runtime, type LogLevel } from '@temporalio/worker';

/** Warnings and errors of the SDK and of our own code, for tests. They arrive with a short delay. */
export const logged: { level: LogLevel; message: string }[] = [];

function note(level: LogLevel, message: string): void {
  logged.push({ level, message });
}

let isInstalled = false;

/**
 * Keeps the SDK from writing to the terminal, because tests provoke its warnings. Must be called before a worker or its
 * connection is made, and only then, as the process stays alive until the last of them is closed.
 */
export function quietRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    // For tests of heartbeats, which would otherwise wait for a minute.
    workerHeartbeatInterval: '1s',
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
}
