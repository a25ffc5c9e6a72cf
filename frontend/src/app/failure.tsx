import { Component, type ReactNode } from 'react';
import { useShopTexts } from '../texts/use-shop-texts';

interface Props {
  children: ReactNode;
}

/** In place of a page that broke, or whose script did not arrive, a word and a way on: never a blank page. */
export class Failure extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? <FailedPage /> : this.props.children;
  }
}

function FailedPage() {
  const { page } = useShopTexts().texts;
  return (
    <div role="alert" className="mx-auto max-w-md py-14 text-center sm:py-20">
      <h1 className="text-2xl font-bold tracking-tight text-balance">{page.failed}</h1>
      <p className="mt-3 text-muted">{page.failedLead}</p>
      <button type="button" className="solid-button mt-6" onClick={() => location.reload()}>
        {page.reload}
      </button>
    </div>
  );
}
