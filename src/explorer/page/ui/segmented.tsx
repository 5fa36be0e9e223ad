import { Button } from './button';
import type { IconName } from './icons';

/** Buttons side by side, of which one is pressed. */
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
