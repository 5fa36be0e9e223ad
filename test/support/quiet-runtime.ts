import { Runtime, type LogLevel } from '@temporalio/worker';

/** Warnings and errors of the SDK and of our own code, for tests of what is said. They come a little late. */
export const logged: { level: LogLevel; message: string }[] = [];

function note(level: LogLevel, message: string): void {
  logged.push({ level, message });
}

let isInstalled = false;

/**
 * Keeps the SDK from writing to the terminal: tests provoke the very warnings that it would write. To be called before a
 * worker or its connection is made, and only then: the process lives on until the last of them is closed.
 */
export function quietRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    // Tests of what workers tell the server need not wait a minute.
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
