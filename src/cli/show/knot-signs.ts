import type { KnotStatus } from '../../visualisation/marks';
import type { Output } from '../output/output';

/** Signs that terminals have. */
export const SIGNS: Readonly<Record<KnotStatus, string>> = {
  failed: '✗',
  running: '▸',
  waiting: '◦',
  ok: '✓',
  reused: '↺',
  skipped: '−',
  pending: '·',
};

/** Paints a text in the colour of a status. A skipped knot is no failure. */
export function painted(status: KnotStatus, text: string, output: Output): string {
  switch (status) {
    case 'failed':
      return output.red(text);
    case 'ok':
    case 'reused':
      return output.green(text);
    case 'running':
      return output.bold(text);
    case 'waiting':
      return output.yellow(text);
    default:
      return output.dim(text);
  }
}
