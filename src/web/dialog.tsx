import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface DialogProps {
  readonly title: string;
  readonly confirm: string;
  /** Cannot be taken back: the way out has the focus, so that a second Enter does nothing. */
  readonly grave: boolean;
  readonly children: ComponentChildren;
  readonly answer: (confirmed: boolean) => void;
}

export function Dialog({ title, confirm, grave, children, answer }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const focus = useRef<HTMLButtonElement>(null);
  /** Closing gives the focus back to the button that has asked. */
  const close = (confirmed: boolean) => {
    dialog.current!.close();
    answer(confirmed);
  };
  useEffect(() => {
    dialog.current!.showModal();
    focus.current!.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        close(false);
      }}
    >
      <h2 id="dialog-title">{title}</h2>
      <p>{children}</p>
      <div class="choices">
        <button type="button" ref={grave ? focus : null} onClick={() => close(false)}>
          Go back
        </button>
        <button
          type="button"
          ref={grave ? null : focus}
          class={grave ? 'danger' : 'primary'}
          onClick={() => close(true)}
        >
          {confirm}
        </button>
      </div>
    </dialog>
  );
}
