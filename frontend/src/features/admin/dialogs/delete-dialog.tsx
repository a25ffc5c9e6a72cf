import { useState } from 'react';
import { deleteProduct } from '../../../api/delete-product';
import { getProduct } from '../../../api/get-product';
import type { Product } from '../../../api/wire';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { asAdmin } from '../session/admin-session';
import { Question } from './question';
import { type Doing, notDone, useDoing } from './use-doing';

interface Props {
  product: Product;
  onClose: () => void;
  onDone: () => void;
}

/** Deletes a product, once its sku was typed. */
export function DeleteDialog({ product, onClose, onDone }: Props) {
  const { texts, locale } = useAdminTexts();
  const words = texts.delete;
  const { doing, run } = useDoing();
  const [typed, setTyped] = useState('');
  const [mismatch, setMismatch] = useState(false);
  const { sku, productName, totalPurchases } = product;

  const done = (): null => {
    onDone();
    return null;
  };

  const send = () => {
    if (typed.trim() !== sku) {
      setMismatch(true);
      document.getElementById('confirm-sku')?.focus();
      return;
    }
    void run(
      () => asAdmin((key) => deleteProduct(key, sku)),
      // Gone already is what was wanted.
      (answer) => (answer.kind === 'ok' ? done() : goneOr(answer)),
    );
  };

  const lookAgain = () =>
    run(
      () => asAdmin((key) => getProduct(key, sku)),
      (answer) => (answer.kind === 'ok' ? { name: 'not' } : goneOr(answer)),
    );

  const goneOr = (answer: Parameters<typeof notDone>[0]): Doing | null => {
    const next = notDone(answer);
    return next.name === 'trouble' && next.trouble.name === 'gone' ? done() : next;
  };

  return (
    <Question
      title={words.title(productName)}
      words={words}
      doing={doing}
      look="danger"
      onSend={send}
      onLookAgain={lookAgain}
      onClose={onClose}
    >
      <p>{words.lead}</p>
      <p className="text-sm text-muted">
        {totalPurchases === 0 ? words.noPurchases : words.purchases(totalPurchases.toLocaleString(locale))}
      </p>
      <div>
        <label htmlFor="confirm-sku" className="mb-1.5 block text-sm font-medium wrap-anywhere">
          {words.confirm(sku)}
        </label>
        <input
          id="confirm-sku"
          data-first
          value={typed}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          readOnly={doing.name === 'working'}
          aria-invalid={mismatch}
          aria-describedby="confirm-sku-fault"
          className="min-h-11 w-full rounded-xl border border-edge bg-canvas px-3.5 py-2 text-base aria-invalid:border-bad"
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setMismatch(false);
          }}
        />
        <p id="confirm-sku-fault" role="alert" className="text-sm font-medium text-bad not-empty:mt-1.5">
          {mismatch && words.mismatch(sku)}
        </p>
      </div>
    </Question>
  );
}
