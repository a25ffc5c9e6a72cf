import type { RefObject } from 'react';
import type { BuyerField } from '../buyer/use-buyer';

interface Props {
  field: BuyerField;
  /** An attempt under this name is open, so the name stays. */
  locked: boolean;
  inputRef: RefObject<HTMLInputElement | null>;
}

export function BuyerInput({ field, locked, inputRef }: Props) {
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        field.commit();
      }}
    >
      <label htmlFor="buyer" className="mb-1.5 block text-sm font-medium text-muted">
        Your name
      </label>
      <input
        ref={inputRef}
        id="buyer"
        name="buyer"
        autoComplete="nickname"
        spellCheck={false}
        enterKeyHint="done"
        placeholder="The name your purchase goes to"
        value={field.draft}
        readOnly={locked}
        aria-invalid={field.problem !== null}
        aria-describedby="buyer-problem"
        className="h-12 w-full rounded-xl border border-edge bg-surface px-4 text-base placeholder:text-muted aria-invalid:border-bad read-only:text-muted"
        onChange={(event) => field.edit(event.currentTarget.value)}
        onBlur={() => field.commit()}
      />
      <p id="buyer-problem" role="alert" className="text-sm font-medium text-bad not-empty:mt-1.5">
        {field.problem}
      </p>
    </form>
  );
}
