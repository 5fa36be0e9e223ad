import { isMac, isSheetOpen, sheet } from './keys';
import { keysOf } from './keymap';
import { Dialog } from './ui/dialog';
import { useMemo } from 'preact/hooks';

const NAMES: Readonly<Record<string, string>> = {
  mod: isMac ? '⌘' : 'Ctrl',
  alt: isMac ? '⌥' : 'Alt',
  shift: 'Shift',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
  Space: 'Space',
};

export function Sheet() {
  // The bindings are read once, because the dialog that shows them disables the layers below.
  const sections = useMemo(sheet, []);
  return (
    <Dialog title="Keyboard shortcuts" width="large" onClose={() => (isSheetOpen.value = false)}>
      <div class="sheet">
        {sections.map(({ title, bindings }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {bindings.map((binding) => (
                <div key={binding.says} class="row between">
                  <dt>{binding.says}</dt>
                  <dd>
                    {keysOf(binding).map((keys, index) => (
                      <span key={keys}>
                        {index > 0 && <span class="muted"> or </span>}
                        <Keys keys={keys} />
                      </span>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function Keys({ keys }: { keys: string }) {
  return (
    <span class="inline">
      {keys
        .split(' ')
        .flatMap((stroke) => (stroke === '+' ? ['+'] : stroke.split('+')))
        .map((key, index) => (
          <kbd key={index}>{NAMES[key] ?? key}</kbd>
        ))}
    </span>
  );
}
