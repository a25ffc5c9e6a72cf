import type { SaleEvent } from '../../../api/sale-events';
import type { Product } from '../../../api/wire';
import { isOlder } from '../../../live/fold-sales';

/** The product after an event of its sale; what is lower in `version` is older and changes nothing. */
export function foldEvent(product: Product, event: Exclude<SaleEvent, { type: 'deleted' }>): Product {
  const version = event.type === 'initial' ? event.sale.version : event.version;
  if (version < product.version) return product;
  if (event.type === 'stock-update') return withStock({ ...product, version }, event.stock);
  if (event.type === 'state-change') {
    const { state, paused, endReason } = event;
    return { ...product, version, state, paused, endReason };
  }
  const { serverTime: _, stock, ...sale } = event.sale;
  return withStock({ ...product, ...sale }, stock);
}

/**
 * The product after an answer that carries it whole; null for one that is not shown yet.
 *
 * Start and end pass without a new version, so at the same version a state never goes back. The answer to a
 * change does not say what is in the ledger, so the last word on that stays.
 */
export function foldAnswer(product: Product | null, answer: Product): Product {
  if (!product) return answer;
  // The sku was deleted and created again: its versions went on, its counts did not.
  if (product.createdAt !== answer.createdAt) return answer.version > product.version ? answer : product;
  const persisted = answer.persistedPurchases ?? product.persistedPurchases;
  const known = isOlder(answer, product) ? product : answer;
  return persisted === undefined ? known : { ...known, persistedPurchases: persisted };
}

/** Units sold and units left are the initial stock together, at every instant. */
function withStock(product: Product, stock: number): Product {
  return { ...product, currentStock: stock, totalPurchases: product.initialStock - stock };
}
