import type { ComponentChildren } from 'preact';
import { href, type Place } from '../router';
import { Icon, type IconName } from './icons';

export interface ButtonProps {
  children?: ComponentChildren;
  icon?: IconName;
  /** `primary`: the page's main action. `danger`: cannot be undone. `quiet`: no border. */
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  /** The button's action in words, for a button with only an icon. */
  label?: string;
  href?: string;
  type?: 'button' | 'submit';
  isDisabled?: boolean;
  isBusy?: boolean;
  isPressed?: boolean;
  /** Whether the Tab key passes over it. */
  isSkipped?: boolean;
  isExpanded?: boolean;
  onClick?: (event: MouseEvent) => void;
}

export function Button(props: ButtonProps) {
  const { children, href, icon, kind = 'plain', label, type = 'button', isBusy = false } = props;
  const look = `button inline ${kind}${children === undefined ? ' bare' : ''}`;
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
      tabIndex={props.isSkipped ? -1 : undefined}
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

export function Link(props: { to: Place; class?: string; title?: string; children: ComponentChildren }) {
  const { to, class: look = 'link', title, children } = props;
  return (
    <a class={look} href={href(to)} title={title}>
      {children}
    </a>
  );
}

export function Segmented<Id extends string | undefined>(props: {
  label: string;
  choices: readonly (readonly [id: Id, words: string, icon?: IconName])[];
  chosen: Id;
  onChoose: (id: Id) => void;
}) {
  return (
    <div class="segmented" role="group" aria-label={props.label}>
      {props.choices.map(([id, words, icon]) => (
        <Button key={words} icon={icon} isPressed={id === props.chosen} onClick={() => props.onChoose(id)}>
          {words}
        </Button>
      ))}
    </div>
  );
}
