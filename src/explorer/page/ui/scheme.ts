import { signal } from '@preact/signals';
import { store, stored } from './storage';

type Scheme = 'system' | 'light' | 'dark';

const KEY = 'selvage-scheme';
const SCHEMES: readonly Scheme[] = ['system', 'light', 'dark'];

export const scheme = signal<Scheme>('system');
const coloursChanged = signal(0);

/** Calls `draw` when the colours change, until the returned function is called: canvases must be redrawn. */
export function onRecoloured(draw: () => void): () => void {
  let isFirst = true;
  const end = coloursChanged.subscribe(() => {
    if (!isFirst) draw();
  });
  isFirst = false;
  return end;
}

const apply = (): void => show(scheme.value);

function show(shown: Scheme): void {
  const root = document.documentElement;
  if (shown === 'system') delete root.dataset['scheme'];
  else root.dataset['scheme'] = shown;
  known.clear();
  coloursChanged.value += 1;
}

function setScheme(next: Scheme): void {
  scheme.value = next;
  store(KEY, next);
  apply();
}

export function nextScheme(): void {
  setScheme(SCHEMES[(SCHEMES.indexOf(scheme.value) + 1) % SCHEMES.length]!);
}

export function startScheme(): void {
  const text = stored(KEY);
  scheme.value = SCHEMES.find((one) => one === text) ?? 'system';
  apply();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  // Paper is light.
  addEventListener('beforeprint', () => show('light'));
  addEventListener('afterprint', apply);
}

const known = new Map<string, string>();
let probe: HTMLElement | undefined;

/** The colour of a token such as `--ok` in the current scheme, in a form that a canvas accepts. */
export function colourOf(token: string): string {
  let colour = known.get(token);
  if (colour === undefined) {
    if (!probe) {
      probe = document.createElement('span');
      probe.hidden = true;
      document.body.append(probe);
    }
    probe.style.color = `var(${token})`;
    colour = getComputedStyle(probe).color;
    known.set(token, colour);
  }
  return colour;
}
