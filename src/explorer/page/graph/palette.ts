import { KNOT_STATUSES, type KnotStatus } from '../../../visualisation/marks';
import { colourOf } from '../ui/scheme';
import { TONES } from './status';

export interface Palette {
  readonly surface: string;
  readonly ground: string;
  readonly line: string;
  readonly wire: string;
  readonly text: string;
  readonly quiet: string;
  readonly accent: string;
  readonly group: string;
  readonly status: Readonly<Record<KnotStatus, string>>;
  readonly tint: Readonly<Record<KnotStatus, string>>;
}

export function readPalette(): Palette {
  const each = (suffix: string): Record<KnotStatus, string> =>
    Object.fromEntries(
      KNOT_STATUSES.map((status) => [status, colourOf(`--${TONES[status]}${suffix}`)]),
    ) as Record<KnotStatus, string>;
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
