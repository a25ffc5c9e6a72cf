import { memo } from 'react';
import type { Product } from '../../../api/wire';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { type Action, ProductActions } from './product-actions';
import { NameAndSku, Price, SaleWindow, StockLeft, Thumb, UnitsSold } from './product-cells';
import { SalePill } from './sale-pill';

interface Props {
  products: readonly Product[];
  onAct: (action: Action, product: Product) => void;
}

/** The products one below the other, for narrow screens. */
export function ProductCards({ products, onAct }: Props) {
  const { list } = useAdminTexts().texts;
  return (
    <ul aria-label={list.caption} className="grid gap-4 sm:grid-cols-2">
      {products.map((product) => (
        <Card key={product.sku} product={product} onAct={onAct} />
      ))}
    </ul>
  );
}

const Card = memo(function Card({ product, onAct }: { product: Product; onAct: Props['onAct'] }) {
  return (
    <li
      data-sku={product.sku}
      className="flex flex-col overflow-hidden rounded-3xl border border-line bg-surface text-sm"
    >
      <div className="grid grow content-start gap-3.5 p-4">
        <div className="flex items-start gap-3">
          <Thumb product={product} />
          <h2 className="min-w-0 grow text-base/6">
            <NameAndSku product={product} />
          </h2>
        </div>
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <SalePill product={product} />
          <Price product={product} />
        </div>
        <StockLeft product={product} />
        <div className="flex justify-between gap-4">
          <SaleWindow product={product} />
          <span className="text-right">
            <UnitsSold product={product} />
          </span>
        </div>
      </div>
      <ProductActions product={product} worded onAct={onAct} />
    </li>
  );
});
