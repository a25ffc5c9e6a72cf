import { render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { Failure } from './failure';

test('a page that breaks leaves a word and a way on', () => {
  // React tells the console of every error that a boundary catches.
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const Broken = () => {
    throw new Error('its script did not arrive');
  };
  render(
    <Failure>
      <Broken />
    </Failure>,
  );
  expect(screen.getByRole('alert')).toHaveTextContent('This page could not be loaded');
  expect(screen.getByRole('button', { name: 'Load again' })).toBeVisible();
});
