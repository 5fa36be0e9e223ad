import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useKeys } from '../keys';
import { Button } from './button';

export interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** Buttons at the bottom. */
  foot?: ComponentChildren;
  width?: 'small' | 'medium' | 'large';
  onClose: () => void;
  /** Called on Enter in a field, or by a button of type submit. */
  onSubmit?: () => void;
}

/**
 * A modal dialog. The browser keeps the focus in it and restores it afterwards; Escape and a click outside
 * close it.
 */
export function Dialog({ title, children, foot, width = 'medium', onClose, onSubmit }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useKeys('Dialog', [], { isModal: true });
  // Before the browser draws: what is typed after the key that opened it is for the dialog.
  useLayoutEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement;
    dialog.showModal();
    // Focuses the first input, or else a harmless button, but never the cross.
    dialog
      .querySelector<HTMLElement>(
        '.dialog-body :is(input, select, textarea, button), .dialog-box > footer button',
      )
      ?.focus();
    return () => {
      if (dialog.open) dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={`dialog ${width}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <form
        class="dialog-box"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header>
          <h2 id={id}>{title}</h2>
          <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {foot !== undefined && <footer>{foot}</footer>}
      </form>
    </dialog>
  );
}
