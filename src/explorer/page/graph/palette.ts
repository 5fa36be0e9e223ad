import type { KnotStatus } from '../../../visualisation/selection';
import { colourOf } from '../ui/scheme';
import { STATUSES } from './status';
import { TONES } from './tones';

/** Colours of the current scheme for drawing on a canvas. */
export interface Palette {
  readonly surface: string;
  readonly ground: string;
  readonly line: string;
  readonly wire: string;
  readonly text: string;
  readonly quiet: string;
  readonly accent: string;
  readonly group: string;
  /** Lines, marks and text of a status. */
  readonly status: Readonly<Record<KnotStatus, string>>;
  /** Backgrounds of a status, behind text. */
  readonly tint: Readonly<Record<KnotStatus, string>>;
}

export function readPalette(): Palette {
  const each = (suffix: string): Record<KnotStatus, string> =>
    Object.fromEntries(STATUSES.map((status) => [status, colourOf(`--${TONES[status]}${suffix}`)])) as Record<
      KnotStatus,
      string
    >;
  return {
    surface: colourOf('--ground-raised'),
    ground: colourOf('--ground-sunken'),
    line: colourOf('--line-strong'),
    wire: colourOf('--wire'),
    text: colourOf('--text'),
    quiet: colourOf('--muted'),
    accent: colourOf('--accent'),
    group: colourOf('--group'),
    status: each(''),
    tint: each('-soft'),
  };
}
