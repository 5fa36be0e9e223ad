import type { ComponentChildren, Ref } from 'preact';
import { Icon, type IconName } from './icons';

export interface ButtonProps {
  children?: ComponentChildren;
  icon?: IconName;
  /** `primary`: the page's main action. `danger`: cannot be undone. `quiet`: no border. */
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  /** What it does, for a button with only an icon. */
  label?: string;
  title?: string;
  type?: 'button' | 'submit';
  isDisabled?: boolean;
  isBusy?: boolean;
  isPressed?: boolean;
  controls?: string;
  isExpanded?: boolean;
  innerRef?: Ref<HTMLButtonElement>;
  onClick?: (event: MouseEvent) => void;
}

export function Button(props: ButtonProps) {
  const { children, icon, kind = 'plain', label, title, type = 'button', isBusy = false } = props;
  return (
    <button
      ref={props.innerRef}
      type={type}
      class={`button ${kind}${children === undefined ? ' bare' : ''}`}
      aria-label={label}
      title={title ?? (children === undefined ? label : undefined)}
      disabled={props.isDisabled || isBusy}
      aria-busy={isBusy || undefined}
      aria-pressed={props.isPressed}
      aria-controls={props.controls}
      aria-expanded={props.isExpanded}
      onClick={props.onClick}
    >
      {icon && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

/** A link that looks like a button. */
export function LinkButton({
  href,
  icon,
  children,
  kind = 'plain',
}: {
  href: string;
  icon?: IconName;
  children: ComponentChildren;
  kind?: ButtonProps['kind'];
}) {
  return (
    <a class={`button ${kind}`} href={href}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  );
}
