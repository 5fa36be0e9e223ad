import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons';

export interface ButtonProps {
  children?: ComponentChildren;
  icon?: IconName;
  /** `primary`: the page's main action. `danger`: cannot be undone. `quiet`: no border. */
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  /** What it does, for a button with only an icon. */
  label?: string;
  href?: string;
  type?: 'button' | 'submit';
  isDisabled?: boolean;
  isBusy?: boolean;
  isPressed?: boolean;
  isExpanded?: boolean;
  onClick?: (event: MouseEvent) => void;
}

export function Button(props: ButtonProps) {
  const { children, href, icon, kind = 'plain', label, type = 'button', isBusy = false } = props;
  const look = `button ${kind}${children === undefined ? ' bare' : ''}`;
  const content = (
    <>
      {icon && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </>
  );
  if (href !== undefined)
    return (
      <a class={look} href={href}>
        {content}
      </a>
    );
  return (
    <button
      type={type}
      class={look}
      aria-label={label}
      title={children === undefined ? label : undefined}
      disabled={props.isDisabled || isBusy}
      aria-busy={isBusy || undefined}
      aria-pressed={props.isPressed}
      aria-expanded={props.isExpanded}
      onClick={props.onClick}
    >
      {content}
    </button>
  );
}
