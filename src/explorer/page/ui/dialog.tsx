import type { ComponentChildren, RefObject } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useKeys } from '../keys';
import { Button, type ButtonProps } from './button';

/** Opens a dialog while its element exists, and restores the focus afterwards. @param focused selector in the dialog */
export function useModal(element: RefObject<HTMLDialogElement>, focused?: string): void {
  // Open the dialog before the browser draws: the text typed after the key that opened it is for the dialog.
  useLayoutEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement;
    dialog.showModal();
    if (focused !== undefined) dialog.querySelector<HTMLElement>(focused)?.focus();
    return () => {
      if (dialog.open) dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
}

interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** The button that performs the dialog's act; a dialog without one has nothing at the bottom. */
  submit?: ButtonProps;
  leave?: string;
  width?: 'small' | 'medium' | 'large';
  onClose: () => void;
  onSubmit?: () => void;
}

/** The browser keeps the focus in the dialog; Escape and a click outside close it. */
export function Dialog(props: DialogProps) {
  const { title, children, submit, leave = 'Cancel', width = 'medium', onClose, onSubmit } = props;
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useKeys('Dialog', [], { isModal: true });
  // Focuses the first input, or else a harmless button, but never the cross.
  useModal(element, '.dialog-body :is(input, select, textarea, button), .dialog-box > footer button');
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
        class="dialog-box column grow"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header class="row between">
          <h2 id={id}>{title}</h2>
          <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
        </header>
        <div class="dialog-body grow">{children}</div>
        {submit && (
          <footer class="row">
            <Button onClick={onClose}>{leave}</Button>
            <Button kind="primary" type="submit" {...submit} />
          </footer>
        )}
      </form>
    </dialog>
  );
}
