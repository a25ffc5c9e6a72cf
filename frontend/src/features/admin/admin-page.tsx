import { useState, useSyncExternalStore } from 'react';
import type { ProductEditor } from './editor/product-editor';
import { Products } from './list/products';
import { adminSession } from './session/admin-session';
import { SignIn } from './session/sign-in';

/** The admin's page: the key first, then the products. */
export default function AdminPage() {
  const { key, expired } = useSyncExternalStore(adminSession.subscribe, adminSession.get);
  // Here and not beside the list, so that having to sign in again loses nothing that was typed.
  const [editors] = useState(() => new Map<string | null, ProductEditor>());
  return key === null ? <SignIn expired={expired} /> : <Products editors={editors} />;
}
