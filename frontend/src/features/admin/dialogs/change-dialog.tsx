import { changeSale, type SaleChange } from '../../../api/change-sale';
import { getProduct } from '../../../api/get-product';
import type { Product } from '../../../api/wire';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Notice } from '../parts/notice';
import { asAdmin } from '../session/admin-session';
import { Question } from './question';
import { notDone, useDoing } from './use-doing';

interface Props {
  product: Product;
  change: SaleChange;
  onClose: () => void;
  onDone: (product: Product) => void;
}

/** Pauses, resumes or ends a sale, once its effect was read. */
export function ChangeDialog({ product, change, onClose, onDone }: Props) {
  const { texts } = useAdminTexts();
  const { doing, run } = useDoing();
  const words = texts[change];
  const { sku } = product;
  // The stream tells of an end before its own answer does: what we may have done ourselves is not too late.
  const perhapsOurs = doing.name === 'working' || (change === 'end' && doing.name === 'trouble');
  // A sale that ends by itself while the question stands leaves nothing to change.
  const over = doing.name === 'tooLate' || (product.state === 'ENDED' && !perhapsOurs);
  const before = product.state === 'UPCOMING';

  const send = () =>
    run(
      () => asAdmin((key) => changeSale(key, sku, change)),
      (answer) => {
        if (answer.kind !== 'ok') return notDone(answer);
        onDone(answer.data);
        return null;
      },
    );

  const lookAgain = () =>
    run(
      () => asAdmin((key) => getProduct(key, sku)),
      (answer) => {
        if (answer.kind !== 'ok') return notDone(answer);
        const { product: found } = answer.data;
        if (change !== 'end' && found.state === 'ENDED') return { name: 'tooLate' };
        if (!holds(change, found)) return { name: 'not' };
        onDone(found);
        return null;
      },
    );

  return (
    <Question
      title={words.title(product.productName)}
      words={words}
      doing={doing}
      look={change === 'end' ? 'danger' : 'primary'}
      careful={change === 'end'}
      closed={over}
      onSend={send}
      onLookAgain={lookAgain}
      onClose={onClose}
    >
      <p>{before ? words.before : words.lead}</p>
      {!before && <p className="text-sm text-muted">{words.note}</p>}
      {over && (
        <Notice tone="warn" icon="lock" spoken>
          {texts.tooLate}
        </Notice>
      )}
    </Question>
  );
}

/** Whether the product is as the change leaves it. */
function holds(change: SaleChange, { state, paused }: Product): boolean {
  switch (change) {
    case 'pause':
      return paused;
    case 'resume':
      return !paused;
    case 'end':
      return state === 'ENDED';
  }
}
