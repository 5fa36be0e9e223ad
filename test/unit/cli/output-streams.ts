import { Output } from '../../../src/cli/output/output';
import type { OutputStream } from '../../../src/node/terminal';

class Recorder implements OutputStream {
  text = '';
  readonly columns = 60;

  constructor(readonly isTTY: boolean) {}

  write(text: string): void {
    this.text += text;
  }
}

/** An output whose two streams can be looked at. */
export function recordedOutput(
  options: { isTTY?: boolean; json?: boolean; verbose?: boolean; env?: NodeJS.ProcessEnv } = {},
): {
  output: Output;
  stdout: Recorder;
  stderr: Recorder;
} {
  const { isTTY = false, json = false, verbose = false, env = {} } = options;
  const stdout = new Recorder(isTTY);
  const stderr = new Recorder(isTTY);
  const output = new Output(stdout, stderr, env);
  output.configure({ json, verbose });
  return { output, stdout, stderr };
}

/** What a terminal would show after these characters, as lines. */
export function screen(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line.slice(
        line.lastIndexOf('\r\u001b[K') < 0 ? 0 : line.lastIndexOf('\r\u001b[K') + '\r\u001b[K'.length,
      ),
    );
}
