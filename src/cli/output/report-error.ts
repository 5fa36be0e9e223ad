import { docsOf, SelvageError } from '../../errors';
import { redactText } from '../../values/redact';
import { EXIT } from './exit-codes';
import type { Output } from './output';

/** Writes the error and the address of its documentation, with the stack if `--verbose`. Returns the exit code. */
export function reportError(error: unknown, output: Output): number {
  output.endLive();
  if (SelvageError.is(error)) {
    const { code, message, details } = error;
    const docs = docsOf(code);
    output.error(`${code}: ${message}\n${docs}`);
    if (output.verbose) output.warn(withCauses(error));
    if (output.json) {
      // `reason` tells the mistakes of one code apart.
      const { reason, problems } = details;
      output.document({ error: { code, message: redactText(message), reason, problems, docs } });
    }
    return EXIT.usage;
  }
  const message = withoutBytes(error instanceof Error ? error.message : String(error));
  const docs = docsOf('InternalError');
  output.error(`InternalError: ${message}\n${docs}`);
  if (error instanceof Error) output.warn(withCauses(error));
  output.warn('This is a defect of Selvage: please report it with the lines above.');
  if (output.json) output.document({ error: { code: 'InternalError', message, docs } });
  return EXIT.unexpected;
}

const MAXIMUM_CAUSES = 5;

function withCauses(error: unknown): string {
  const stacks: string[] = [];
  let at = error;
  while (at instanceof Error && stacks.length < MAXIMUM_CAUSES) {
    stacks.push(at.stack ?? at.message);
    at = at.cause;
  }
  return redactText(withoutBytes(stacks.join('\ncaused by: ')));
}

/** The SDK's core includes the bytes of a message in its errors. */
function withoutBytes(text: string): string {
  return text.replace(
    /,? ?details: b"(?:[^"\\]|\\.)*"(?:, metadata: MetadataMap \{ headers: \{.*?\} \})?(?:, source: None)?/gs,
    '',
  );
}
