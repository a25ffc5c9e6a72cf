import type { SaleChange } from '../../../api/change-sale';
import type { Product } from '../../../api/wire';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import type { DeskView, ProductDesk } from '../desk/product-desk';
import { ChangeDialog } from '../dialogs/change-dialog';
import { DeleteDialog } from '../dialogs/delete-dialog';
import { ProductDialog } from '../editor/product-dialog';
import type { ProductEditor } from '../editor/product-editor';

/** The dialog that is open; `product` is as it was when it was opened, and null for a new one. */
export type Open =
  | { name: 'form'; editor: ProductEditor; product: Product | null }
  | { name: SaleChange | 'delete'; product: Product };

/** Whether two are the same dialog on the same product. */
export function isSame(one: Open, other: Open): boolean {
  if (one.name === 'form' && other.name === 'form') return one.editor === other.editor;
  return one.name === other.name && one.product?.sku === other.product?.sku;
}

interface Props {
  open: Open;
  view: DeskView;
  desk: ProductDesk;
  onClose: () => void;
  /** Something was done, and this sentence says what. */
  onDone: (sentence: string) => void;
}

/** The open dialog, over the product as it is now. */
export function ProductDialogs({ open, view, desk, onClose, onDone }: Props) {
  const { texts } = useAdminTexts();
  const now = view.products?.find(({ sku }) => sku === open.product?.sku);
  const changed = (words: (name: string) => string) => (product: Product) => {
    desk.put(product);
    onDone(words(product.productName));
  };

  if (open.name === 'form') {
    const words = open.editor.sku === null ? texts.done.created : texts.done.saved;
    return (
      <ProductDialog
        editor={open.editor}
        product={now ?? open.product}
        onClose={onClose}
        onSaved={changed(words)}
      />
    );
  }
  const product = now ?? open.product;
  if (open.name === 'delete') {
    const deleted = () => {
      desk.drop(product.sku);
      onDone(texts.delete.done(product.productName));
    };
    return <DeleteDialog product={product} onClose={onClose} onDone={deleted} />;
  }
  return (
    <ChangeDialog
      product={product}
      change={open.name}
      onClose={onClose}
      onDone={changed(texts[open.name].done)}
    />
  );
}
