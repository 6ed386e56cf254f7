import type { ComponentChildren } from 'preact';

export interface PanelProps {
  readonly name: string;
  readonly title: string;
  /** Beside the title: a figure or switches. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Panel({ name, title, aside, children }: PanelProps) {
  return (
    <section class={`panel ${name}`} aria-labelledby={`${name}-title`}>
      <header class="panel-head">
        <h2 id={`${name}-title`}>{title}</h2>
        {aside !== undefined && <div class="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

export function Switches<T>(props: {
  readonly label: string;
  readonly options: readonly (readonly [name: string, value: T])[];
  readonly value: T;
  readonly choose: (value: T) => void;
}) {
  return (
    <div class="switches" role="group" aria-label={props.label}>
      {props.options.map(([name, value]) => (
        <button type="button" aria-pressed={value === props.value} onClick={() => props.choose(value)}>
          {name}
        </button>
      ))}
    </div>
  );
}

export const Empty = ({ children }: { readonly children: ComponentChildren }) => <p class="empty">{children}</p>;
