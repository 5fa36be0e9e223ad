import { SelvageError } from '../errors';

export function scopeMissing(scope: 'read' | 'values' | 'act'): SelvageError {
  return new SelvageError(
    'ScopeMissing',
    `The token has not the scope "${scope}". Whoever serves this can give it in SELVAGE_API_TOKENS.`,
    { details: { scope } },
  );
}
