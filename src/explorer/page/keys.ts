import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Keymap, type Binding } from './keymap';

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

const keymap = new Keymap();
/** Time to type the second key of a sequence, in milliseconds, from when the page has taken the first. */
const SEQUENCE_MS = 1500;
let begunAt = 0;

export const isSheetOpen = signal(false);

export function sheet(): ReturnType<Keymap['sheet']> {
  return keymap.sheet();
}

export function useKeys(
  title: string,
  bindings: readonly Binding[],
  options: { isModal?: boolean } = {},
): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  // Bind the keys before the browser draws: whoever sees the component may press them.
  useLayoutEffect(
    () =>
      keymap.add({
        title,
        isModal: options.isModal,
        get bindings() {
          return latest.current;
        },
      }),
    [title, options.isModal],
  );
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  )
    return true;
  return (
    target instanceof HTMLInputElement &&
    !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type)
  );
}

function isOwnKey(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  return (
    event.target instanceof Element &&
    event.target.closest('a[href], button, summary, [role="tab"], input') !== null
  );
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || isOwnKey(event)) return;
  if (['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return;
  // Of Command and Control, the other one belongs to the system or the browser.
  if (isMac ? event.ctrlKey : event.metaKey) return;
  // The event's time stamp is the time of typing, even if a busy page handles the event later.
  if (event.timeStamp - begunAt > SEQUENCE_MS) keymap.forget();
  const answer = keymap.press({
    key: event.key,
    mod: isMac ? event.metaKey : event.ctrlKey,
    // On many keyboards, AltGr is needed for signs such as `[`.
    alt: event.altKey && !event.getModifierState('AltGraph') && [...event.key].length > 1,
    shift: event.shiftKey,
    inField: isField(event.target),
  });
  if (answer === undefined) return;
  event.preventDefault();
  if (answer === 'begun') begunAt = performance.now();
}

export function startKeys(): void {
  document.addEventListener('keydown', onKeyDown);
}

export const isPaletteOpen = signal(false);

interface Command {
  readonly title: string;
  readonly run: () => void;
}

const offered = signal<readonly { readonly commands: readonly Command[] }[]>([]);

export function useCommands(commands: readonly Command[]): void {
  const key = commands.map(({ title }) => title).join('\n');
  useLayoutEffect(() => {
    const mine = { commands };
    offered.value = [mine, ...offered.peek()];
    return () => {
      offered.value = offered.peek().filter((one) => one !== mine);
    };
  }, [key]);
}

export function commands(): Command[] {
  return offered.value.flatMap((one) => one.commands);
}
