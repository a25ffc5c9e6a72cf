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

/** It stays in sight over a long list; its line goes with it, which a row's border would not. */
const HEAD =
  'sticky top-0 z-1 bg-surface px-3 py-3 text-xs font-semibold text-muted shadow-[inset_0_-1px_0_var(--color-line)]';
const CELL = 'px-3 py-2.5 align-middle wrap-anywhere';
/** Columns that a narrow table folds into others. */
const WIDE = 'max-lg:hidden';
const NARROW = 'mt-0.5 block text-xs/5 font-normal text-muted lg:hidden';

/** The products as a table, for screens that have the room. */
export function ProductTable({ products, onAct }: Props) {
  const { columns, list } = useAdminTexts().texts;
  return (
    <div className="overflow-x-clip rounded-3xl border border-line bg-surface">
      <table className="w-full table-fixed text-left text-sm">
        <caption className="sr-only">{list.caption}</caption>
        <thead>
          <tr>
            <th scope="col" className={`${HEAD} rounded-tl-3xl pl-5`}>
              {columns.product}
            </th>
            <th scope="col" className={`${HEAD} w-35`}>
              {columns.state}
            </th>
            <th scope="col" className={`${HEAD} w-36`}>
              {columns.stock}
            </th>
            <th scope="col" className={`${HEAD} ${WIDE} w-24 text-right`}>
              {columns.sold}
            </th>
            <th scope="col" className={`${HEAD} ${WIDE} w-28 text-right`}>
              {columns.price}
            </th>
            <th scope="col" className={`${HEAD} w-36`}>
              {columns.window}
            </th>
            <th scope="col" className={`${HEAD} w-42 rounded-tr-3xl pr-4 pointer-coarse:w-50`}>
              <span className="sr-only">{columns.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {products.map((product) => (
            <Row key={product.sku} product={product} onAct={onAct} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A stock that moves redraws its own row alone. */
const Row = memo(function Row({ product, onAct }: { product: Product; onAct: Props['onAct'] }) {
  return (
    <tr data-sku={product.sku} className="hover:bg-line/20">
      <th scope="row" className={`${CELL} pl-5 font-normal`}>
        <div className="flex items-center gap-3">
          <Thumb product={product} />
          <div className="min-w-0">
            <NameAndSku product={product} />
            <span className={NARROW}>
              <Price product={product} />
            </span>
          </div>
        </div>
      </th>
      <td className={CELL}>
        <SalePill product={product} />
      </td>
      <td className={CELL}>
        <StockLeft product={product} />
        <span className={NARROW}>
          <UnitsSold product={product} />
        </span>
      </td>
      <td className={`${CELL} ${WIDE} text-right`}>
        <UnitsSold product={product} bare />
      </td>
      <td className={`${CELL} ${WIDE} text-right`}>
        <Price product={product} />
      </td>
      <td className={CELL}>
        <SaleWindow product={product} />
      </td>
      <td className={`${CELL} pr-4`}>
        <ProductActions product={product} onAct={onAct} />
      </td>
    </tr>
  );
});
