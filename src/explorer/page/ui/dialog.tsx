import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useKeys } from '../keys';
import { Button, type ButtonProps } from './button';

interface DialogProps {
  title: string;
  children: ComponentChildren;
  /** The button that does it. Without one, nothing is at the bottom. */
  submit?: ButtonProps;
  /** What the button beside it says, which closes the dialog. */
  leave?: string;
  width?: 'small' | 'medium' | 'large';
  onClose: () => void;
  /** Called on Enter in a field, or by the button. */
  onSubmit?: () => void;
}

/**
 * A modal dialog. The browser keeps the focus in it and restores it afterwards; Escape and a click outside
 * close it.
 */
export function Dialog(props: DialogProps) {
  const { title, children, submit, leave = 'Cancel', width = 'medium', onClose, onSubmit } = props;
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
