import { signal } from '@preact/signals';
import { Button } from './button';
import { Shape } from './outcome';

interface Toasted {
  readonly id: number;
  readonly text: string;
  readonly tone: 'ok' | 'err';
  readonly link?: { readonly href: string; readonly text: string };
}

const shown = signal<readonly Toasted[]>([]);
const STAYS_MS = 4000;
let nextId = 0;

function take(id: number): void {
  shown.value = shown.value.filter((one) => one.id !== id);
}

/** Shows a message for some seconds; errors stay until they are closed. */
export function toast(text: string, tone: Toasted['tone'] = 'ok', link?: Toasted['link']): void {
  const id = nextId++;
  shown.value = [...shown.value.slice(-3), { id, text, tone, ...(link && { link }) }];
  if (tone === 'ok') setTimeout(() => take(id), STAYS_MS);
}

export function Toasts() {
  return (
    <div class="toasts column" role="status" aria-live="polite">
      {shown.value.map(({ id, text, tone, link }) => (
        <div key={id} class="toast row">
          <Shape tone={tone} />
          <span class="grow break">{text}</span>
          {link && <a href={link.href}>{link.text}</a>}
          <Button kind="quiet" icon="close" label="Close" onClick={() => take(id)} />
        </div>
      ))}
    </div>
  );
}
