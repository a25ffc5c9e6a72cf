/**
 * The types of the wire that the page uses, by the names of the generated schema.
 *
 * Nothing else names a schema: a renamed one is a change of this file.
 */
import type { components } from './schema';

type Schemas = components['schemas'];

export type SaleStatus = Schemas['SaleStatus'];
export type SaleState = SaleStatus['state'];
export type EndReason = NonNullable<SaleStatus['endReason']>;
/** A purchase as the buyer's list carries it. */
export type Purchase = Schemas['BuyerPurchases']['purchases'][number];
export type ApiFailure = Pick<Schemas['ApiFailure'], 'message' | 'fields' | 'retryAfter' | 'purchase'> & {
  code: string;
};
export type Product = Schemas['Product'];
export type Acknowledgement = Product['acknowledge'];
export type NewProduct = Schemas['CreateProductBody'];
export type ProductChanges = Schemas['UpdateProductBody'];
