import { type RenderResult, render } from '@testing-library/react';
import { StrictMode } from 'react';
import { App } from '../app/app';

/** Opens the page at a path, as a browser does that loads it. */
export function openPage(path: string): RenderResult {
  history.replaceState(null, '', path);
  return render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
