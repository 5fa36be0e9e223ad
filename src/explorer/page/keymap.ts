/**
 * Keys are written `j`, `mod+k`, `shift+ArrowUp`, and in sequences `g r`. `mod` is Command on a Mac, else
 * Control. The layer added last is asked first, so that a dialog comes before the page below it.
 */
export interface Binding {
  readonly keys: string | readonly string[];
  /** The action in words, for the sheet of keys. */
  readonly says: string;
  readonly run: () => void;
  /** Whether the binding also works while a field has the focus. Default: false. */
  readonly inFields?: boolean;
  /** Whether the binding works now. Default: always. */
  readonly when?: () => boolean;
  readonly isHidden?: boolean;
}

interface Layer {
  readonly title: string;
  readonly bindings: readonly Binding[];
  /** Whether this layer disables the layers below it. */
  readonly isModal?: boolean;
}

interface Stroke {
  readonly key: string;
  readonly mod?: boolean;
  readonly alt?: boolean;
  readonly shift?: boolean;
  readonly inField?: boolean;
}

export class Keymap {
  private readonly layers: Layer[] = [];
  private begun: string[] = [];

  add(layer: Layer): () => void {
    this.layers.push(layer);
    return () => {
      const index = this.layers.indexOf(layer);
      if (index >= 0) this.layers.splice(index, 1);
    };
  }

  /** @returns `begun` if keys of a sequence are still to come; undefined if nothing is bound to the stroke */
  press(stroke: Stroke): 'ran' | 'begun' | undefined {
    const name = nameOf(stroke);
    for (const typed of this.begun.length > 0 ? [[...this.begun, name], [name]] : [[name]]) {
      const hit = this.find(typed, stroke);
      if (hit === undefined) continue;
      if (hit === 'begun') {
        this.begun = typed;
        return 'begun';
      }
      this.begun = [];
      hit.run();
      return 'ran';
    }
    this.begun = [];
    return undefined;
  }

  forget(): void {
    this.begun = [];
  }

  /** The current bindings by title, the newest first; layers of one title are joined. */
  sheet(): { title: string; bindings: Binding[] }[] {
    const sections = new Map<string, Binding[]>();
    for (const layer of this.active()) {
      const shown = layer.bindings.filter((one) => !one.isHidden && one.when?.() !== false);
      if (shown.length === 0) continue;
      sections.set(layer.title, [...(sections.get(layer.title) ?? []), ...shown]);
    }
    return [...sections].map(([title, bindings]) => ({ title, bindings }));
  }

  private find(typed: readonly string[], stroke: Stroke): Binding | 'begun' | undefined {
    const wanted = typed.join(' ');
    for (const { bindings } of this.active()) {
      let isBegun = false;
      for (const binding of bindings) {
        if (stroke.inField && !binding.inFields) continue;
        if (binding.when?.() === false) continue;
        for (const keys of keysOf(binding)) {
          if (keys === wanted) return binding;
          if (keys.startsWith(`${wanted} `)) isBegun = true;
        }
      }
      if (isBegun) return 'begun';
    }
    return undefined;
  }

  private active(): Layer[] {
    const modal = this.layers.findLastIndex(({ isModal }) => isModal);
    return this.layers.slice(Math.max(0, modal)).reverse();
  }
}

export function keysOf({ keys }: Pick<Binding, 'keys'>): readonly string[] {
  return typeof keys === 'string' ? [keys] : keys;
}

function nameOf({ key, mod, alt, shift }: Stroke): string {
  const isSign = [...key].length === 1;
  const name = isSign && /[A-Z]/.test(key) ? key : key === ' ' ? 'Space' : key;
  return `${mod ? 'mod+' : ''}${alt ? 'alt+' : ''}${shift && !isSign ? 'shift+' : ''}${name}`;
}
