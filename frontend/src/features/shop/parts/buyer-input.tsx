import type { RefObject } from 'react';
import type { ShopTexts } from '../../../texts/en/shop';
import { useShopTexts } from '../../../texts/use-shop-texts';
import { NAME_CODE_POINTS_MAX, type NameProblem } from '../buyer/buyer-name';
import type { BuyerField } from '../buyer/use-buyer';

interface Props {
  field: BuyerField;
  /** An attempt under this name is open, so the name stays. */
  locked: boolean;
  onForget: () => void;
  inputRef: RefObject<HTMLInputElement | null>;
}

export function BuyerInput({ field, locked, onForget, inputRef }: Props) {
  const { buyer } = useShopTexts().texts;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        field.commit();
      }}
    >
      <label htmlFor="buyer" className="mb-1.5 block text-sm font-medium text-muted">
        {buyer.label}
      </label>
      <input
        ref={inputRef}
        id="buyer"
        name="buyer"
        dir="auto"
        autoComplete="nickname"
        spellCheck={false}
        enterKeyHint="done"
        placeholder={buyer.placeholder}
        value={field.draft}
        readOnly={locked}
        aria-invalid={field.problem !== null}
        aria-describedby="buyer-problem"
        className="h-12 w-full rounded-xl border border-edge bg-surface px-4 text-base placeholder:text-muted aria-invalid:border-bad read-only:text-muted"
        onChange={(event) => field.edit(event.currentTarget.value)}
        onBlur={() => field.commit()}
      />
      {/* Their place is kept: a name that is taken, or faulted, while "Buy" is pressed must not move that button. */}
      <div className="mt-1 flex min-h-11 flex-wrap items-center justify-between gap-x-4">
        <p id="buyer-problem" role="alert" className="text-sm font-medium text-bad">
          {field.problem && problemWords(field.problem, buyer)}
        </p>
        {field.name !== '' && field.problem === null && !locked && (
          <button type="button" className="text-link ml-auto text-sm" onClick={onForget}>
            {buyer.forget}
          </button>
        )}
      </div>
    </form>
  );
}

function problemWords(problem: NameProblem, buyer: ShopTexts['buyer']): string {
  return problem === 'tooLong' ? buyer.tooLong(NAME_CODE_POINTS_MAX) : buyer[problem];
}
