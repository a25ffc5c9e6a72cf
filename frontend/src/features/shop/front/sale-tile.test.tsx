import { act, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { holdTime, pass } from '../../../test/time';
import { sale } from '../../../test/wire-answers';
import { SaleTile } from './sale-tile';

test('a tile is rendered when its sale changes, and each second only its time', async () => {
  holdTime();
  vi.setSystemTime(Date.UTC(2026, 1, 15, 10));
  let renders = 0;
  const counted = (change = {}) =>
    Object.defineProperty(sale(change), 'productName', {
      get: () => {
        renders++;
        return 'Widget';
      },
    });
  const first = counted();
  const { rerender } = render(<SaleTile sale={first} offsetMs={0} stale={false} />);
  const atFirst = renders;
  expect(screen.getByText('Ends in 01:00:00')).toBeVisible();
  await act(() => pass(3000));
  rerender(<SaleTile sale={first} offsetMs={0} stale={false} />);
  expect(screen.getByText('Ends in 00:59:57')).toBeVisible();
  expect(renders).toBe(atFirst);
  rerender(<SaleTile sale={counted({ stock: 5 })} offsetMs={0} stale={false} />);
  expect(renders).toBeGreaterThan(atFirst);
});
