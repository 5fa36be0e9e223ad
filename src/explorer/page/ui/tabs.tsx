import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Tab {
  readonly id: string;
  readonly title: ComponentChildren;
}

/** Tabs with the chosen one's panel below. Arrows, Home and End move between tabs. */
export function Tabs(props: {
  tabs: readonly Tab[];
  chosen: string;
  onChoose: (id: string) => void;
  label: string;
  /** Whether the panel takes the height that is left. */
  isFilling?: boolean;
  children: ComponentChildren;
}) {
  const { tabs, chosen, onChoose, label, children } = props;
  const look = props.isFilling ? 'column grow' : '';
  const id = useId();
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const to =
      event.key === 'ArrowRight'
        ? (at + 1) % tabs.length
        : event.key === 'ArrowLeft'
          ? (at - 1 + tabs.length) % tabs.length
          : event.key === 'Home'
            ? 0
            : event.key === 'End'
              ? tabs.length - 1
              : -1;
    if (to < 0) return;
    event.preventDefault();
    event.stopPropagation();
    onChoose(tabs[to]!.id);
    const list = event.currentTarget as HTMLElement;
    (list.children[to] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class={look}>
      <div class="tab-list" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`${id}-${tab.id}`}
            type="button"
            class="bare-button"
            role="tab"
            aria-selected={tab.id === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => onChoose(tab.id)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div class={`tab-panel ${look}`} id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${chosen}`}>
        {children}
      </div>
    </div>
  );
}
